// A value that arrives once, from any thread, and one coroutine that waits for it on its own core.
//
// Whoever completes first wins; later completions are ignored, so an event and a time-out may race for the same wait.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "broker/asio.h"
#include "broker/core.h"

namespace ottla {

template <class T>
class OneShot {
 public:
  // True if this call brought the value.
  bool complete(T value) {
    std::move_only_function<void()> resume;
    {
      const std::lock_guard lock(mutex_);
      if (value_) {
        return false;
      }
      value_ = std::move(value);
      resume = std::exchange(resume_, nullptr);
    }
    if (resume) {
      resume();
    }
    return true;
  }

  [[nodiscard]] bool ready() {
    const std::lock_guard lock(mutex_);
    return value_.has_value();
  }

  // REQUIRES: at most one waiter; *this outlives the wait (hold it by shared_ptr where another thread completes it).
  Awaitable<T> wait() {
    if (!ready()) {
      co_await suspended();
    }
    const std::lock_guard lock(mutex_);
    co_return std::move(*value_);
  }

 private:
  Awaitable<> suspended() {
    return asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(
        [this](auto handler) { this->suspend(std::move(handler)); }, use_awaitable);
  }

  void suspend(auto handler) {
    auto executor = asio::get_associated_executor(handler);
    std::unique_lock lock(mutex_);
    if (!value_) {
      resume_ = [executor, handler = std::move(handler)]() mutable { resume(executor, std::move(handler)); };
      return;
    }
    lock.unlock();
    resume(executor, std::move(handler));
  }

  // On its own core, within this turn if it is there that this happens.
  static void resume(const Executor& executor, auto handler) {
    Core* const core = Core::current();
    if (core != nullptr && core->io.get_executor() == executor) {
      core->at_end_of_turn(std::move(handler));
    } else {
      asio::post(executor, std::move(handler));
    }
  }

  std::mutex mutex_;
  std::optional<T> value_;
  std::move_only_function<void()> resume_;
};

}  // namespace ottla
