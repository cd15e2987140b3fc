// `ottla log dump`: the batches of a log, and their records, as lines of text. Ottla's directory or Kafka's, in use or
// not; one partition or all of a log directory.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "storage/file.h"

namespace ottla {

struct DumpCounts {
  std::int64_t batches = 0;
  std::int64_t records = 0;         // by the headers
  std::int64_t damaged_places = 0;  // each has a line that says what is there instead of a batch
};

// Only reads. Lines come without their end. Keys, values and headers are quoted; bytes that are no printable ASCII are
// \xNN. Error: there is no log, or the disk's.
Result<DumpCounts> dump_logs(Disk& disk, const std::string& path, bool with_records,
                             const std::function<void(std::string_view)>& line);

}  // namespace ottla
