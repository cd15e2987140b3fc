// What a tool was pointed at: a whole log directory or one partition directory, Ottla's or Kafka's.
#pragma once

#include <string>
#include <vector>

#include "protocol/ids.h"
#include "storage/file.h"

namespace ottla {

struct LogPlaces {
  std::string root;                     // the log directory; of one partition, the directory above
  bool is_whole = true;                 // not one partition alone
  std::vector<std::string> partitions;  // names in it
  std::vector<std::string> left_alone;  // directories on their way out, or not yet in use: -delete, -stray, -future
};

// Error: there is no log.
Result<LogPlaces> find_logs(Disk& disk, const std::string& path);

// Base offsets of the segments in a partition directory, in order.
Result<std::vector<Offset>> find_segments(Disk& disk, const std::string& partition_directory);

// "<directory>/<base offset, 20 digits>.<suffix>"
std::string segment_file(const std::string& partition_directory, Offset base_offset, std::string_view suffix);

}  // namespace ottla
