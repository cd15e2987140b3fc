// What a group of the new protocol has in the log about itself. A record says how things are when it is written: one
// that failed is written again as it is then.
#include <algorithm>
#include <array>

#include "broker/groups/core/consumer_group.h"
#include "broker/groups/core/consumer_request.h"

namespace ottla::groups {

namespace {

using enum ConsumerRecordKind;
using Current = ConsumerGroupCurrentMemberAssignmentValue;

constexpr Millis write_again_after_ms = 1'000;
// A reader must not find a member's share before the member, nor a group gone before its members (Kafka's order).
constexpr std::array order_of_tombstones{current,         target, member, regular_expression, partition_metadata,
                                         target_metadata, group};
constexpr std::array order_of_values{member, regular_expression, group, target, target_metadata, current};

std::vector<Current::TopicPartitions> listed(const Owned& owned) {
  std::vector<Current::TopicPartitions> list;
  for (const auto& [partition, epoch] : owned) {
    auto& topic = add_to(list, partition);
    topic.assignment_epochs = std::move(topic.assignment_epochs).value_or(std::vector<std::int32_t>{});
    topic.assignment_epochs->push_back(epoch);
  }
  return list;
}

Owned owned_of(const std::vector<Current::TopicPartitions>& list, std::int32_t member_epoch) {
  Owned owned;
  for (const auto& topic : list) {
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      const bool is_told = topic.assignment_epochs && i < topic.assignment_epochs->size();
      owned[{topic.topic_id, topic.partitions[i]}] = is_told ? (*topic.assignment_epochs)[i] : member_epoch;
    }
  }
  return owned;
}

}  // namespace

void ConsumerGroup::flush() {
  // Behind the tombstones of a group that is being deleted nothing may come.
  if (!is_dead_ && !touched_.empty() && (!answers_.empty() || now_ >= write_again_at_)) {
    std::vector<LogRecord> records;
    const auto add = [&](ConsumerRecordKind kind, bool tombstones) {
      for (auto one = touched_.lower_bound({kind, ""}); one != touched_.end() && one->first == kind; ++one) {
        if (const ConsumerSaid record = said(*one); record.is_tombstone == tombstones) {
          records.push_back(consumer_record(record));
        }
      }
    };
    std::ranges::for_each(order_of_tombstones, [&](auto kind) { add(kind, true); });
    std::ranges::for_each(order_of_values, [&](auto kind) { add(kind, false); });
    writes_[log_.write(effects_, std::move(records))] = std::exchange(touched_, {});
  }
  for (Answer& one : std::exchange(answers_, {})) {
    if (is_broken_by(Mutant::answered_before_written)) {
      effects_.answers.push_back(std::move(one));
    } else {
      log_.answer_when_durable(effects_, std::move(one));
    }
  }
}

// What is no more is a tombstone.
ConsumerSaid ConsumerGroup::said(const Key& key) const {
  ConsumerSaid record{.group = id_, .kind = key.first, .part = key.second, .is_tombstone = false, .value = {}};
  const auto found = members_.find(key.second);
  const ConsumerMember* one = found != members_.end() ? &found->second : nullptr;
  if (key.first == group) {
    record.value = ConsumerGroupMetadataValue{epoch_, metadata_hash_};
  } else if (key.first == target_metadata) {
    record.value = ConsumerGroupTargetAssignmentMetadataValue{target_epoch_, target_made_at_};
  } else if (const auto regex = regexes_.find(key.second); key.first == regular_expression && regex != regexes_.end()) {
    record.value = ConsumerGroupRegularExpressionValue{
        .topics = {regex->second.begin(), regex->second.end()}, .version = 0, .timestamp = regexes_resolved_at_};
  } else if (one != nullptr && key.first == member) {
    ConsumerGroupMemberMetadataValue value{.instance_id = one->instance_id,
                                           .rack_id = one->rack_id,
                                           .client_id = one->client_id,
                                           .client_host = one->client_host,
                                           .subscribed_topic_names = {one->topic_names.begin(), one->topic_names.end()},
                                           .subscribed_topic_regex = one->regex,
                                           .rebalance_timeout_ms = one->rebalance_timeout_ms,
                                           .server_assignor = one->server_assignor};
    if (one->classic) {
      ConsumerGroupMemberMetadataValue::ClassicMemberMetadata classic{.session_timeout_ms =
                                                                          one->classic->session_timeout_ms};
      for (const auto& protocol : one->classic->protocols) {
        classic.supported_protocols.push_back({protocol.name, protocol.metadata});
      }
      value.classic_member_metadata = std::move(classic);
    }
    record.value = std::move(value);
  } else if (one != nullptr && key.first == target) {
    ConsumerGroupTargetAssignmentMemberValue value;
    std::ranges::for_each(one->target, [&](const auto& partition) { add_to(value.topic_partitions, partition); });
    record.value = std::move(value);
  } else if (one != nullptr && key.first == current) {
    record.value = Current{.member_epoch = one->epoch,
                           .previous_member_epoch = one->previous_epoch,
                           .state = static_cast<std::int8_t>(one->state),
                           .assigned_partitions = listed(one->assigned),
                           .partitions_pending_revocation = listed(one->pending_revocation)};
  } else {
    record.is_tombstone = true;
  }
  return record;
}

std::vector<LogRecord> ConsumerGroup::tombstones() const {
  std::set<Key> keys{{group, ""}, {target_metadata, ""}};
  for (const auto& [id, one] : members_) {
    keys.insert({{member, id}, {target, id}, {current, id}});
  }
  for (const auto& [regex, topics] : regexes_) {
    keys.emplace(regular_expression, regex);
  }
  if (has_partition_metadata_) {
    keys.emplace(partition_metadata, "");
  }
  keys.insert(touched_.begin(), touched_.end());  // and what may be there of those that are gone
  for (const auto& [id, written] : writes_) {
    keys.insert(written.begin(), written.end());
  }
  std::vector<LogRecord> records;
  for (const ConsumerRecordKind kind : order_of_tombstones) {
    for (const auto& [of_kind, part] : keys) {
      if (of_kind == kind) {
        records.push_back(
            consumer_record({.group = id_, .kind = kind, .part = part, .is_tombstone = true, .value = {}}));
      }
    }
  }
  return records;
}

void ConsumerGroup::restore(const ConsumerSaid& record) {
  if (record.kind == group && !record.is_tombstone) {
    epoch_ = std::get<ConsumerGroupMetadataValue>(record.value).epoch;
    metadata_hash_ = std::get<ConsumerGroupMetadataValue>(record.value).metadata_hash;
  } else if (record.kind == partition_metadata) {
    has_partition_metadata_ = !record.is_tombstone;
  } else if (record.kind == target_metadata && !record.is_tombstone) {
    target_epoch_ = std::get<ConsumerGroupTargetAssignmentMetadataValue>(record.value).assignment_epoch;
    target_made_at_ = std::get<ConsumerGroupTargetAssignmentMetadataValue>(record.value).assignment_timestamp;
  } else if (record.kind == regular_expression && record.is_tombstone) {
    regexes_.erase(record.part);
  } else if (record.kind == regular_expression) {
    const auto& topics = std::get<ConsumerGroupRegularExpressionValue>(record.value).topics;
    regexes_[record.part] = {topics.begin(), topics.end()};
  } else if (record.kind == member || record.kind == target || record.kind == current) {
    restore_member(record);
  }
}

void ConsumerGroup::restore_member(const ConsumerSaid& record) {
  if (record.is_tombstone && record.kind == member) {
    members_.erase(record.part);
    return;
  }
  if (record.is_tombstone && !members_.contains(record.part)) {
    return;
  }
  ConsumerMember& one = members_[record.part];
  one.id = record.part;
  if (record.kind == member) {
    const auto& value = std::get<ConsumerGroupMemberMetadataValue>(record.value);
    one.instance_id = value.instance_id;
    one.rack_id = value.rack_id;
    one.client_id = value.client_id;
    one.client_host = value.client_host;
    one.topic_names = {value.subscribed_topic_names.begin(), value.subscribed_topic_names.end()};
    one.regex = value.subscribed_topic_regex.value_or("");
    one.rebalance_timeout_ms = value.rebalance_timeout_ms;
    one.server_assignor = value.server_assignor;
    one.classic.reset();
    if (const auto& classic = value.classic_member_metadata) {
      one.classic = ClassicSide{classic->session_timeout_ms, {}};
      for (const auto& protocol : classic->supported_protocols) {
        one.classic->protocols.push_back({protocol.name, protocol.metadata});
      }
    }
  } else if (record.kind == target) {
    one.target = record.is_tombstone
                     ? Partitions{}
                     : partitions_of(std::get<ConsumerGroupTargetAssignmentMemberValue>(record.value).topic_partitions);
  } else {
    const Current value = record.is_tombstone ? Current{} : std::get<Current>(record.value);
    one.epoch = value.member_epoch;
    one.previous_epoch = value.previous_member_epoch;
    one.state = static_cast<MemberState>(value.state);
    one.assigned = owned_of(value.assigned_partitions, value.member_epoch);
    one.pending_revocation = owned_of(value.partitions_pending_revocation, value.member_epoch);
  }
}

// The members may be alive: each has a whole session, and a whole rebalance time-out, to say so.
void ConsumerGroup::loaded(Millis now, const TopicsView& topics) {
  now_ = now;
  empty_since_ = std::min(now, target_made_at_);  // as the last one left it
  topics_ = topics;
  for (auto& [id, one] : members_) {
    keep_alive(one, "nothing since the coordinator started");
    for (const Owned* owned : {&one.assigned, &one.pending_revocation}) {
      for (const auto& [partition, epoch] : *owned) {
        owners_[partition] = id;
      }
    }
    if (one.instance_id) {
      static_members_[*one.instance_id] = id;
    }
    if (one.state == MemberState::unrevoked) {
      one.must_act_by = now + one.rebalance_timeout_ms;
      one.must_do = "let go of its partitions in time";
      wake_by(*one.must_act_by);
    }
  }
}

void ConsumerGroup::on(const DeleteGroup& event) {
  if (is_dead_ || !members_.empty()) {
    answer(event.token, is_dead_ ? ErrorCode::GROUP_ID_NOT_FOUND : ErrorCode::NON_EMPTY_GROUP);
    return;
  }
  is_dead_ = true;
  std::vector<LogRecord> records = log_.tombstones();
  std::ranges::move(tombstones(), std::back_inserter(records));
  deletion_ = log_.write(effects_, std::move(records));
  answer(event.token, ErrorCode::NONE);
}

void ConsumerGroup::on(const Written& event) {
  const std::optional<bool> is_stored = log_.on(effects_, event);
  if (!is_stored) {
    return;
  }
  const auto found = writes_.extract(event.write);
  if (!*is_stored && found) {
    touched_.merge(found.mapped());
    write_again_at_ = now_ + write_again_after_ms;
    wake_by(write_again_at_);
  }
  if (!*is_stored && event.write == deletion_) {
    is_dead_ = false;
    wake_by(now_ + write_again_after_ms);  // for what has waited meanwhile
  }
}

bool ConsumerGroup::is_forgettable() const {
  const bool never_was = epoch_ == first_epoch && members_.empty() && offsets().empty() && touched_.empty();
  return log_.is_idle() && (is_dead_ || never_was);
}

}  // namespace ottla::groups
