// What a clean stop leaves behind: Kafka's `.kafka_cleanshutdown`, and beside it `.ottla-clean-shutdown`, which says
// where each log ended, so that a log that came back shorter is noticed.
//
//   1                                 version
//   2                                 number of lines
//   orders-0 1042 8f3a02c1            directory, log end offset, CRC-32C of the last batch (hexadecimal)
//   orders-1 0 00000000
//   crc32c 5d1e77aa                   of everything above
//
// Source of the rules: KAFKA-10471 (a crash while loading must not pass for a clean stop).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "protocol/error_code.h"
#include "protocol/ids.h"
#include "storage/file.h"

namespace ottla {

struct CleanEnd {
  Offset log_end_offset;
  std::uint32_t last_batch_crc = 0;  // 0: the log is empty
  friend bool operator==(const CleanEnd&, const CleanEnd&) = default;
};

struct CleanShutdown {
  bool was_clean = false;
  bool was_kafka = false;                // the marker is not ours: Kafka ran here since
  std::map<std::string, CleanEnd> ends;  // empty in a directory that Kafka stopped
  std::string warning;                   // for the log; empty: nothing to say
};

// Only reads. Our own marker without a sound list beside it is no clean stop; Kafka's marker alone is one.
CleanShutdown read_clean_shutdown(Disk& disk, const std::string& directory);
// Removes what read_clean_shutdown reads; durable when it returns. Comes before any other write after a start.
Result<void> remove_clean_shutdown(Disk& disk, const std::string& directory);
// The last act of a clean stop: the list, then the marker, each durable before the next step.
Result<void> write_clean_shutdown(Disk& disk, const std::string& directory,
                                  const std::map<std::string, CleanEnd>& ends);

std::string clean_ends_text(const std::map<std::string, CleanEnd>& ends);
Result<std::map<std::string, CleanEnd>> parse_clean_ends(std::string_view text);

}  // namespace ottla
