#include "floor_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "protocol/primitives.h"
#include "protocol/record_batch.h"

namespace ottla {

namespace {

constexpr std::size_t prefix_bytes = 4;
constexpr std::size_t least_buffer_bytes = std::size_t{64} * 1024;

void need(bool true_of_it, const char* what) {
  if (!true_of_it) {
    throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
  }
}

struct Store {
  FloorWork work;
  int descriptor = -1;
  std::int64_t written = 0;
  std::int64_t read_at = 0;
};

class FloorConnection {
 public:
  FloorConnection(int descriptor, Store& store) : descriptor_(descriptor), store_(store) {
    in_.resize(least_buffer_bytes);
  }
  FloorConnection(const FloorConnection&) = delete;
  FloorConnection& operator=(const FloorConnection&) = delete;
  ~FloorConnection() { ::close(descriptor_); }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] bool has_sent_all() const { return sent_ == out_bytes_; }

  bool receive();  // false: the other side has gone
  bool send();

 private:
  void serve(std::span<std::byte> frames);
  void answer_produce(std::span<std::byte> frame);
  void answer_fetch(std::span<std::byte> frame);
  // A reply of so many bytes behind its length; only the first ones are cleared.
  std::span<std::byte> begin_reply(std::int32_t rest_bytes, std::size_t head_bytes);

  int descriptor_;
  Store& store_;
  Bytes in_;
  std::size_t end_ = 0;
  Bytes out_;  // never shrinks
  std::size_t out_bytes_ = 0;
  std::size_t sent_ = 0;
};

bool FloorConnection::receive() {
  const ssize_t got = ::recv(descriptor_, in_.data() + end_, in_.size() - end_, MSG_DONTWAIT);
  if (got <= 0) {
    return got < 0 && errno == EAGAIN;
  }
  end_ += static_cast<std::size_t>(got);
  std::size_t at = 0;
  std::size_t wanted = least_buffer_bytes;
  while (end_ - at >= prefix_bytes) {
    const auto size = static_cast<std::size_t>(load_big_endian<std::int32_t>(std::span(in_).subspan(at)));
    if (end_ - at < prefix_bytes + size) {
      wanted = std::max(wanted, prefix_bytes + size);
      break;
    }
    at += prefix_bytes + size;
  }
  if (at > 0) {
    serve(std::span(in_).first(at));
    std::memmove(in_.data(), in_.data() + at, end_ - at);
    end_ -= at;
  }
  if (wanted > in_.size()) {
    in_.resize(wanted);
  }
  return send();
}

void FloorConnection::serve(std::span<std::byte> frames) {
  if (store_.work >= FloorWork::crc) {
    volatile std::uint32_t sum = crc32c(frames);
    (void)sum;
  }
  const bool is_fetch = load_big_endian<std::int16_t>(frames.subspan(prefix_bytes)) == 1;
  if (store_.work == FloorWork::write && !is_fetch) {
    const ssize_t put = ::pwrite(store_.descriptor, frames.data(), frames.size(), store_.written);
    need(put == static_cast<ssize_t>(frames.size()), "writing");
    store_.written += put;
  }
  while (!frames.empty()) {
    const auto size = static_cast<std::size_t>(load_big_endian<std::int32_t>(frames));
    const auto frame = frames.subspan(prefix_bytes, size);
    is_fetch ? answer_fetch(frame) : answer_produce(frame);
    frames = frames.subspan(prefix_bytes + size);
  }
}

std::span<std::byte> FloorConnection::begin_reply(std::int32_t rest_bytes, std::size_t head_bytes) {
  if (has_sent_all()) {
    out_bytes_ = sent_ = 0;
  }
  const std::size_t whole = prefix_bytes + static_cast<std::size_t>(rest_bytes);
  if (out_.size() < out_bytes_ + whole) {
    out_.resize(out_bytes_ + whole);
  }
  const auto reply = std::span(out_).subspan(out_bytes_, whole);
  out_bytes_ += whole;
  store_big_endian(reply, rest_bytes);
  std::ranges::fill(reply.subspan(prefix_bytes, head_bytes), std::byte{});
  return reply;
}

// Zeros, but for the length: nobody looks at more.
void FloorConnection::answer_produce(std::span<std::byte> frame) {
  constexpr std::int32_t partition_bytes = 30;
  Reader reader(frame);
  (void)reader.take(8);
  (void)reader.take(static_cast<std::size_t>(reader.integer<std::int16_t>()));  // client id
  (void)reader.take(2 + 2 + 4 + 4);  // no transaction, acks, time-out, topics
  const auto name_bytes = reader.integer<std::int16_t>();
  (void)reader.take(static_cast<std::size_t>(name_bytes));
  const std::int32_t size = 4 + 4 + 2 + name_bytes + 4 + partition_bytes * reader.integer<std::int32_t>() + 4;
  begin_reply(size, static_cast<std::size_t>(size));
}

void FloorConnection::answer_fetch(std::span<std::byte> frame) {
  Reader reader(frame);
  (void)reader.take(8);
  (void)reader.take(static_cast<std::size_t>(reader.integer<std::int16_t>()));
  (void)reader.take(4 + 4 + 4);  // replica, wait, least bytes
  const auto wanted = reader.integer<std::int32_t>();
  (void)reader.take(1 + 4 + 4 + 4);  // isolation, session, its epoch, topics
  const auto head_bytes = 66 + reader.integer<std::int16_t>();
  store_.read_at = store_.read_at + wanted > store_.written ? 0 : store_.read_at;
  const auto reply = begin_reply(head_bytes + wanted, static_cast<std::size_t>(head_bytes));
  const auto records = reply.last(static_cast<std::size_t>(wanted));
  need(::pread(store_.descriptor, records.data(), records.size(), store_.read_at) >= 0, "reading");
  store_.read_at += wanted;
}

bool FloorConnection::send() {
  if (has_sent_all()) {
    return true;
  }
  const ssize_t put = ::send(descriptor_, out_.data() + sent_, out_bytes_ - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (put < 0) {
    return errno == EAGAIN;
  }
  sent_ += static_cast<std::size_t>(put);
  return true;
}

int listen_somewhere() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  need(::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(listener, 1024) == 0,
       "listening");
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  fmt::print("ready {}\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

class FloorServer {
 public:
  explicit FloorServer(Store store)
      : store_(store), poll_(::epoll_create1(EPOLL_CLOEXEC)), listener_(listen_somewhere()) {
    watch(listener_, nullptr, EPOLLIN, EPOLL_CTL_ADD);
  }
  void run() {
    std::array<epoll_event, 128> events{};
    for (;;) {
      const int count = ::epoll_wait(poll_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        auto* const connection = static_cast<FloorConnection*>(event.data.ptr);
        connection == nullptr ? accept() : serve(connection, event.events);
      }
    }
  }

 private:
  void watch(int descriptor, void* what, std::uint32_t events, int how) const {
    epoll_event event{.events = events, .data = {.ptr = what}};
    ::epoll_ctl(poll_, how, descriptor, &event);
  }
  void accept() {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const int yes = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    watch(descriptor, new FloorConnection(descriptor, store_), EPOLLIN, EPOLL_CTL_ADD);
  }
  void serve(FloorConnection* connection, std::uint32_t events) const {
    const bool had_sent_all = connection->has_sent_all();
    if (!((events & EPOLLOUT) != 0 ? connection->send() : connection->receive())) {
      delete connection;
    } else if (had_sent_all != connection->has_sent_all()) {
      watch(connection->descriptor(), connection, had_sent_all ? EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
    }
  }

  Store store_;
  int poll_, listener_;
};

}  // namespace

void serve_floor(FloorWork work, const std::string& file) {
  Store store{.work = work};
  store.descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  need(store.descriptor >= 0, "opening");
  FloorServer(store).run();
}

}  // namespace ottla
