#include "broker/groups/core/any_group.h"

#include "broker/groups/core/subscription.h"

namespace ottla::groups {

namespace {

void append(Effects& effects, Effects more) {
  std::ranges::move(more.answers, std::back_inserter(effects.answers));
  std::ranges::move(more.writes, std::back_inserter(effects.writes));
  std::ranges::move(more.notes, std::back_inserter(effects.notes));
}

}  // namespace

void AnyGroup::set_settings(const Settings& settings) {
  settings_ = settings;
  std::visit([&](auto& group) { group.set_settings(settings); }, group_);
}

// A newcomer brings its protocol into a group without members; into one of classic members it brings the new one.
Effects AnyGroup::step(Millis now, const Event& event) {
  Effects effects;
  const auto* beat = std::get_if<ConsumerHeartbeat>(&event);
  const bool is_new = beat != nullptr && beat->request.member_epoch == ConsumerGroupHeartbeatRequest::join_epoch;
  if (classic() != nullptr && is_new && std::ssize(classic()->members()) >= settings_.consumer_max_size) {
    effects.answers.push_back(
        {beat->token, ConsumerGroupHeartbeatResponse{.error_code = ErrorCode::GROUP_MAX_SIZE_REACHED,
                                                     .error_message = too_large(settings_)}});
    return effects;  // for one that does not come in, a classic group stays what it is
  }
  if (classic() != nullptr && classic()->state() != State::Dead && is_new) {
    upgrade(now, beat->topics, effects);
  } else if (consumer() != nullptr && consumer()->members().empty() && std::holds_alternative<Join>(event) &&
             !consumer()->is_dead()) {
    downgrade(now, effects);
  }
  append(effects, std::visit([&](auto& group) { return group.step(now, event); }, group_));
  if (consumer() != nullptr && consumer()->is_left_to_classic_members()) {
    downgrade(now, effects);
  }
  return effects;
}

void AnyGroup::upgrade(Millis now, const TopicsView& topics, Effects& effects) {
  auto& from = std::get<Group>(group_);
  const bool has_record = from.generation() > 0;
  ConsumerGroup to(id(), settings_, GroupLog(id()));
  if (const auto taken = to.take_over(now, from, topics); !taken) {
    effects.notes.push_back(taken.error().message);  // and the newcomer is told that it is no consumer group
    return;
  }
  GroupLog log = from.hand_over(effects);
  if (has_record) {
    (void)log.write(effects, {group_tombstone(id())});
  }
  if (!to.members().empty()) {
    effects.notes.push_back("group " + id() + ": takes up the new consumer protocol");
  }
  to.take_log(std::move(log));
  group_ = std::move(to);
}

void AnyGroup::downgrade(Millis now, Effects& effects) {
  auto& from = std::get<ConsumerGroup>(group_);
  std::vector<LogRecord> records = from.tombstones();
  const bool is_empty = from.members().empty();
  const GroupMetadataValue value = is_empty ? GroupMetadataValue{} : from.as_classic();
  GroupLog log = from.hand_over();
  if (is_empty) {
    (void)log.write(effects, std::move(records));
    group_ = Group(id(), settings_, std::move(log));
    return;
  }
  Group to(id(), settings_, std::move(log));
  append(effects, to.take_over(now, value, std::move(records)));
  effects.notes.push_back("group " + id() + ": goes back to the classic protocol");
  group_ = std::move(to);
}

void AnyGroup::become_blank() {
  GroupLog log(id());
  for (const auto& [partition, committed] : offsets()) {
    log.restore(partition, committed);
  }
  group_ = Group(id(), settings_, std::move(log));
}

// Whatever was said last about the group decides of which kind it is; offsets stay.
void AnyGroup::restore(const Said& said) {
  if (const auto* offset = std::get_if<OffsetSaid>(&said)) {
    std::visit([&](auto& group) { group.restore(offset->partition, offset->committed); }, group_);
  } else if (const auto* group = std::get_if<GroupSaid>(&said)) {
    if (group->value) {
      become_blank();
      std::get<Group>(group_).restore(*group->value);
    } else if (classic() != nullptr) {
      become_blank();
    }
  } else if (const auto* record = std::get_if<ConsumerSaid>(&said)) {
    const bool ends_it = record->is_tombstone && record->kind == ConsumerRecordKind::group;
    if (consumer() == nullptr && !record->is_tombstone) {
      become_blank();
      Effects none;
      group_ = ConsumerGroup(id(), settings_, std::get<Group>(group_).hand_over(none));
    }
    if (consumer() != nullptr) {
      ends_it ? become_blank() : std::get<ConsumerGroup>(group_).restore(*record);
    }
  }
}

void AnyGroup::loaded(Millis now, const TopicsView& topics) {
  if (auto* group = std::get_if<ConsumerGroup>(&group_)) {
    group->loaded(now, topics);
  } else {
    std::get<Group>(group_).loaded(now);
  }
}

Millis AnyGroup::deadline() const {
  return std::visit([](const auto& group) { return group.deadline(); }, group_);
}

const std::string& AnyGroup::id() const {
  return std::visit([](const auto& group) -> const std::string& { return group.id(); }, group_);
}

const char* AnyGroup::state_name() const {
  return classic() != nullptr ? name_of(classic()->state()) : consumer()->state_name();
}

std::string AnyGroup::protocol_type() const { return classic() != nullptr ? classic()->protocol_type() : "consumer"; }

std::optional<Millis> AnyGroup::empty_since() const {
  if (classic() != nullptr) {
    return classic()->state() == State::Empty ? std::optional(classic()->state_since()) : std::nullopt;
  }
  return consumer()->members().empty() ? std::optional(consumer()->empty_since()) : std::nullopt;
}

const std::map<TopicPartition, CommittedOffset>& AnyGroup::offsets() const {
  return classic() != nullptr ? classic()->offsets() : consumer()->offsets();
}

std::set<std::string> AnyGroup::subscribed_topics() const {
  return classic() != nullptr ? groups::subscribed_topics(*classic()) : consumer()->subscribed_topics();
}

bool AnyGroup::is_forgettable() const {
  return std::visit([](const auto& group) { return group.is_forgettable(); }, group_);
}

Millis AnyGroup::rebalanced_at() const {
  return classic() != nullptr ? classic()->state_since() : consumer()->target_made_at();
}

bool AnyGroup::waits() const {
  if (classic() != nullptr) {
    return classic()->state() == State::PreparingRebalance || classic()->state() == State::CompletingRebalance;
  }
  return !consumer()->is_settled();
}

std::string AnyGroup::explain(Millis now) const {
  return std::visit([now](const auto& group) { return group.explain(now); }, group_);
}

}  // namespace ottla::groups
