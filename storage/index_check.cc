#include "storage/index_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/log_places.h"

namespace ottla {

namespace {

constexpr std::size_t offset_entry_bytes = 8;
constexpr std::size_t time_entry_bytes = 12;

bool is_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte one) { return one == std::byte{0}; });
}

}  // namespace

IndexCheck::IndexCheck(Disk& disk, const std::string& partition_directory, Offset base_offset, bool is_closed,
                       Report report)
    : base_offset_(base_offset),
      is_closed_(is_closed),
      report_(std::move(report)),
      offsets_path_(segment_file(partition_directory, base_offset, "index")),
      times_path_(segment_file(partition_directory, base_offset, "timeindex")) {
  const auto offsets = read(disk, offsets_path_, offset_entry_bytes);
  for (auto rest = offsets ? std::span<const std::byte>(*offsets) : std::span<const std::byte>(); !rest.empty();
       rest = rest.subspan(offset_entry_bytes)) {
    offsets_.push_back({load_big_endian<std::int32_t>(rest), load_big_endian<std::int32_t>(rest.subspan(4))});
  }
  const auto times = read(disk, times_path_, time_entry_bytes);
  if (times) {
    time_bytes_ = static_cast<std::int64_t>(times->size());
  }
  for (auto rest = times ? std::span<const std::byte>(*times) : std::span<const std::byte>(); !rest.empty();
       rest = rest.subspan(time_entry_bytes)) {
    times_.push_back({load_big_endian<std::int64_t>(rest), load_big_endian<std::int32_t>(rest.subspan(8))});
  }
}

// Whole entries, without the zeros that the last segment's may have behind them.
std::optional<Bytes> IndexCheck::read(Disk& disk, const std::string& path, std::size_t entry_bytes) {
  if (!disk.exists(path)) {
    if (is_closed_) {
      report_({.file = path, .offset = base_offset_, .what = "it is missing"});
    }
    return std::nullopt;
  }
  auto content = read_whole_file(disk, path);
  if (!content) {
    report_({.file = path, .offset = base_offset_, .what = content.error().message});
    return std::nullopt;
  }
  const std::size_t whole = content->size() / entry_bytes * entry_bytes;
  if (whole != content->size()) {
    report_({.file = path,
             .position = static_cast<std::int64_t>(whole),
             .offset = base_offset_,
             .what = fmt::format("its {} bytes are no whole number of entries", content->size())});
    content->resize(whole);
  }
  while (!is_closed_ && content->size() >= entry_bytes && is_zero(std::span(*content).last(entry_bytes))) {
    content->resize(content->size() - entry_bytes);
  }
  return std::move(*content);
}

void IndexCheck::see(const StoredBatch& batch) {
  see_offset(batch);
  greatest_ms_ = std::max(greatest_ms_, batch.header.max_timestamp_ms);
  see_time(batch);
}

// Both stop at their first wrong entry: what follows it would only say the same again.
void IndexCheck::wrong_offset(const std::string& what) {
  const OffsetEntry& entry = offsets_[next_offset_];
  report_({.file = offsets_path_,
           .position = static_cast<std::int64_t>(next_offset_ * offset_entry_bytes),
           .offset = base_offset_ + entry.relative_offset,
           .what = fmt::format("its entry (offset {}, position {}) {}", base_offset_.value + entry.relative_offset,
                               entry.position, what)});
  next_offset_ = offsets_.size();
}

void IndexCheck::wrong_time(const std::string& what) {
  const TimeEntry& entry = times_[next_time_];
  report_({.file = times_path_,
           .position = static_cast<std::int64_t>(next_time_ * time_entry_bytes),
           .offset = base_offset_ + entry.relative_offset,
           .what = fmt::format("its entry (timestamp {}, offset {}) {}", entry.timestamp_ms,
                               base_offset_.value + entry.relative_offset, what)});
  next_time_ = times_.size();
}

void IndexCheck::see_offset(const StoredBatch& batch) {
  if (next_offset_ >= offsets_.size()) {
    return;
  }
  const OffsetEntry& entry = offsets_[next_offset_];
  if (entry.position < batch.position) {
    wrong_offset("points to no batch");
  } else if (entry.position == batch.position) {
    if (base_offset_ + entry.relative_offset != batch.header.last_offset()) {
      wrong_offset(fmt::format("points to a batch that ends at offset {}", batch.header.last_offset().value));
    } else {
      ++next_offset_;
    }
  }
}

// An entry: the greatest timestamp up to a batch, and an offset in the first batch that has it.
void IndexCheck::see_time(const StoredBatch& batch) {
  while (next_time_ < times_.size() &&
         base_offset_ + times_[next_time_].relative_offset <= batch.header.last_offset()) {
    const TimeEntry& entry = times_[next_time_];
    if (base_offset_ + entry.relative_offset < batch.header.base_offset) {
      wrong_time("names an offset that no batch holds");
    } else if (entry.timestamp_ms != batch.header.max_timestamp_ms) {
      wrong_time(fmt::format("names a batch whose greatest timestamp is {}", batch.header.max_timestamp_ms));
    } else if (saw_all_ && entry.timestamp_ms < greatest_ms_) {
      wrong_time(fmt::format("comes behind a batch of timestamp {}", greatest_ms_));
    } else {
      ++next_time_;
    }
  }
}

void IndexCheck::skip(std::int64_t begin, std::int64_t end, Offset to) {
  saw_all_ = false;
  while (next_offset_ < offsets_.size() && offsets_[next_offset_].position >= begin &&
         offsets_[next_offset_].position < end) {
    ++next_offset_;
  }
  while (next_time_ < times_.size() && base_offset_ + times_[next_time_].relative_offset < to) {
    ++next_time_;
  }
}

void IndexCheck::finish() {
  if (next_offset_ < offsets_.size()) {
    wrong_offset("points behind the end of the log");
  }
  if (next_time_ < times_.size()) {
    wrong_time("names an offset behind the end of the log");
  }
  const std::int64_t last_ms = times_.empty() ? no_timestamp : times_.back().timestamp_ms;
  if (is_closed_ && saw_all_ && time_bytes_ && last_ms < greatest_ms_) {
    report_({.file = times_path_,
             .position = *time_bytes_,
             .offset = base_offset_,
             .what = fmt::format("it ends with timestamp {}, the segment has {}", last_ms, greatest_ms_)});
  }
}

}  // namespace ottla
