// One segment of a log: <base offset, 20 digits>.log and its two indexes. Its file is opened when needed, its indexes
// are read when needed, and rebuilt by walking the batches if they are missing or do not fit.
//
// Beside Kafka's index files stands one of ours, .ottla-<base offset>.indexes: the CRC-32C of both and of itself. A
// directory that Kafka wrote has none; there the entries must be in order and the last one right, and every entry is
// checked against its batch when it is used.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "storage/index.h"
#include "storage/log.h"
#include "storage/open_files.h"
#include "storage/verified_range.h"

namespace ottla {

// A batch found in a segment.
struct BatchAt {
  BatchHeader header;
  std::int64_t position = 0;
  [[nodiscard]] std::int64_t end() const { return position + header.size_bytes(); }
};

class Segment;
// Others take their place: what was made in the directory is there, durably, before their files go, durably.
Result<void> remove_replaced(Disk& disk, const std::string& directory,
                             const std::vector<std::unique_ptr<Segment>>& segments);

class Segment {
 public:
  Segment(const LogEnvironment& environment, std::string directory, Offset base_offset, std::int64_t size_bytes,
          std::int64_t index_interval_bytes);
  // An empty file, with no index left of an earlier one of that name.
  static Result<std::unique_ptr<Segment>> create(const LogEnvironment& environment, std::string directory,
                                                 Offset base_offset, std::int64_t index_interval_bytes);

  [[nodiscard]] Offset base_offset() const { return base_offset_; }
  [[nodiscard]] std::int64_t size_bytes() const { return size_bytes_; }
  [[nodiscard]] std::int64_t first_timestamp_ms() const { return first_timestamp_ms_; }
  [[nodiscard]] std::size_t index_bytes() const { return index_ ? index_->offsets.entries().size() * 8 : 0; }
  [[nodiscard]] const std::shared_ptr<VerifiedRange>& verified() const { return verified_; }
  [[nodiscard]] std::string path(const char* suffix) const;
  Result<std::shared_ptr<File>> file() { return environment_.files.open(log_path_); }

  // Writes whole batches, whose headers are final, at the end. On an error the file is as long as before, or
  // `cannot_restore` tells that it could not be cut back.
  Result<void> append(std::span<const std::span<const std::byte>> batches, bool& cannot_restore);
  // Accounts for a batch that stands at `position` already: size, indexes, timestamps.
  void account(const BatchHeader& header, std::int64_t position);

  // The batch that holds `offset`, or the first one behind it (a gap); nothing at or beyond the end.
  Result<std::optional<BatchAt>> find(Offset offset);
  // Calls `visit` for each batch header from `position` on; it says whether to go on. Stops at the end, or before bytes
  // that cannot be a batch. Gives the position where it stopped.
  Result<std::int64_t> walk(std::int64_t position, const std::function<bool(const BatchAt&)>& visit);
  // A damaged place, whose bytes say nothing: walks pass over it.
  void skip(std::int64_t begin, std::int64_t end) { skipped_.emplace_back(begin, end); }
  // Error CORRUPT_MESSAGE: not all there, or its CRC is wrong.
  Result<Bytes> read_batch(const BatchAt& batch);
  // The last batch, found through the index; nothing if the segment is empty or ends in something else.
  Result<std::optional<BatchAt>> last_batch();

  // Records before the first one at or after `timestamp_ms` may be skipped up to this position.
  Result<std::int64_t> position_before_time(std::int64_t timestamp_ms);
  // The greatest timestamp in it, or no_timestamp.
  Result<std::int64_t> max_timestamp_ms();
  // The greatest timestamp of the batches below `limit`, or no_timestamp. Looks at the index and what it leaves open.
  Result<std::int64_t> max_timestamp_below(Offset limit);

  Result<void> truncate(std::int64_t size_bytes);
  // Makes the indexes anew (from 0) or goes on with that, as long as `accept` takes the batches. Gives the position
  // where it ended.
  Result<std::int64_t> rebuild(std::int64_t from, const std::function<bool(const BatchAt&)>& accept);
  // Not synced: a crash in between leaves files that are not trusted.
  Result<void> write_indexes();
  // Gives the memory of the indexes back; the next use reads the files. REQUIRES: a closed segment.
  void drop_indexes() { index_.reset(); }
  // All its files; the log first.
  Result<void> remove_files();
  Result<void> remove_indexes();

 private:
  struct Indexes {
    OffsetIndex offsets;
    TimeIndex times;
  };
  Result<void> load_indexes();
  Result<void> rebuild_indexes();
  [[nodiscard]] std::optional<Indexes> read_indexes();
  [[nodiscard]] bool fits(const Indexes& indexes);
  [[nodiscard]] std::string sums_path() const;

  const LogEnvironment environment_;
  const std::string directory_;
  const Offset base_offset_;
  const std::string log_path_;
  const std::int64_t index_interval_bytes_;
  std::int64_t size_bytes_;
  std::shared_ptr<VerifiedRange> verified_ = std::make_shared<VerifiedRange>();
  std::vector<std::pair<std::int64_t, std::int64_t>> skipped_;
  std::optional<Indexes> index_;
  std::int64_t bytes_since_index_entry_ = 0;
  std::int64_t first_timestamp_ms_ = no_timestamp;
  std::int64_t max_timestamp_ms_ = no_timestamp;
  Offset last_offset_of_max_;  // of the first batch that has it
};

}  // namespace ottla
