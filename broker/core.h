// One core: an io_context run by one thread, its timers, its counters, and the connections that live on it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "broker/asio.h"
#include "broker/log.h"
#include "broker/metrics.h"

namespace ottla {

class Connection;

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

  // Runs `action` once at the end of this turn of the loop, after all handlers that are ready now: replies that become
  // ready in one turn leave in one write.
  void at_end_of_turn(std::function<void()> action);

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

  std::map<TimerKey, std::function<void()>> timers_;
  std::uint64_t next_timer_ = 0;
  Clock::time_point armed_for_ = Clock::time_point::max();
  Timer timer_;
  std::vector<std::function<void()>> turn_end_;
  std::jthread thread_;
};

}  // namespace ottla
