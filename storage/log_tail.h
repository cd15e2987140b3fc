// What a log that Kafka wrote has used up: leader epochs and producer ids, which must not be given out again.
#pragma once

#include <string>

#include "protocol/ids.h"
#include "protocol/record_batch.h"
#include "storage/file.h"

namespace ottla {

struct LogTail {
  LeaderEpoch latest_epoch;
  std::int64_t greatest_producer_id = no_producer_id;
};

// Only reads: the epoch checkpoint, the producer snapshots, and the batches of the segments that the newest snapshot
// does not cover. Error: the disk's.
Result<LogTail> read_log_tail(Disk& disk, const std::string& partition_directory);

}  // namespace ottla
