// What FaultDisk is made of: files and directories, each with what a process sees now and what the disk would keep.
#pragma once

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "protocol/primitives.h"
#include "storage/fault_file.h"

namespace ottla {

inline constexpr std::size_t fault_sector_bytes = 512;
inline constexpr std::size_t fault_block_bytes = 4096;

struct FaultDisk::Node {
  using Entries = std::map<std::string, std::shared_ptr<Node>>;
  // A name made (replacing what had it), renamed, or removed.
  struct EntryChange {
    std::string removed;
    std::string added;
    std::shared_ptr<Node> node;
  };

  bool is_directory = false;
  // A file.
  Bytes live;
  Bytes durable;
  std::set<std::size_t> dirty_sectors;  // of `live`, not yet in `durable`
  // A directory.
  Entries entries;
  Entries durable_entries;
  std::vector<EntryChange> unsynced;

  void write(std::span<const std::byte> bytes, std::int64_t position);
  void resize(std::int64_t size);
  void sync();
  void fail_to_sync(FailedSync how, std::mt19937_64& random);
  void forget_cached();
  void apply(EntryChange change);
  void sync_entries();

  // The tree below as it is now, or as a power cut leaves it; all of it durable.
  [[nodiscard]] std::shared_ptr<Node> copy() const;
  [[nodiscard]] std::shared_ptr<Node> surviving(std::mt19937_64& random) const;
  [[nodiscard]] std::int64_t bytes_below() const;

 private:
  [[nodiscard]] Bytes surviving_bytes(std::mt19937_64& random) const;
  [[nodiscard]] Entries surviving_entries(std::mt19937_64& random) const;
};

// True once, when `calls_left` of them have passed; negative: never.
inline bool is_due(int& calls_left) {
  if (calls_left >= 0) {
    --calls_left;
    return calls_left < 0;
  }
  return false;
}

}  // namespace ottla
