// What groups need no longer, found out every offsets.retention.check.interval.ms.
#include "broker/broker.h"
#include "broker/groups/group_shard.h"
#include "broker/log.h"

namespace ottla {

void GroupShard::plan_clean_up() {
  core_.after(std::chrono::milliseconds(broker_.config.offsets_retention_check_interval_ms), [this] {
    clean_up();
    plan_clean_up();
  });
}

void GroupShard::clean_up() {
  std::vector<std::string> ids;
  ids.reserve(groups_.size());
  for (const auto& [id, one] : groups_) {
    ids.push_back(id);
  }
  for (const std::string& id : ids) {
    clean_up(id);
  }
}

// Offsets of topics that are gone, and with offsets.retention.minutes set, those that an empty group has left for
// longer; then groups that have neither members nor offsets.
void GroupShard::clean_up(const std::string& id) {
  const groups::AnyGroup& group = groups_.at(id).group;
  const std::int64_t retention_ms = std::int64_t{broker_.config.offsets_retention_minutes} * 60'000;
  const std::int64_t oldest = now_ms() - retention_ms;
  const bool is_empty = group.empty_since().has_value();
  const bool is_left = is_empty && *group.empty_since() < oldest;
  std::vector<groups::TopicPartition> expired;
  for (const auto& [partition, committed] : group.offsets()) {
    const auto topic = broker_.metadata->read([&](const Controller& state) { return state.topic(partition.topic); });
    const bool is_gone = topic == nullptr || (!committed.topic_id.is_zero() && committed.topic_id != topic->id);
    if (is_gone || (is_left && committed.commit_timestamp_ms < oldest)) {
      expired.push_back(partition);
      logger().info("group {}: forgets the offset {} of {}-{}: {}", id, committed.offset.value, partition.topic,
                    partition.partition, is_gone ? "the topic is gone" : "older than offsets.retention.minutes");
    }
  }
  const bool has_more = expired.size() < group.offsets().size();
  if (!expired.empty()) {
    step(id, groups::ExpireOffsets{std::move(expired)});
  }
  if (!has_more && is_empty) {
    step(id, groups::DeleteGroup{});
  }
}

}  // namespace ottla
