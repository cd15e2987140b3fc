// One core: an io_context run by one thread, its timers, its counters, and the connections that live on it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <unordered_map>
#include <vector>

#include "broker/asio.h"
#include "broker/log.h"
#include "broker/metrics.h"

namespace ottla {

class Connection;
class Partition;
struct PendingAppend;

class Core {
 public:
  explicit Core(std::size_t index_) : index(index_), timer_(io) {}
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  void start();
  void stop_and_join();

  // All below: on this core's thread only.

  // Calls `action` once `delay` has passed. Timers of one core share a single Asio timer.
  using TimerKey = std::pair<Clock::time_point, std::uint64_t>;
  TimerKey after(Clock::duration delay, std::function<void()> action);
  void cancel(const TimerKey& key) { timers_.erase(key); }

  // Runs `action` once at the end of this turn of the loop, after all handlers that are ready now, and in the order of
  // these calls; what it asks for at the end of the turn still belongs to this one. So what one turn brings is written
  // to a partition together, and replies that become ready in it leave in one write.
  void at_end_of_turn(std::move_only_function<void()> action);
  // What this turn has brought so far to partitions that are yet to write it.
  std::unordered_map<Partition*, std::vector<std::shared_ptr<PendingAppend>>> appends;
  // The one whose thread this is; nullptr: none.
  static Core* current();

  // The connections that live here enter when they are made and leave when they are gone.
  void enter(Connection& connection) { connections_.insert(&connection); }
  void leave(Connection& connection) { connections_.erase(&connection); }
  void close_connections();
  [[nodiscard]] bool has_connections() const { return !connections_.empty(); }

  const std::size_t index;
  CoreMetrics metrics;
  FewLines told;       // of those that were closed
  Counter held_bytes;  // what the connections here add to HeldMemory

 private:
  std::set<Connection*> connections_;

 public:
  // With it go coroutines that have not ended, and with these connections, which leave the set above.
  asio::io_context io{1};

 private:
  void arm();
  void run_due_timers();
  void end_turn();

  std::map<TimerKey, std::function<void()>> timers_;
  std::uint64_t next_timer_ = 0;
  Clock::time_point armed_for_ = Clock::time_point::max();
  Timer timer_;
  std::vector<std::move_only_function<void()>> turn_end_;
  std::vector<std::move_only_function<void()>> ending_;  // those that run now
  bool turn_end_planned_ = false;
  std::jthread thread_;
};

}  // namespace ottla
