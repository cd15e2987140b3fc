// Reading a log: by offset and by time.
#include <fmt/format.h>

#include <algorithm>

#include "protocol/record.h"
#include "storage/leader_epochs.h"
#include "storage/log.h"
#include "storage/producer_state.h"
#include "storage/segment.h"

namespace ottla {

std::size_t Log::segment_of(Offset offset) const {
  const auto above =
      std::ranges::upper_bound(segments_, offset, {}, [](const auto& one) { return one->base_offset(); });
  return above == segments_.begin() ? 0 : static_cast<std::size_t>(above - segments_.begin()) - 1;
}

bool LogSlice::is_verified() const { return !verified || verified->covers(position, position + size_bytes); }

Result<std::size_t> LogSlice::read(std::span<std::byte> buffer) const {
  const auto got = file->read_at(buffer, position);
  if (!got || !verified || verified->covers(position, position + static_cast<std::int64_t>(*got))) {
    return got;
  }
  std::size_t good = 0;
  while (good + batch_header_bytes <= *got) {
    const auto rest = buffer.subspan(good, *got - good);
    const auto size = static_cast<std::size_t>(std::max<std::int64_t>(0, BatchHeader::read(rest).size_bytes()));
    if (size < batch_header_bytes) {
      break;
    }
    if (size > rest.size()) {  // the slice ends inside a batch, as Fetch may; clients drop that part
      verified->add(position, position + static_cast<std::int64_t>(good));
      return got;
    }
    if (!crc_is_right(rest.first(size))) {
      break;
    }
    good += size;
  }
  verified->add(position, position + static_cast<std::int64_t>(good));
  if (good == 0 && *got > 0) {
    return failure(ErrorCode::CORRUPT_MESSAGE,
                   fmt::format("{:020}.log is damaged at position {}", segment.value, position));
  }
  return good;
}

// Where the bytes of this segment stop being sound, from `position` on.
std::int64_t Log::end_of_sound_bytes(const Segment& segment, std::int64_t position) const {
  std::int64_t end = segment.size_bytes();
  for (const DamagedRange& range : damaged_) {
    if (range.segment == segment.base_offset() && range.position >= position) {
      end = std::min(end, range.position);
    }
  }
  return end;
}

Result<LogSlice> Log::slice(Offset from, Offset limit, std::int64_t max_bytes, bool at_least_one) {
  if (from < log_start_offset_ || from > log_end_offset_) {
    return failure(ErrorCode::OFFSET_OUT_OF_RANGE, fmt::format("offset {} is not within {} to {}", from.value,
                                                               log_start_offset_.value, log_end_offset_.value));
  }
  for (const DamagedRange& range : damaged_) {
    if (range.from <= from && from < range.to) {
      return failure(ErrorCode::CORRUPT_MESSAGE, range.what);
    }
  }
  limit = std::min(limit, log_end_offset_);
  for (std::size_t index = segment_of(from); index < segments_.size() && from < limit; ++index) {
    Segment& segment = *segments_[index];
    const auto first = segment.find(from);
    if (!first) {
      return std::unexpected(first.error());
    }
    if (!*first) {
      continue;  // compaction left nothing at or above `from` here
    }
    if ((*first)->header.base_offset >= limit) {
      break;
    }
    if (has_no_gaps_ && (*first)->header.base_offset > from) {
      add_damage({from, (*first)->header.base_offset, segment.base_offset(), (*first)->position,
                  fmt::format("{}: offsets {} to {} are missing", directory_, from.value,
                              (*first)->header.base_offset.value - 1)});
      return failure(ErrorCode::CORRUPT_MESSAGE, damaged_.back().what);
    }
    // The end: the segment's own, unless the limit lies in it, or damage.
    std::int64_t end = end_of_sound_bytes(segment, (*first)->position);
    if (limit < log_end_offset_ && (index + 1 == segments_.size() || segments_[index + 1]->base_offset() > limit)) {
      const auto beyond = segment.find(limit);
      end = beyond && *beyond ? std::min(end, (*beyond)->position) : end;
    }
    const std::int64_t whole_first = (*first)->header.size_bytes();
    std::int64_t size = std::min(end - (*first)->position, max_bytes);
    if (size < whole_first) {
      size = at_least_one ? whole_first : 0;
    }
    auto file = segment.file();
    if (!file) {
      return std::unexpected(std::move(file.error()));
    }
    return LogSlice{.file = std::move(*file),
                    .position = (*first)->position,
                    .size_bytes = size,
                    .segment = segment.base_offset(),
                    .verified = segment.verified()};
  }
  return LogSlice{};
}

Result<TimestampAndOffset> Log::offset_for_timestamp(std::int64_t timestamp_ms, Offset limit) {
  for (const auto& segment : segments_) {
    if (segment->base_offset() >= limit) {
      break;
    }
    const auto found = first_at_or_after(*segment, timestamp_ms, limit);
    if (!found) {
      return std::unexpected(found.error());
    }
    if (*found) {
      return **found;
    }
  }
  return TimestampAndOffset{};
}

Result<std::optional<TimestampAndOffset>> Log::first_at_or_after(Segment& segment, std::int64_t timestamp_ms,
                                                                 Offset limit) {
  const auto from = segment.position_before_time(timestamp_ms);
  if (!from) {
    return std::unexpected(from.error());
  }
  Result<std::optional<TimestampAndOffset>> found;
  const auto walked = segment.walk(*from, [&](const BatchAt& batch) {
    if (batch.header.base_offset >= limit) {
      return false;
    }
    if (batch.header.max_timestamp_ms < timestamp_ms || batch.header.last_offset() < log_start_offset_) {
      return true;
    }
    found = first_in_batch(segment, batch, timestamp_ms);
    return found && !*found;  // its latest record may lie below the log start
  });
  return walked ? found : std::unexpected(walked.error());
}

Result<std::optional<TimestampAndOffset>> Log::first_in_batch(Segment& segment, const BatchAt& batch,
                                                              std::int64_t timestamp_ms) {
  const auto bytes = segment.read_batch(batch);
  if (!bytes) {
    return std::unexpected(bytes.error());
  }
  const BatchHeader& header = batch.header;
  TimestampAndOffset found{header.max_timestamp_ms, std::max(header.base_offset, log_start_offset_),
                           epochs_.at(header.base_offset)};
  if (header.has_log_append_time()) {
    return found;  // every record has the batch's time
  }
  bool seen = false;
  const auto visited = for_each_record(*bytes, stored_batch_limits, [&](const RecordView& record) -> Result<void> {
    const std::int64_t record_ms = header.base_timestamp_ms + record.timestamp_delta_ms;
    const Offset offset = header.base_offset + record.offset_delta;
    if (!seen && record_ms >= timestamp_ms && offset >= log_start_offset_) {
      seen = true;
      found.timestamp_ms = record_ms;
      found.offset = offset;
    }
    return {};
  });
  if (!visited) {
    return std::unexpected(visited.error());
  }
  return seen ? std::optional(found) : std::nullopt;
}

Result<TimestampAndOffset> Log::max_timestamp(Offset limit) {
  std::int64_t greatest_ms = no_timestamp;
  for (std::size_t i = segment_of(log_start_offset_); i < segments_.size() && segments_[i]->base_offset() < limit;
       ++i) {
    const auto found = segments_[i]->base_offset() >= log_start_offset_
                           ? segments_[i]->max_timestamp_below(limit)
                           : max_timestamp_from_start(*segments_[i], limit);
    if (!found) {
      return std::unexpected(found.error());
    }
    greatest_ms = std::max(greatest_ms, *found);
  }
  return greatest_ms == no_timestamp ? Result<TimestampAndOffset>{TimestampAndOffset{}}
                                     : offset_for_timestamp(greatest_ms, limit);
}

// In the segment where the log starts the index may speak of records before the start: the batches are looked at.
Result<std::int64_t> Log::max_timestamp_from_start(Segment& segment, Offset limit) {
  const auto first = segment.find(log_start_offset_);
  if (!first || !*first) {
    return first ? Result<std::int64_t>(no_timestamp) : std::unexpected(first.error());
  }
  std::int64_t greatest_ms = no_timestamp;
  const auto walked = segment.walk((*first)->position, [&](const BatchAt& batch) {
    greatest_ms = batch.header.base_offset < limit ? std::max(greatest_ms, batch.header.max_timestamp_ms) : greatest_ms;
    return batch.header.base_offset < limit;
  });
  return walked ? Result<std::int64_t>(greatest_ms) : std::unexpected(walked.error());
}

}  // namespace ottla
