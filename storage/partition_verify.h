// `log verify` of one partition: every batch of every segment, and what stands beside them.
#pragma once

#include <optional>
#include <string>

#include "storage/clean_shutdown.h"
#include "storage/file.h"
#include "storage/finding.h"

namespace ottla {

// What the log directory says about a log.
struct KnownOfLog {
  bool is_clean = false;        // every log was closed: nothing may be torn
  std::optional<CleanEnd> end;  // ... and this one ended exactly here
  Offset durable_end;           // what is below was durable once
  std::optional<Offset> start;  // log-start-offset-checkpoint
  bool may_have_gaps = true;    // was compacted, or it is not known; .ottla-no-gaps in the directory wins
};

struct VerifyCounts {
  std::int64_t partitions = 0;
  std::int64_t segments = 0;
  std::int64_t batches = 0;
  std::int64_t records = 0;
  std::int64_t damaged_places = 0;
};

// Only reads. Error: the disk's.
Result<void> verify_partition(Disk& disk, const std::string& partition_directory, const KnownOfLog& known,
                              VerifyCounts& counts, const Report& report);

}  // namespace ottla
