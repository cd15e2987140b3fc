#include "broker/groups/group_shard.h"

#include <fmt/format.h>

#include "broker/broker.h"
#include "broker/groups/offsets_topic.h"
#include "broker/log.h"

namespace ottla {

namespace {

constexpr auto write_time_out = std::chrono::seconds(5);  // Kafka's offsets.commit.timeout.ms

groups::Settings settings_of(const Config& config) {
  return {.initial_rebalance_delay_ms = config.group_initial_rebalance_delay_ms,
          .min_session_timeout_ms = config.group_min_session_timeout_ms,
          .max_session_timeout_ms = config.group_max_session_timeout_ms,
          .max_size = config.group_max_size};
}

}  // namespace

groups::Millis GroupShard::now_ms() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  static const auto wall_at_start = std::chrono::system_clock::now().time_since_epoch();
  static const auto steady_at_start = Clock::now();
  return (duration_cast<milliseconds>(wall_at_start) + duration_cast<milliseconds>(Clock::now() - steady_at_start))
      .count();
}

GroupShard::Served& GroupShard::served(const std::string& id, std::shared_ptr<Partition> home) {
  const auto [found, is_new] = groups_.try_emplace(id, groups::Group(id, settings_of(broker_.config)), std::move(home));
  return found->second;
}

Result<void> GroupShard::restore(Partition& partition) {
  const auto home = partition.shared_from_this();
  return read_all_records(partition, [&](const RecordView& record) -> Result<void> {
    if (!record.key) {
      return {};
    }
    auto said = groups::read_record(*record.key, record.value);
    if (!said) {
      return std::unexpected(said.error());
    }
    if (const auto* offset = std::get_if<groups::OffsetSaid>(&*said)) {
      served(offset->group, home).group.restore(offset->partition, offset->committed);
    } else if (const auto* group = std::get_if<groups::GroupSaid>(&*said)) {
      if (group->value) {
        served(group->group, home).group.restore(*group->value);
      } else {
        groups_.erase(group->group);
      }
    }
    return {};
  });
}

void GroupShard::forget(const Partition& partition) {
  std::erase_if(groups_, [&](const auto& one) { return one.second.home.get() == &partition; });
}

void GroupShard::loaded() {
  std::erase_if(groups_, [](const auto& one) { return one.second.group.is_forgettable(); });
  asio::post(core_.io, [this] {
    for (auto& [id, one] : groups_) {
      one.group.loaded(now_ms());
      arm(one);
    }
    plan_clean_up();
  });
}

void GroupShard::ask(const std::string& id, std::shared_ptr<Partition> home, groups::Event event, IfAbsent if_absent,
                     std::shared_ptr<OneShot<GroupAnswer>> answer) {
  if (is_closed_) {
    answer->complete(failure(ErrorCode::COORDINATOR_NOT_AVAILABLE, "the broker is stopping"));
    return;
  }
  if (if_absent == IfAbsent::refuse && !groups_.contains(id)) {
    answer->complete(failure(ErrorCode::GROUP_ID_NOT_FOUND, "Group " + id + " not found."));
    return;
  }
  served(id, std::move(home));
  const groups::Token token = ++last_token_;
  waiting_.emplace(token, std::move(answer));
  std::visit(
      [token](auto& one) {
        if constexpr (requires { one.token; }) {
          one.token = token;
        }
      },
      event);
  step(id, event);
}

// Brings one event to one group, and carries out the effects.
void GroupShard::step(const std::string& id, const groups::Event& event) {
  const auto found = groups_.find(id);
  if (found == groups_.end()) {
    return;
  }
  Served& one = found->second;
  groups::Effects effects = one.group.step(now_ms(), event);
  for (const std::string& note : effects.notes) {
    logger().info("{}", note);
  }
  for (auto& write : effects.writes) {
    one.writes.push_back({.id = write.id, .stored = std::nullopt});
    asio::co_spawn(core_.io, this->write(id, one.home, std::move(write)), asio::detached);
  }
  for (auto& answer : effects.answers) {
    if (const auto waiting = waiting_.extract(answer.token)) {
      waiting.mapped()->complete(std::move(answer.response));
    }
  }
  if (one.group.is_forgettable()) {
    if (one.timer) {
      core_.cancel(*one.timer);
    }
    groups_.erase(found);
    return;
  }
  arm(one);
}

// One timer for each group. It is moved only when something is due earlier: a heartbeat moves deadlines away all the
// time.
void GroupShard::arm(Served& one) {
  const groups::Millis due = one.group.deadline();
  if (due == std::numeric_limits<groups::Millis>::max() || (one.timer && one.timer_at <= due)) {
    return;
  }
  if (one.timer) {
    core_.cancel(*one.timer);
  }
  one.timer_at = due;
  const auto delay = std::chrono::milliseconds(std::max<groups::Millis>(0, due - now_ms()) + 1);
  one.timer = core_.after(delay, [this, id = one.group.id()] {
    if (const auto found = groups_.find(id); found != groups_.end()) {
      found->second.timer.reset();
      step(id, groups::Tick{});
    }
  });
}

Awaitable<Result<void>> GroupShard::store(Partition& home, const groups::Write& write) {
  const std::int64_t most_bytes = home.config()->max_message_bytes;
  if (size_bytes(write.records) > most_bytes) {  // before it is made: it may be any size
    co_return failure(ErrorCode::MESSAGE_TOO_LARGE, fmt::format("more than max.message.bytes, {}", most_bytes));
  }
  Bytes bytes = batch_of(write.records, now_ms());
  const BatchHeader header = BatchHeader::read(bytes);
  const AppendBatch batch{bytes, {.header = header, .true_max_timestamp_ms = header.max_timestamp_ms}};
  const auto appended = co_await home.append(batch);
  if (!appended) {
    co_return std::unexpected(appended.error());
  }
  co_return co_await home.wait_until_committed(core_, appended->base_offset + header.records_count, write_time_out);
}

// Writes of one partition begin in the order of their calls: up to the append, this runs as part of the call.
Awaitable<> GroupShard::write(std::string id, std::shared_ptr<Partition> home, groups::Write write) {
  const auto stored = co_await store(*home, write);
  if (!stored) {
    logger().error("group {}: not stored in {}: {}", id, home->name(), stored.error().message);
  }
  // A write that never had to wait is still within the step that began it.
  co_await asio::post(core_.io, use_awaitable);
  written(id, write.id, stored.has_value());
}

// The group hears of its writes in their order, in whatever order we do.
void GroupShard::written(const std::string& id, std::uint64_t write_id, bool stored) {
  if (const auto found = groups_.find(id); found != groups_.end()) {
    auto& writes = found->second.writes;
    if (const auto write = std::ranges::find(writes, write_id, &UnderWay::id); write != writes.end()) {
      write->stored = stored;
    }
  }
  for (;;) {
    const auto found = groups_.find(id);
    if (found == groups_.end() || found->second.writes.empty() || !found->second.writes.front().stored) {
      return;
    }
    const UnderWay first = found->second.writes.front();
    found->second.writes.pop_front();
    step(id, groups::Written{first.id, *first.stored});
  }
}

const groups::Group* GroupShard::find(const std::string& id) const {
  const auto found = groups_.find(id);
  return found != groups_.end() ? &found->second.group : nullptr;
}

void GroupShard::for_each(const std::function<void(const groups::Group&)>& action) const {
  for (const auto& [id, one] : groups_) {
    action(one.group);
  }
}

void GroupShard::close() {
  is_closed_ = true;
  for (const auto& [token, waiting] : std::exchange(waiting_, {})) {
    waiting->complete(failure(ErrorCode::COORDINATOR_NOT_AVAILABLE, "the broker is stopping"));
  }
}

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
  const groups::Group& group = groups_.at(id).group;
  const std::int64_t retention_ms = std::int64_t{broker_.config.offsets_retention_minutes} * 60'000;
  const std::int64_t oldest = now_ms() - retention_ms;
  const bool is_empty = group.state() == groups::State::Empty;
  const bool is_left = is_empty && group.state_since() < oldest;
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
