// The indexes of a segment: read when needed, made anew when they do not fit or the segment is small.
#include <fmt/format.h>

#include <algorithm>

#include "storage/segment.h"

namespace ottla {

namespace {

// Both files and the sums themselves.
Bytes index_sums(std::span<const std::byte> offsets, std::span<const std::byte> times) {
  Writer writer;
  writer.integer(crc32c(offsets));
  writer.integer(crc32c(times));
  writer.integer(crc32c(writer.flatten()));
  return writer.flatten();
}

}  // namespace

std::string Segment::sums_path() const {
  return fmt::format("{}/.ottla-{:020}.indexes", directory_, base_offset_.value);
}

Result<std::optional<BatchAt>> Segment::find(Offset offset) {
  if (auto loaded = load_indexes(); !loaded) {
    return std::unexpected(std::move(loaded.error()));
  }
  for (const bool is_rebuilt : {false, true}) {
    const OffsetEntry start = index_->offsets.floor(offset - base_offset_);
    bool entry_is_right = start.position == 0;
    std::optional<BatchAt> found;
    const auto walked = walk(start.position, [&](const BatchAt& batch) {
      entry_is_right = entry_is_right || batch.header.last_offset() - base_offset_ == start.relative_offset;
      if (!entry_is_right || batch.header.last_offset() < offset) {
        return entry_is_right;
      }
      found = batch;
      return false;
    });
    if (!walked) {
      return std::unexpected(walked.error());
    }
    if (entry_is_right ? !found && *walked < size_bytes_ : is_rebuilt) {
      return failure(ErrorCode::CORRUPT_MESSAGE, fmt::format("{}: no batch at position {}", log_path_, *walked));
    }
    if (entry_is_right) {
      return found;
    }
    if (auto rebuilt = rebuild_indexes(); !rebuilt) {
      return std::unexpected(std::move(rebuilt.error()));
    }
  }
  return std::nullopt;
}

Result<std::int64_t> Segment::position_before_time(std::int64_t timestamp_ms) {
  if (auto loaded = load_indexes(); !loaded) {
    return std::unexpected(std::move(loaded.error()));
  }
  const auto entry = index_->times.before(timestamp_ms);
  if (!entry) {
    return 0;
  }
  const auto batch = find(base_offset_ + entry->relative_offset);
  if (!batch) {
    return std::unexpected(batch.error());
  }
  return *batch ? (*batch)->position : 0;
}

Result<std::int64_t> Segment::max_timestamp_ms() {
  if (max_timestamp_ms_ == no_timestamp && size_bytes_ > 0) {
    if (auto loaded = load_indexes(); !loaded) {
      return std::unexpected(std::move(loaded.error()));
    }
    if (!index_->times.entries().empty()) {
      max_timestamp_ms_ = std::max(max_timestamp_ms_, index_->times.entries().back().timestamp_ms);
    }
  }
  return max_timestamp_ms_;
}

Result<std::int64_t> Segment::max_timestamp_below(Offset limit) {
  if (auto loaded = load_indexes(); !loaded) {
    return std::unexpected(std::move(loaded.error()));
  }
  std::int64_t greatest_ms = no_timestamp;
  std::int64_t position = 0;
  if (const auto entry = index_->times.below_offset(limit - base_offset_)) {
    const auto batch = find(base_offset_ + entry->relative_offset);
    if (!batch) {
      return std::unexpected(batch.error());
    }
    greatest_ms = entry->timestamp_ms;
    position = *batch ? (*batch)->position : size_bytes_;
  }
  const auto walked = walk(position, [&](const BatchAt& batch) {
    greatest_ms = batch.header.base_offset < limit ? std::max(greatest_ms, batch.header.max_timestamp_ms) : greatest_ms;
    return batch.header.base_offset < limit;
  });
  return walked ? Result<std::int64_t>(greatest_ms) : std::unexpected(walked.error());
}

Result<void> Segment::rebuild_indexes() {
  const auto rebuilt = rebuild(0, [](const BatchAt&) { return true; });
  if (!rebuilt) {
    index_.reset();  // a part of it must not pass for the whole
    return std::unexpected(rebuilt.error());
  }
  return {};
}

Result<void> Segment::load_indexes() {
  if (index_) {
    return {};
  }
  // Up to there the log itself tells as much, in one file instead of four, if it is sound.
  if (size_bytes_ <= index_interval_bytes_) {
    const auto end = rebuild(0, [this](const BatchAt& batch) { return read_batch(batch).has_value(); });
    if (end && *end == size_bytes_) {
      return {};
    }
    index_.reset();
  }
  auto indexes = read_indexes();
  if (!indexes) {
    return rebuild_indexes();
  }
  index_ = std::move(indexes);
  // What account() has seen since the segment was opened is only its end.
  if (const auto& times = index_->times.entries(); !times.empty() && times.back().timestamp_ms > max_timestamp_ms_) {
    max_timestamp_ms_ = times.back().timestamp_ms;
    last_offset_of_max_ = base_offset_ + times.back().relative_offset;
  }
  if (first_timestamp_ms_ != no_timestamp) {
    return {};
  }
  const auto walked = walk(0, [&](const BatchAt& batch) {
    first_timestamp_ms_ = batch.header.max_timestamp_ms;
    return false;
  });
  return walked ? Result<void>{} : std::unexpected(walked.error());
}

std::optional<Segment::Indexes> Segment::read_indexes() {
  const auto offsets = read_whole_file(environment_.disk, path("index"));
  const auto times = read_whole_file(environment_.disk, path("timeindex"));
  if (!offsets || !times) {
    return std::nullopt;
  }
  if (environment_.disk.exists(sums_path())) {
    const auto sums = read_whole_file(environment_.disk, sums_path());
    if (!sums || *sums != index_sums(*offsets, *times)) {
      return std::nullopt;
    }
  }
  auto offset_index = OffsetIndex::decode(*offsets, size_bytes_);
  auto time_index = TimeIndex::decode(*times);
  if (!offset_index || !time_index) {
    return std::nullopt;
  }
  Indexes indexes{std::move(*offset_index), std::move(*time_index)};
  return fits(indexes) ? std::optional(std::move(indexes)) : std::nullopt;
}

// The last entries of both are those of a log of this length.
bool Segment::fits(const Indexes& indexes) {
  const auto& entries = indexes.offsets.entries();
  std::int64_t greatest_ms = no_timestamp;
  bool right = entries.empty();
  Offset last;
  const auto walked = walk(entries.empty() ? 0 : entries.back().position, [&](const BatchAt& batch) {
    right = right || batch.header.last_offset() - base_offset_ == entries.back().relative_offset;
    greatest_ms = std::max(greatest_ms, batch.header.max_timestamp_ms);
    last = batch.header.last_offset();
    return right;
  });
  if (!walked || !right || *walked != size_bytes_ || indexes.times.entries().empty()) {
    return false;
  }
  const TimeEntry& time = indexes.times.entries().back();
  return time.timestamp_ms >= greatest_ms && time.relative_offset <= last - base_offset_;
}

Result<void> Segment::write_indexes() {
  if (auto loaded = load_indexes(); !loaded) {
    return loaded;
  }
  if (max_timestamp_ms_ != no_timestamp) {  // Kafka's last entry: the greatest timestamp of the whole segment
    index_->times.add({max_timestamp_ms_, static_cast<std::int32_t>(last_offset_of_max_ - base_offset_)});
  }
  const Bytes offsets = index_->offsets.encode();
  const Bytes times = index_->times.encode();
  for (const auto& [name, content] : {std::pair{sums_path(), index_sums(offsets, times)},
                                      std::pair{path("index"), offsets}, std::pair{path("timeindex"), times}}) {
    if (auto written = write_whole_file(environment_.disk, name, content); !written) {
      return written;
    }
  }
  return {};
}

Result<void> Segment::remove_indexes() {
  for (const std::string& name : {path("index"), path("timeindex"), path("txnindex"), sums_path()}) {
    if (environment_.disk.exists(name)) {
      if (auto removed = environment_.disk.remove(name); !removed) {
        return removed;
      }
    }
  }
  return {};
}

}  // namespace ottla
