// Do the two indexes of a segment agree with its batches? They are read first and compared as the batches go by: a
// running broker makes the log longer than them, never shorter.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/file.h"
#include "storage/finding.h"
#include "storage/index.h"
#include "storage/segment_reader.h"

namespace ottla {

class IndexCheck {
 public:
  // `is_closed`: another segment follows. The indexes of the last one may be missing, may lag, and Kafka makes them
  // larger than what they hold, with zeros behind, until it rolls or stops.
  IndexCheck(Disk& disk, const std::string& partition_directory, Offset base_offset, bool is_closed, Report report);

  void see(const StoredBatch& batch);
  // A damaged place in the log, up to an offset: entries that point there say nothing.
  void skip(std::int64_t begin, std::int64_t end, Offset to);
  void finish();

 private:
  std::optional<Bytes> read(Disk& disk, const std::string& path, std::size_t entry_bytes);
  void see_offset(const StoredBatch& batch);
  void see_time(const StoredBatch& batch);
  void wrong_offset(const std::string& what);
  void wrong_time(const std::string& what);

  const Offset base_offset_;
  const bool is_closed_;
  const Report report_;
  const std::string offsets_path_;
  const std::string times_path_;
  std::optional<std::int64_t> time_bytes_;
  std::vector<OffsetEntry> offsets_;
  std::vector<TimeEntry> times_;
  std::size_t next_offset_ = 0;
  std::size_t next_time_ = 0;
  std::int64_t greatest_ms_ = no_timestamp;
  bool saw_all_ = true;
};

}  // namespace ottla
