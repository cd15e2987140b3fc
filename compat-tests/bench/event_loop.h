// Waits for connections, and for the next moment at which something is due, to the microsecond and without spinning.
#pragma once

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <map>

#include "client_connection.h"

namespace ottla {

class EventLoop {
 public:
  EventLoop() : descriptor_(::epoll_create1(EPOLL_CLOEXEC)) {}
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop() { ::close(descriptor_); }

  // `receive` is called when there is something to read; both outlive the loop's turns.
  void add(ClientConnection& connection, std::function<void()> receive) {
    watched_.push_back(std::make_unique<Watched>(connection, std::move(receive)));
    epoll_event event{.events = EPOLLIN, .data = {.ptr = watched_.back().get()}};
    ::epoll_ctl(descriptor_, EPOLL_CTL_ADD, connection.descriptor(), &event);
  }

  // Sends what waits, then takes what has come, until `deadline` at most.
  void turn(Moment deadline) {
    for (auto& one : watched_) {
      send(*one);
    }
    const auto left = std::max(deadline - std::chrono::steady_clock::now(), std::chrono::nanoseconds(0));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec wait{.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(left - seconds).count()};
    std::array<epoll_event, 128> events{};
    const int count = ::epoll_pwait2(descriptor_, events.data(), events.size(), &wait, nullptr);
    for (int i = 0; i < count; ++i) {
      auto& one = *static_cast<Watched*>(events[static_cast<std::size_t>(i)].data.ptr);
      if ((events[static_cast<std::size_t>(i)].events & ~EPOLLOUT) != 0) {
        one.receive();
      }
    }
  }

 private:
  struct Watched {
    ClientConnection& connection;
    std::function<void()> receive;
    bool wants_to_send = false;
  };
  void send(Watched& one) {
    one.connection.send();
    if (one.wants_to_send == one.connection.has_sent_all()) {
      one.wants_to_send = !one.wants_to_send;
      const auto events = static_cast<std::uint32_t>(EPOLLIN) | (one.wants_to_send ? EPOLLOUT : 0U);
      epoll_event event{.events = events, .data = {.ptr = &one}};
      ::epoll_ctl(descriptor_, EPOLL_CTL_MOD, one.connection.descriptor(), &event);
    }
  }

  int descriptor_;
  std::vector<std::unique_ptr<Watched>> watched_;
};

}  // namespace ottla
