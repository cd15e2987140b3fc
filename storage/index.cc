#include "storage/index.h"

#include <algorithm>

namespace ottla {

namespace {
constexpr std::size_t offset_entry_bytes = 8;
constexpr std::size_t time_entry_bytes = 12;
}  // namespace

OffsetEntry OffsetIndex::floor(std::int64_t relative_offset) const {
  const auto above = std::ranges::upper_bound(entries_, relative_offset, {}, &OffsetEntry::relative_offset);
  return above == entries_.begin() ? OffsetEntry{} : *std::prev(above);
}

Bytes OffsetIndex::encode() const {
  Writer writer;
  for (const OffsetEntry& entry : entries_) {
    writer.integer(entry.relative_offset);
    writer.integer(entry.position);
  }
  return writer.flatten();
}

std::optional<OffsetIndex> OffsetIndex::decode(std::span<const std::byte> bytes, std::int64_t log_bytes) {
  if (bytes.size() % offset_entry_bytes != 0) {
    return std::nullopt;
  }
  OffsetIndex index;
  OffsetEntry last{.relative_offset = -1, .position = -1};
  for (; !bytes.empty(); bytes = bytes.subspan(offset_entry_bytes)) {
    const OffsetEntry entry{load_big_endian<std::int32_t>(bytes), load_big_endian<std::int32_t>(bytes.subspan(4))};
    if (entry.relative_offset <= last.relative_offset || entry.position <= last.position ||
        entry.position >= log_bytes) {
      return std::nullopt;
    }
    index.add(entry);
    last = entry;
  }
  return index;
}

void TimeIndex::add(TimeEntry entry) {
  if (entries_.empty() ||
      (entry.timestamp_ms > entries_.back().timestamp_ms && entry.relative_offset > entries_.back().relative_offset)) {
    entries_.push_back(entry);
  }
}

std::optional<TimeEntry> TimeIndex::before(std::int64_t timestamp_ms) const {
  const auto at = std::ranges::lower_bound(entries_, timestamp_ms, {}, &TimeEntry::timestamp_ms);
  return at == entries_.begin() ? std::nullopt : std::optional(*std::prev(at));
}

std::optional<TimeEntry> TimeIndex::below_offset(std::int64_t relative_offset) const {
  const auto at = std::ranges::lower_bound(entries_, relative_offset, {}, &TimeEntry::relative_offset);
  return at == entries_.begin() ? std::nullopt : std::optional(*std::prev(at));
}

Bytes TimeIndex::encode() const {
  Writer writer;
  for (const TimeEntry& entry : entries_) {
    writer.integer(entry.timestamp_ms);
    writer.integer(entry.relative_offset);
  }
  return writer.flatten();
}

std::optional<TimeIndex> TimeIndex::decode(std::span<const std::byte> bytes) {
  if (bytes.size() % time_entry_bytes != 0) {
    return std::nullopt;
  }
  TimeIndex index;
  for (; !bytes.empty(); bytes = bytes.subspan(time_entry_bytes)) {
    const TimeEntry entry{load_big_endian<std::int64_t>(bytes), load_big_endian<std::int32_t>(bytes.subspan(8))};
    const std::size_t before = index.entries_.size();
    index.add(entry);
    if (index.entries_.size() == before) {
      return std::nullopt;
    }
  }
  return index;
}

}  // namespace ottla
