#include "broker/groups/group_shard.h"

#include <fmt/format.h>

#include <boost/algorithm/string/replace.hpp>
#include <charconv>

#include "broker/broker.h"
#include "broker/group_config.h"
#include "broker/groups/group_coordinator.h"
#include "broker/groups/offsets_topic.h"
#include "broker/log.h"

namespace ottla {

namespace {

constexpr groups::Millis wait_worth_a_line_ms = 5000;
constexpr auto write_time_out = std::chrono::seconds(5);  // Kafka's offsets.commit.timeout.ms

std::int32_t number(const std::string& text) {
  std::int32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

groups::Settings settings_of(const Config& config) {
  return {.initial_rebalance_delay_ms = config.group_initial_rebalance_delay_ms,
          .min_session_timeout_ms = config.group_min_session_timeout_ms,
          .max_session_timeout_ms = config.group_max_session_timeout_ms,
          .max_size = config.group_max_size,
          .consumer_session_timeout_ms = config.group_consumer_session_timeout_ms,
          .consumer_heartbeat_interval_ms = config.group_consumer_heartbeat_interval_ms,
          .consumer_max_size = config.group_consumer_max_size};
}

// The broker's, and what the group has of its own above them.
groups::Settings settings_of(const Broker& broker, const std::string& id) {
  groups::Settings settings = settings_of(broker.config);
  const Configs own =
      broker.metadata->read([&](const Controller& state) { return state.configs(config_resource::group, id); });
  if (!own.empty()) {
    const auto value = [&](std::string_view name) { return number(*effective_group_value(own, broker.config, name)); };
    settings.consumer_session_timeout_ms = value("consumer.session.timeout.ms");
    settings.consumer_heartbeat_interval_ms = value("consumer.heartbeat.interval.ms");
  }
  return settings;
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
  const auto [found, is_new] =
      groups_.try_emplace(id, groups::AnyGroup(id, settings_of(broker_.config)), std::move(home));
  return found->second;
}

Result<void> GroupShard::restore(Partition& partition) {
  const auto home = partition.shared_from_this();
  epochs_[&partition] = partition.view().leader_epoch;
  return read_all_records(partition, [&](const RecordView& record) -> Result<void> {
    if (!record.key) {
      return {};
    }
    auto said = groups::read_record(*record.key, record.value);
    if (!said) {
      return std::unexpected(said.error());
    }
    std::visit(
        [&](const auto& one) {
          if constexpr (requires { one.group; }) {
            served(one.group, home).group.restore(*said);
          }
        },
        *said);
    return {};
  });
}

void GroupShard::start() {
  asio::post(core_.io, [this] { plan_clean_up(); });
}

void GroupShard::forget(const Partition& home) {
  for (auto one = waiting_.begin(); one != waiting_.end();) {
    if (one->second.home.get() == &home) {
      one->second.answer->complete(failure(ErrorCode::NOT_COORDINATOR, "another broker coordinates the group"));
      one = waiting_.erase(one);
    } else {
      ++one;
    }
  }
  epochs_.erase(&home);
  std::erase_if(groups_, [&](const auto& one) {
    if (one.second.home.get() != &home) {
      return false;
    }
    if (one.second.timer) {
      core_.cancel(*one.second.timer);
    }
    return true;
  });
}

void GroupShard::loaded(const Partition& home) {
  const auto is_of_it = [&home](const Served& one) { return one.home.get() == &home; };
  std::erase_if(groups_, [&](const auto& one) { return is_of_it(one.second) && one.second.group.is_forgettable(); });
  asio::post(core_.io, [this, is_of_it] {
    for (auto& [id, one] : groups_) {
      if (is_of_it(one)) {
        one.group.loaded(now_ms(), broker_.groups->topics());
        arm(one);
      }
    }
    count_held_bytes();
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
  if (!has_room_for(id, event)) {
    answer->complete(failure(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
                             "the members of all groups take as much memory as group.members.max.bytes allows"));
    return;
  }
  served(id, home);
  const groups::Token token = ++last_token_;
  waiting_.emplace(token, Waiting{std::move(home), std::move(answer)});
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
  one.group.set_settings(settings_of(broker_, id));
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
      waiting.mapped().answer->complete(std::move(answer.response));
    }
  }
  if (one.group.is_forgettable()) {
    if (one.timer) {
      core_.cancel(*one.timer);
    }
    groups_.erase(found);
    return;
  }
  look_into_waiting(one);
  arm(one);
}

// A group that still waits when its rebalance is this old: one line that says for whom, and what happens when.
void GroupShard::look_into_waiting(Served& one) {
  const groups::Millis began = one.group.rebalanced_at();
  if (began == one.looked_into || now_ms() < began + wait_worth_a_line_ms) {
    return;
  }
  one.looked_into = began;
  if (one.group.waits()) {
    std::string text = one.group.explain(now_ms());
    text.pop_back();
    logger().warn("{}", boost::replace_all_copy(text, "\n ", ";"));
  }
}

// One timer for each group. It is moved only when something is due earlier: a heartbeat moves deadlines away all the
// time.
void GroupShard::arm(Served& one) {
  groups::Millis due = one.group.deadline();
  if (const groups::Millis began = one.group.rebalanced_at(); began != one.looked_into) {
    due = std::min(due, began + wait_worth_a_line_ms);
  }
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
  // Led again after another has led: what is known here is old.
  const auto read = epochs_.find(&home);
  const LeaderEpoch epoch = read != epochs_.end() ? read->second : LeaderEpoch{};
  const AppendBatch batch{bytes, {.header = header, .true_max_timestamp_ms = header.max_timestamp_ms}};
  const auto appended = co_await home.append(core_, batch, true, epoch);
  if (!appended) {
    co_return std::unexpected(appended.error());
  }
  co_return co_await home.wait_until_committed(core_, appended->base_offset + header.records_count, appended->epoch,
                                               write_time_out, true);
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

const groups::AnyGroup* GroupShard::find(const std::string& id) const {
  const auto found = groups_.find(id);
  return found != groups_.end() ? &found->second.group : nullptr;
}

void GroupShard::for_each(const std::function<void(const groups::AnyGroup&)>& action) const {
  for (const auto& [id, one] : groups_) {
    action(one.group);
  }
}

void GroupShard::close() {
  is_closed_ = true;
  for (const auto& [token, waiting] : std::exchange(waiting_, {})) {
    waiting.answer->complete(failure(ErrorCode::COORDINATOR_NOT_AVAILABLE, "the broker is stopping"));
  }
}

}  // namespace ottla
