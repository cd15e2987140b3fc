#include "broker/core.h"

#include <fmt/format.h>
#include <pthread.h>

#include "broker/connection.h"

namespace ottla {

void Core::start() {
  thread_ = std::jthread([this] {
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

void Core::at_end_of_turn(std::function<void()> action) {
  turn_end_.push_back(std::move(action));
  if (turn_end_.size() == 1) {
    asio::post(io, [this] {
      for (auto& ending : std::exchange(turn_end_, {})) {
        ending();
      }
    });
  }
}

}  // namespace ottla
