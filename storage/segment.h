// One segment of a log: <base offset, 20 digits>.log and its two indexes. Its file is opened when first needed, its
// indexes are read when first needed and rebuilt by walking the batches if they are missing or do not fit.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "storage/index.h"
#include "storage/log.h"

namespace ottla {

// A batch found in a segment.
struct BatchAt {
  BatchHeader header;
  std::int64_t position = 0;
};

class Segment {
 public:
  Segment(Disk& disk, std::string directory, Offset base_offset, std::int64_t size_bytes,
          std::int64_t index_interval_bytes);

  static Result<std::unique_ptr<Segment>> create(Disk& disk, std::string directory, Offset base_offset,
                                                 std::int64_t index_interval_bytes);

  [[nodiscard]] Offset base_offset() const { return base_offset_; }
  [[nodiscard]] std::int64_t size_bytes() const { return size_bytes_; }
  [[nodiscard]] std::int64_t first_timestamp_ms() const { return first_timestamp_ms_; }
  [[nodiscard]] std::size_t index_bytes() const { return index_ ? index_->offsets.entries().size() * 8 : 0; }
  Result<std::shared_ptr<File>> file();
  [[nodiscard]] std::string path(const char* suffix) const;

  // Writes whole batches, whose headers are final, at the end. On an error the file is as long as before, or the error
  // says that it could not be cut back.
  Result<void> append(std::span<const std::span<const std::byte>> batches);
  // Accounts for a batch that stands at `position` already: size, indexes, timestamps.
  void account(const BatchHeader& header, std::int64_t position, Offset offset_of_max_timestamp);

  // The batch that holds `offset`, or the first one behind it (a gap); nothing at or beyond the end.
  Result<std::optional<BatchAt>> find(Offset offset);
  // Calls `visit` for each batch header from `position` on; it says whether to go on. Stops at the end, or before bytes
  // that cannot be a batch. Gives the position where it stopped.
  Result<std::int64_t> walk(std::int64_t position, const std::function<bool(const BatchAt&)>& visit);
  Result<Bytes> read_batch(const BatchAt& batch);

  // Records before the first one at or after `timestamp_ms` may be skipped up to this position.
  Result<std::int64_t> position_before_time(std::int64_t timestamp_ms);

  Result<void> truncate(std::int64_t size_bytes, Offset end);
  // Makes the indexes match the batches from `from` on (recovery); `check_crc` stops before the first broken batch.
  Result<std::int64_t> rebuild(std::int64_t from, const std::function<bool(const BatchAt&)>& accept);
  Result<void> write_indexes();

 private:
  struct Indexes {
    OffsetIndex offsets;
    TimeIndex times;
  };
  Result<void> load_indexes();
  [[nodiscard]] std::optional<Indexes> read_indexes();
  [[nodiscard]] bool fits(const Indexes& indexes);

  Disk& disk_;
  const std::string directory_;
  const Offset base_offset_;
  const std::int64_t index_interval_bytes_;
  std::int64_t size_bytes_;
  std::shared_ptr<File> file_;
  std::optional<Indexes> index_;
  std::int64_t bytes_since_index_entry_ = 0;
  std::int64_t first_timestamp_ms_ = no_timestamp;
  std::int64_t max_timestamp_ms_ = no_timestamp;
  Offset offset_of_max_timestamp_;
};

}  // namespace ottla
