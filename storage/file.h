// The only door to the disk. posix_file.cc is the real one; fault_file.h loses whatever was not synced.
//
// Paths are plain strings. Every error is KAFKA_STORAGE_ERROR with a message that names the path, the operation and the
// system's reason.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/error_code.h"

namespace ottla {

// An open file. read_at, write_at and sync may be called from several threads at once.
class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;

  // Reads up to buffer.size() bytes; fewer only at the end of the file.
  virtual Result<std::size_t> read_at(std::span<std::byte> buffer, std::int64_t position) const = 0;
  // Writes all parts, one after the other, in as few system calls as it takes; short writes and EINTR are continued.
  virtual Result<void> write_at(std::span<const std::span<const std::byte>> parts, std::int64_t position) = 0;
  virtual Result<void> sync_data() = 0;  // fdatasync: the bytes and the size needed to read them back
  virtual Result<void> sync() = 0;       // fsync
  virtual Result<void> truncate(std::int64_t size) = 0;
  [[nodiscard]] virtual Result<std::int64_t> size() const = 0;
  // For calls that read the file without us (sendfile). Nothing: it may be read by read_at only.
  [[nodiscard]] virtual std::optional<int> descriptor() const { return std::nullopt; }
  // What the system holds of the file in memory and has written is dropped: the next read is one of the disk. After a
  // sync that failed in an earlier run, memory may show bytes that the disk does not have. Only a hint.
  virtual void forget_cached() = 0;
};

enum class OpenMode : std::uint8_t { read, write_existing, create_new, create_or_open };

class Disk {
 public:
  Disk() = default;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  virtual ~Disk() = default;

  virtual Result<std::shared_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Result<void> make_directories(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;  // names, sorted
  [[nodiscard]] virtual bool exists(const std::string& path) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;            // a file
  virtual Result<void> remove_directory(const std::string& path) = 0;  // with all it holds; absent is fine
  // Held until the last copy is gone; KAFKA_STORAGE_ERROR if another process (or Disk) holds it.
  virtual Result<std::shared_ptr<void>> lock(const std::string& path) = 0;
  virtual Result<void> sync_directory(const std::string& path) = 0;  // entries made, renamed or removed in it
  // Everything written to the file system that holds `path`: one call for many files. Linux 5.8 and later tell errors.
  virtual Result<void> sync_all(const std::string& path) = 0;
  virtual Result<std::int64_t> free_bytes(const std::string& path) = 0;  // as we may use it

  // A sync of anything has failed: what was written may be on neither side, and a second sync would not tell.
  [[nodiscard]] bool has_failed_sync() const { return has_failed_sync_; }

 protected:
  std::atomic<bool> has_failed_sync_ = false;
};

// The real disk.
std::unique_ptr<Disk> make_posix_disk();

// Whole-file helpers over the seam.
Result<std::vector<std::byte>> read_whole_file(Disk& disk, const std::string& path);
// Not synced: for content that is checked when it is read.
Result<void> write_whole_file(Disk& disk, const std::string& path, std::span<const std::byte> content);
// tmp + write + fsync + rename + directory fsync: the old or the new content, never a mixture.
Result<void> replace_file(Disk& disk, const std::string& path, std::span<const std::byte> content);

}  // namespace ottla
