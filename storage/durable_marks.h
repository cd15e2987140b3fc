// `.ottla-durable`: how far each log of the data directory was known to be durable. It tells a torn tail, which
// recovery cuts, from rot, which it must not: a fault below the mark was acknowledged once.
//
// A journal of entries of 48 bytes, big-endian:
//   topic id 16 | partition 4 | durable end offset 8 | leader epoch 4 and CRC 4 of the batch that ends there |
//   entries known to be synced when this one was written 8 | CRC-32C of the 44 bytes before and the entry's number 4
//
// Entries follow each group commit and are synced with a later one, so the marks lag; they are never ahead. A log that
// is about to become shorter lowers its mark first, durably. The file is rewritten when most of it is out of date.
//
// Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "protocol/ids.h"
#include "protocol/primitives.h"
#include "storage/file.h"

namespace ottla {

struct PartitionKey {
  TopicId topic_id;
  std::int32_t index = 0;
  friend auto operator<=>(const PartitionKey&, const PartitionKey&) = default;
};

struct DurableMark {
  Offset durable_end_offset;
  LeaderEpoch epoch;                 // of the batch that ends there, and its CRC
  std::uint32_t last_batch_crc = 0;  // 0: not known
  friend bool operator==(const DurableMark&, const DurableMark&) = default;
};

class DurableMarks {
 public:
  // Absent: no marks. Damaged: no marks and a warning; recovery then knows only the recovery points. `discard`: the
  // directory was used by another program since.
  static Result<std::unique_ptr<DurableMarks>> open(Disk& disk, const std::string& directory, bool discard = false);
  // Only reads: find() tells what the file says, no other call is allowed.
  static Result<std::unique_ptr<DurableMarks>> look(Disk& disk, const std::string& directory);
  DurableMarks(const DurableMarks&) = delete;
  DurableMarks& operator=(const DurableMarks&) = delete;

  [[nodiscard]] const std::string& warning() const { return warning_; }
  [[nodiscard]] std::optional<DurableMark> find(const PartitionKey& key) const;

  // Remembers what has been synced; write() puts all that was noted into the journal, in one write.
  void note(const PartitionKey& key, const DurableMark& mark);
  Result<void> write();
  // Every entry that was written is durable when it returns.
  Result<void> sync();
  // True when so many entries are unsynced that the next group commit should take the journal along.
  [[nodiscard]] bool wants_sync() const;
  // Brackets a sync of the whole file system: what was written before the first call is durable at the second.
  void sync_begins();
  void sync_is_done();

  // Durable when they return; whatever was noted is void. A mark of 0 is one, too: without any, the recovery point
  // would count. An entry of -1 in the journal forgets the partition.
  Result<void> lower(const PartitionKey& key, const DurableMark& mark);
  Result<void> forget(const PartitionKey& key);

  static constexpr std::size_t entry_bytes = 48;

 private:
  DurableMarks(Disk& disk, const std::string& directory);
  void read(std::span<const std::byte> content);
  Result<void> rewrite();
  Result<void> sync_entries();
  Result<void> append(std::span<const std::pair<PartitionKey, DurableMark>> entries);
  void remember(const PartitionKey& key, const DurableMark& mark);

  Disk& disk_;
  const std::string path_;
  std::string warning_;
  mutable std::mutex mutex_;
  std::shared_ptr<File> file_;
  std::map<PartitionKey, DurableMark> marks_;
  std::map<PartitionKey, DurableMark> noted_;
  std::uint64_t written_ = 0;  // entries in the file
  std::uint64_t syncing_ = 0;
  std::uint64_t synced_ = 0;
  // What a failed sync could not write is gone, and the next one would say that all is well.
  std::optional<Error> failed_sync_;
};

}  // namespace ottla
