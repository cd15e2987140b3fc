// A disk in memory that keeps its promises and no more: what was not synced may be lost, kept, or torn at a power cut,
// and calls can be made to fail. Deterministic by seed.
//
// What a power cut leaves (after_power_cut): of each file, everything up to its last sync, and of what was written
// since any subset of its blocks (4 KiB, some torn at 512 bytes), with an end anywhere between the synced and the
// present one; blocks that did not make it hold what was there before, zeros, or old bytes of a recycled block. Of each
// directory, the entries of its last sync, and any subset of the changes since, in order; a rename is whole or nothing.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>

#include "protocol/primitives.h"
#include "storage/file.h"

namespace ottla {

// What a failed sync leaves of the pages it should have written (ATC'20: ext4 and XFS keep them and call them clean).
enum class FailedSync : std::uint8_t { kept_dirty, kept_clean, dropped, mixed };

class FaultDisk : public Disk {
 public:
  struct Node;  // a file or a directory

  explicit FaultDisk(std::uint64_t seed = 1);
  ~FaultDisk() override;

  // --- What shall go wrong.
  int changes = 0;                                   // calls that change or sync the disk, so far
  int stop_after = std::numeric_limits<int>::max();  // changes that still succeed
  int fail_write_after = -1;                         // that many writes succeed, one fails half done; -1: none
  int fail_sync_after = -1;                          // that many syncs succeed, one fails; -1: none
  FailedSync failed_sync = FailedSync::kept_dirty;   // ... and leaves this
  std::int64_t capacity_bytes = std::numeric_limits<std::int64_t>::max();  // a write beyond it fails as on a full disk
  int max_open_files = std::numeric_limits<int>::max();
  std::string unreadable_path;                               // reads of files whose path contains it fail
  std::function<void(std::string_view what)> before_change;  // called before each change, without the lock

  // --- What it holds, for tests.
  [[nodiscard]] std::unique_ptr<FaultDisk> after_power_cut(std::uint64_t seed) const;
  [[nodiscard]] std::unique_ptr<FaultDisk> after_kill() const;  // the process is gone, all that was written is there
  void flip_bit(const std::string& path, std::int64_t position, unsigned bit = 0);  // on disk and in memory
  [[nodiscard]] std::string describe() const;  // every path with size and CRC: two equal texts are two equal disks
  [[nodiscard]] int open_files() const { return open_files_; }
  [[nodiscard]] int syncs() const { return syncs_; }
  [[nodiscard]] bool is_locked(const std::string& path) const;

  Result<std::shared_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<void> make_directories(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  [[nodiscard]] bool exists(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> remove_directory(const std::string& path) override;
  Result<std::shared_ptr<void>> lock(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<void> sync_all(const std::string& path) override;
  Result<std::int64_t> free_bytes(const std::string& path) override;

 private:
  friend class FaultFile;
  using NodePtr = std::shared_ptr<Node>;
  // Counts a change; an error if the disk has stopped.
  Result<void> change(std::string_view what);
  // True if the sync that is due now shall fail.
  bool sync_fails();
  Result<void> sync_file(Node& file, const std::string& path);
  [[nodiscard]] NodePtr find(const std::string& path) const;
  Result<NodePtr> parent_of(const std::string& path, std::string& name) const;

  mutable std::recursive_mutex mutex_;
  mutable std::mt19937_64 random_;
  NodePtr root_;
  std::int64_t used_bytes_ = 0;
  int open_files_ = 0;
  int syncs_ = 0;
  std::set<std::string> locked_;
};

}  // namespace ottla
