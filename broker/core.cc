#include "broker/core.h"

#include <fmt/format.h>
#include <pthread.h>

#include "broker/connection.h"

namespace ottla {

namespace {

thread_local Core* this_threads_core = nullptr;

}  // namespace

void Core::start() {
  thread_ = std::jthread([this] {
    this_threads_core = this;
    pthread_setname_np(pthread_self(), fmt::format("core-{}", index).c_str());
    const auto work = asio::make_work_guard(io);
    io.run();
  });
}

void Core::stop_and_join() {
  io.stop();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Core::close_connections() {
  for (Connection* connection : std::set(connections_)) {
    connection->close(CloseReason::stopped);
  }
}

Core::TimerKey Core::after(Clock::duration delay, std::function<void()> action) {
  const TimerKey key{Clock::now() + delay, next_timer_++};
  timers_.emplace(key, std::move(action));
  if (key.first < armed_for_) {
    arm();
  }
  return key;
}

void Core::arm() {
  if (timers_.empty()) {
    armed_for_ = Clock::time_point::max();
    return;
  }
  armed_for_ = timers_.begin()->first.first;
  timer_.expires_at(armed_for_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) {
      run_due_timers();
    }
  });
}

void Core::run_due_timers() {
  const auto now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto action = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    action();
  }
  arm();
}

void Core::at_end_of_turn(std::move_only_function<void()> action) {
  turn_end_.push_back(std::move(action));
  if (!turn_end_planned_) {
    turn_end_planned_ = true;
    asio::post(io, [this] { end_turn(); });
  }
}

void Core::end_turn() {
  constexpr int most_rounds = 16;  // then whoever else is ready has its turn
  for (int round = 0; round < most_rounds && !turn_end_.empty(); ++round) {
    std::swap(ending_, turn_end_);
    for (auto& action : ending_) {
      action();
    }
    ending_.clear();
  }
  turn_end_planned_ = !turn_end_.empty();
  if (turn_end_planned_) {
    asio::post(io, [this] { end_turn(); });
  }
}

Core* Core::current() { return this_threads_core; }

}  // namespace ottla
