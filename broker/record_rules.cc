#include "broker/record_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/record.h"

namespace ottla {

namespace {

constexpr std::size_t told_at_most = 1'000;  // a batch may hold a hundred times as many
constexpr std::size_t shown_at_most = 3;     // in the message for the whole batch

bool is_too_old(std::int64_t timestamp_ms, const RecordRules& rules) {
  return timestamp_ms < rules.now_ms - rules.config.timestamp_before_max_ms;
}

bool is_too_new(std::int64_t timestamp_ms, const RecordRules& rules) {
  return timestamp_ms > rules.now_ms && timestamp_ms - rules.now_ms > rules.config.timestamp_after_max_ms;
}

std::int64_t latest_allowed(const RecordRules& rules) {
  std::int64_t latest = 0;
  const bool is_beyond = __builtin_add_overflow(rules.now_ms, rules.config.timestamp_after_max_ms, &latest);
  return is_beyond ? std::numeric_limits<std::int64_t>::max() : latest;
}

// Empty: nothing.
std::string wrong_with_key(const RecordView& record, const RecordRules& rules) {
  return rules.config.is_compacted && !record.key
             ? "Compacted topic cannot accept message without key in topic partition " + rules.partition
             : "";
}

std::string wrong_with_timestamp(std::int64_t timestamp_ms, std::int32_t offset, const RecordRules& rules) {
  const bool counts = !rules.config.uses_log_append_time && timestamp_ms != no_timestamp;
  if (!counts || !(is_too_old(timestamp_ms, rules) || is_too_new(timestamp_ms, rules))) {
    return "";
  }
  return fmt::format("Timestamp {} of message with offset {} is out of range. The timestamp should be within [{}, {}]",
                     timestamp_ms, offset, rules.now_ms - rules.config.timestamp_before_max_ms, latest_allowed(rules));
}

std::string text_of(const WrongRecords& wrong, std::size_t count) {
  std::string shown;
  for (std::size_t i = 0; i < std::min(wrong.records.size(), shown_at_most); ++i) {
    const auto& one = wrong.records[i];
    shown += fmt::format("{}RecordError(batchIndex={}, message='{}')", i == 0 ? "" : ", ", one.batch_index,
                         *one.batch_index_error_message);
  }
  return fmt::format(
      "One or more records have been rejected due to {} record errors in total, and only showing the first three "
      "errors at most: [{}]",
      count, shown);
}

WrongRecords find_wrong_ones(std::span<const std::byte> batch, const BatchHeader& header, const RecordRules& rules) {
  WrongRecords wrong{.error = {ErrorCode::INVALID_RECORD, ""}, .records = {}};
  std::int32_t index = 0;
  std::size_t count = 0;
  // It was walked before, to its end.
  (void)for_each_record(batch, rules.limits, [&](const RecordView& record) -> Result<void> {
    std::string what = wrong_with_key(record, rules);
    if (what.empty()) {
      what = wrong_with_timestamp(header.base_timestamp_ms + record.timestamp_delta_ms, index, rules);
      wrong.error.code = what.empty() ? wrong.error.code : ErrorCode::INVALID_TIMESTAMP;
    }
    if (!what.empty() && ++count <= told_at_most) {
      wrong.records.push_back({.batch_index = index, .batch_index_error_message = std::move(what)});
    }
    ++index;
    return {};
  });
  wrong.error.message = wrong.error.code == ErrorCode::INVALID_TIMESTAMP
                            ? "One or more records have been rejected due to invalid timestamp"
                            : text_of(wrong, count);
  return wrong;
}

}  // namespace

std::optional<WrongRecords> wrong_records(std::span<const std::byte> batch, const BatchCheck& checked,
                                          const RecordRules& rules) {
  const bool lacks_a_key = rules.config.is_compacted && checked.lacks_a_key;
  const bool is_out_of_time = !rules.config.uses_log_append_time && (is_too_old(checked.min_timestamp_ms, rules) ||
                                                                     is_too_new(checked.true_max_timestamp_ms, rules));
  return lacks_a_key || is_out_of_time ? std::optional(find_wrong_ones(batch, checked.header, rules)) : std::nullopt;
}

}  // namespace ottla
