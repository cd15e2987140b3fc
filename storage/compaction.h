// Compaction: of each key the last record stays (cleanup.policy=compact). Segments that are closed are read, what is
// still wanted goes into new files, and those take the place of the old ones in steps that a crash may cut anywhere.
//
//   <base>.log.cleaned     being written; a start removes it
//   <base>.log.swap        complete and durable; a start finishes the swap: the segments it replaces go, then it
//   becomes <base>.log             ... this, by a rename
//
// Offsets stay as they are, so offsets are missing afterwards. A tombstone (null value) stays for delete.retention.ms
// from the first time it is cleaned; the batch then carries that moment as its base timestamp (attribute bit 6,
// KIP-534). Batches of transactions and control batches stay whole. An emptied batch stays, without records, if it is
// the last one of its producer (KIP-360: its sequence must be known).
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/record.h"
#include "storage/log.h"

namespace ottla {

struct CompactionPlan {
  struct Source {
    Offset base_offset;
    std::int64_t size_bytes = 0;
    std::shared_ptr<File> file;
  };
  std::string directory;
  std::uint64_t generation = 0;  // of the log; a truncation in between voids the plan
  std::vector<Source> sources;   // the first segments of the log, all closed
  Offset first_dirty;            // below it, keys are unique already
  Offset end;                    // of the last source
  std::set<Offset> last_of_producers;
  std::int64_t now_ms = 0;
};

// New segments, each in place of some of the sources.
struct Compacted {
  struct Replacement {
    Offset base_offset;
    std::int64_t size_bytes = 0;
    std::size_t sources = 0;
  };
  std::uint64_t generation = 0;
  std::vector<Replacement> replacements;
  Offset cleaned_to;  // the next first_dirty
};

// Removes .cleaned files that will not be installed: they take room.
void discard_compaction(Disk& disk, const std::string& directory);

// Writes and syncs the .cleaned files. Blocking, without the log's lock. Keys take at most `key_map_max_bytes`; what
// does not fit is left for the next time. `goes_on` is called before each batch; false ends it with an error.
using GoesOn = std::function<bool()>;
Result<Compacted> compact(Disk& disk, const std::string& directory, const LogConfig& config, const CompactionPlan& plan,
                          std::size_t key_map_max_bytes, const GoesOn& goes_on);

// One batch with only the records that `keep` wants; nothing if none is left and it may go. `now_ms` and
// `delete_retention_ms` decide about tombstones.
struct BatchCleaning {
  std::function<bool(const RecordView&, Offset)> keep;
  std::int64_t now_ms = 0;
  std::int64_t delete_retention_ms = 0;
  bool keep_empty = false;
};
Result<std::optional<Bytes>> clean_batch(std::span<const std::byte> batch, const BatchCleaning& cleaning);

}  // namespace ottla
