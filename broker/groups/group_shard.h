// The groups of some partitions of __consumer_offsets. A shard lives on one core: all of it happens on that core's
// thread, so that it needs no lock. It brings events to the groups and carries out what follows.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "broker/core.h"
#include "broker/groups/core/any_group.h"
#include "broker/one_shot.h"
#include "broker/partition.h"

namespace ottla {

class Broker;

// What a group said, or why nobody could be asked: GROUP_ID_NOT_FOUND, COORDINATOR_NOT_AVAILABLE.
using GroupAnswer = Result<groups::Response>;

enum class IfAbsent : std::uint8_t { create, refuse };

class GroupShard {
 public:
  GroupShard(Core& core, Broker& broker) : core_(core), broker_(broker) {}
  GroupShard(const GroupShard&) = delete;
  GroupShard& operator=(const GroupShard&) = delete;

  [[nodiscard]] Core& core() { return core_; }

  // Before the cores run.
  void start();

  // All below: on the core's thread, or before the cores run. `home` is the group's partition of __consumer_offsets.

  // What one partition of it says. Then `loaded`, or `forget` if it cannot be read to its end.
  Result<void> restore(Partition& home);
  void loaded(const Partition& home);
  // This broker leads it no more: who waits for one of its groups gets NOT_COORDINATOR.
  void forget(const Partition& home);

  void ask(const std::string& id, std::shared_ptr<Partition> home, groups::Event event, IfAbsent if_absent,
           std::shared_ptr<OneShot<GroupAnswer>> answer);
  // nullptr: no such group.
  [[nodiscard]] const groups::AnyGroup* find(const std::string& id) const;
  void for_each(const std::function<void(const groups::AnyGroup&)>& action) const;

  void count_held_bytes();

  // Nobody waits any longer, and none will.
  void close();

  // A clock for the groups: the wall clock's milliseconds when the process began, and steady from there.
  static groups::Millis now_ms();

 private:
  struct Waiting {
    std::shared_ptr<Partition> home;
    std::shared_ptr<OneShot<GroupAnswer>> answer;
  };
  struct UnderWay {
    std::uint64_t id = 0;
    std::optional<bool> stored;  // nothing: it is not over
  };
  struct Served {
    groups::AnyGroup group;
    std::shared_ptr<Partition> home;
    std::optional<Core::TimerKey> timer = std::nullopt;
    groups::Millis timer_at = 0;
    std::deque<UnderWay> writes;
    groups::Millis looked_into = 0;  // the rebalance that has been looked into: when it began
  };

  Served& served(const std::string& id, std::shared_ptr<Partition> home);
  [[nodiscard]] bool has_room_for(const std::string& id, const groups::Event& event);
  void set_held_bytes(std::int64_t bytes);
  void step(const std::string& id, const groups::Event& event);
  void look_into_waiting(Served& one);
  void arm(Served& one);
  void plan_clean_up();
  void clean_up();
  void clean_up(const std::string& id);
  Awaitable<Result<void>> store(Partition& home, const groups::Write& write);
  Awaitable<> write(std::string id, std::shared_ptr<Partition> home, groups::Write write);
  void written(const std::string& id, std::uint64_t write_id, bool stored);

  Core& core_;
  Broker& broker_;
  std::map<std::string, Served> groups_;
  std::map<const Partition*, LeaderEpoch> epochs_;  // in which the groups of a partition were read
  std::unordered_map<groups::Token, Waiting> waiting_;
  groups::Token last_token_ = 0;
  // By the members of its groups: from time to time as it is, in between with all that came and nothing that went.
  std::int64_t held_bytes_ = 0;
  Clock::time_point counted_at_;
  bool is_closed_ = false;
};

}  // namespace ottla
