// One connection of a load: sends prebuilt frames, several in one call, and cuts the replies from what comes; of long
// ones it sees the beginning, the rest is thrown away by the kernel (MSG_TRUNC).
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>

#include "protocol/primitives.h"

namespace ottla {

using Moment = std::chrono::steady_clock::time_point;

class ClientConnection {
 public:
  // Connects; throws what goes wrong, here and below.
  ClientConnection(const std::string& host, std::uint16_t port);
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;
  ~ClientConnection();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  // `intended`: when it should have been sent, for its latency. The frame lives until its reply has come.
  void enqueue(std::span<const std::byte> frame, Moment intended) { waiting_.push_back({frame, intended}); }
  [[nodiscard]] std::size_t outstanding() const { return waiting_.size() + awaiting_.size(); }
  // Sends what the socket takes.
  void send();
  // False: there is more to send when the socket has room again.
  [[nodiscard]] bool has_sent_all() const { return waiting_.empty(); }

  // Reads what has come, and calls on_reply(head, size, intended) for each whole reply: its bytes without the length,
  // or its beginning; and its whole size.
  template <class OnReply>
  void receive(OnReply on_reply);

 private:
  struct Waiting {
    std::span<const std::byte> frame;
    Moment intended;
  };
  std::size_t read(std::byte* to, std::size_t size, int flags) const;  // 0: nothing there

  static constexpr std::size_t buffer_bytes = std::size_t{64} * 1024;
  int descriptor_;
  std::deque<Waiting> waiting_;  // the first one may be sent in part
  std::size_t sent_of_first_ = 0;
  std::deque<Moment> awaiting_;
  std::unique_ptr<std::byte[]> buffer_ = std::make_unique<std::byte[]>(buffer_bytes);
  std::size_t begin_ = 0, end_ = 0;
  std::size_t to_discard_ = 0;  // of a long reply whose head stands in the buffer
};

template <class OnReply>
void ClientConnection::receive(OnReply on_reply) {
  constexpr std::size_t prefix_bytes = 4;
  constexpr std::size_t head_bytes_max = 512;
  const auto done = [&](std::size_t size) {
    const Moment intended = awaiting_.front();
    awaiting_.pop_front();
    const std::size_t here = std::min(size, end_ - begin_ - prefix_bytes);
    on_reply(std::span<const std::byte>(buffer_.get() + begin_ + prefix_bytes, here), size, intended);
    begin_ += prefix_bytes + here;
  };
  const auto size_here = [&] {
    return static_cast<std::size_t>(load_big_endian<std::int32_t>({buffer_.get() + begin_, prefix_bytes}));
  };
  if (to_discard_ > 0) {
    while (to_discard_ > 0) {
      const std::size_t got = read(nullptr, to_discard_, MSG_TRUNC);
      if (got == 0) {
        return;
      }
      to_discard_ -= got;
    }
    done(size_here());
  }
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ > 0) {
    std::copy(buffer_.get() + begin_, buffer_.get() + end_, buffer_.get());
    end_ -= begin_;
    begin_ = 0;
  }
  end_ += read(buffer_.get() + end_, buffer_bytes - end_, 0);
  while (end_ - begin_ >= prefix_bytes) {
    const std::size_t size = size_here();
    if (end_ - begin_ >= prefix_bytes + size) {
      done(size);
    } else if (prefix_bytes + size > buffer_bytes && begin_ == 0 && end_ >= head_bytes_max) {
      to_discard_ = prefix_bytes + size - end_;
      return receive(on_reply);
    } else {
      return;
    }
  }
}

}  // namespace ottla
