#include "broker/groups/core/group_log.h"

#include <algorithm>
#include <set>

#include "broker/groups/core/records.h"

namespace ottla::groups {

namespace {

// The same kind of answer, saying only that.
Response refusal(Response response, ErrorCode error) {
  std::visit(
      [error]<class One>(One& one) {
        if constexpr (std::is_same_v<One, ErrorCode>) {
          one = error;
        } else if constexpr (std::is_same_v<One, std::vector<ErrorCode>>) {
          std::ranges::fill(one, error);
        } else if constexpr (std::is_same_v<One, JoinGroupResponse>) {
          one = {.error_code = error, .protocol_name = {}, .member_id = one.member_id};
        } else {
          one = One{.error_code = error};
        }
      },
      response);
  return response;
}

}  // namespace

void GroupLog::restore(const TopicPartition& partition, const std::optional<CommittedOffset>& committed) {
  if (committed) {
    offsets_[partition] = *committed;
  } else {
    offsets_.erase(partition);
  }
}

// In parts that fit into a batch each, one behind the other.
std::uint64_t GroupLog::write(Effects& effects, std::vector<LogRecord> records) {
  constexpr std::size_t part_max_bytes = std::size_t{256} * 1024;
  const std::uint64_t first = last_write_ + 1;
  std::size_t bytes = part_max_bytes;
  for (LogRecord& record : records) {
    const std::size_t size = record.key.size() + (record.value ? record.value->size() : 0);
    if (bytes + size > part_max_bytes) {
      under_way_[++last_write_];
      effects.writes.push_back({last_write_, {}});
      bytes = 0;
    }
    bytes += size;
    effects.writes.back().records.push_back(std::move(record));
  }
  under_way_[last_write_].first = first;
  return last_write_;
}

void GroupLog::answer_when_durable(Effects& effects, Answer answer) {
  if (under_way_.empty()) {
    effects.answers.push_back(std::move(answer));
  } else {
    under_way_.rbegin()->second.answers.push_back(std::move(answer));
  }
}

void GroupLog::commit(Effects& effects, const Commit& event) {
  if (!event.offsets.empty()) {
    std::vector<LogRecord> records;
    Changes changes;
    for (const auto& [partition, committed] : event.offsets) {
      records.push_back(offset_record(group_, partition, committed));
      changes.emplace_back(partition, committed);
    }
    under_way_[write(effects, std::move(records))].changes = std::move(changes);
  }
}

void GroupLog::remove(Effects& effects, const std::vector<TopicPartition>& partitions, std::optional<Answer> answer) {
  std::vector<LogRecord> records;
  Changes changes;
  for (const TopicPartition& partition : partitions) {
    if (offsets_.contains(partition)) {
      records.push_back(offset_tombstone(group_, partition));
      changes.emplace_back(partition, std::nullopt);
    }
  }
  if (!records.empty()) {
    under_way_[write(effects, std::move(records))].changes = std::move(changes);
  }
  if (answer) {
    answer_when_durable(effects, std::move(*answer));
  }
}

std::vector<LogRecord> GroupLog::tombstones() const {
  std::set<TopicPartition> partitions;
  for (const auto& [partition, committed] : offsets_) {
    partitions.insert(partition);
  }
  for (const auto& [id, one] : under_way_) {  // their tombstone comes after them
    for (const auto& [partition, committed] : one.changes) {
      partitions.insert(partition);
    }
  }
  std::vector<LogRecord> records;
  records.reserve(partitions.size());
  for (const TopicPartition& partition : partitions) {
    records.push_back(offset_tombstone(group_, partition));
  }
  return records;
}

std::optional<bool> GroupLog::on(Effects& effects, const Written& event) {
  auto found = under_way_.extract(event.write);
  if (!found) {
    return std::nullopt;
  }
  if (!event.ok) {
    last_failed_ = event.write;
    failed_until_ = last_write_;
  }
  UnderWay& one = found.mapped();
  if (one.first == 0) {
    return std::nullopt;
  }
  const bool is_stored = last_failed_ < one.first;
  for (const auto& [partition, committed] : one.changes) {
    if (is_stored) {
      restore(partition, committed);
    }
  }
  for (Answer& answer : one.answers) {
    if (event.write <= failed_until_) {
      answer.response = refusal(std::move(answer.response), ErrorCode::COORDINATOR_NOT_AVAILABLE);
    }
    effects.answers.push_back(std::move(answer));
  }
  return is_stored;
}

}  // namespace ottla::groups
