// The sparse indexes of a segment, in Kafka's file formats. Both are caches: what they say is checked or rebuilt.
//
//   .index      entries of int32 relative offset (of a batch's last record), int32 position of that batch in the log
//   .timeindex  entries of int64 timestamp (the greatest so far), int32 relative offset (of the last record of the
//               first batch that has it)
//
// In memory an index is the vector of its entries; an entry comes every index.interval.bytes of log.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/primitives.h"

namespace ottla {

struct OffsetEntry {
  std::int32_t relative_offset = 0;
  std::int32_t position = 0;
};

struct TimeEntry {
  std::int64_t timestamp_ms = 0;
  std::int32_t relative_offset = 0;
};

class OffsetIndex {
 public:
  void add(OffsetEntry entry) { entries_.push_back(entry); }
  // The last entry at or below `relative_offset`; the start of the log if there is none.
  [[nodiscard]] OffsetEntry floor(std::int64_t relative_offset) const;
  [[nodiscard]] const std::vector<OffsetEntry>& entries() const { return entries_; }
  [[nodiscard]] Bytes encode() const;
  // Nothing if the bytes cannot be the index of a log of `log_bytes`.
  static std::optional<OffsetIndex> decode(std::span<const std::byte> bytes, std::int64_t log_bytes);

 private:
  std::vector<OffsetEntry> entries_;  // rising in both
};

class TimeIndex {
 public:
  // Ignored unless both rise, as Kafka's maybeAppend does.
  void add(TimeEntry entry);
  // The last entry with a timestamp below `timestamp_ms`; records at or after it come behind its offset.
  [[nodiscard]] std::optional<TimeEntry> before(std::int64_t timestamp_ms) const;
  // The last entry with an offset below `relative_offset`: its timestamp is the greatest up to there.
  [[nodiscard]] std::optional<TimeEntry> below_offset(std::int64_t relative_offset) const;
  [[nodiscard]] const std::vector<TimeEntry>& entries() const { return entries_; }
  [[nodiscard]] Bytes encode() const;
  static std::optional<TimeIndex> decode(std::span<const std::byte> bytes);

 private:
  std::vector<TimeEntry> entries_;  // rising in both
};

}  // namespace ottla
