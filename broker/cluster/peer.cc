#include "broker/cluster/peer.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/basic_resolver.hpp>
#include <utility>

#include "broker/keep_alive.h"
#include "broker/log.h"

namespace ottla {

namespace {

using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

// All of it, in as few calls as the socket allows.
std::size_t all_at_once(const boost::system::error_code& error, std::size_t) {
  constexpr std::size_t most = std::size_t{1} << 30U;
  return error ? 0 : most;
}

// A peer that lost its power answers nothing, not even that it does not know us.
void give_up_after(Socket& socket, Clock::duration silence) {
  const auto time_out =
      static_cast<unsigned int>(std::chrono::duration_cast<std::chrono::milliseconds>(silence).count());
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &time_out, sizeof time_out);
}

}  // namespace

Peer::Peer(Core& core, PeerAddress address, Lost lost, const PeerLimits& limits)
    : core_(core), address_(std::move(address)), lost_(std::move(lost)), limits_(limits) {}

void Peer::close() {
  if (std::exchange(closed_, true)) {
    return;
  }
  if (link_) {
    shut(*link_);
  }
  if (pausing_) {
    pausing_->complete(true);
  }
  fail_all();
}

void Peer::open() {
  if (!std::exchange(running_, true)) {
    asio::co_spawn(core_.io, run(), asio::detached);
  }
}

Awaitable<> Peer::run() {
  const auto self = shared_from_this();
  while (!closed_ && (!queue_.empty() || limits_.stays_connected)) {
    co_await pause();
    if (closed_) {
      break;
    }
    why_refused_.clear();
    const auto link = co_await connect();
    if (closed_) {
      break;
    }
    bool was_of_use = false;
    if (link) {
      const auto began = Clock::now();
      co_await read(link);
      was_of_use = was_answered_ || Clock::now() - began > limits_.longest_pause;
    }
    if (!closed_) {
      broken(link != nullptr, was_of_use);
    }
  }
  link_.reset();
  running_ = false;
}

Awaitable<> Peer::pause() {
  const auto now = Clock::now();
  if (now >= not_before_) {
    co_return;
  }
  pausing_ = std::make_shared<OneShot<bool>>();
  const auto pausing = pausing_;
  const auto timer = core_.after(not_before_ - now, [pausing] { pausing->complete(true); });
  co_await pausing->wait();
  core_.cancel(timer);
  pausing_.reset();
}

Awaitable<std::vector<asio::ip::tcp::endpoint>> Peer::resolve(boost::system::error_code& error) {
  std::vector<asio::ip::tcp::endpoint> endpoints;
  const auto address = asio::ip::make_address(address_.host, error);
  if (!error) {
    endpoints.emplace_back(address, address_.port);
    co_return endpoints;
  }
  Resolver resolver(core_.io.get_executor());
  const std::string port = std::to_string(address_.port);
  const auto [failed, found] = co_await resolver.async_resolve(address_.host, port, asio::as_tuple(use_awaitable));
  error = failed;
  for (const auto& one : found) {
    endpoints.push_back(one.endpoint());
  }
  co_return endpoints;
}

// nullptr: why_refused_ says why.
Awaitable<std::shared_ptr<Peer::Link>> Peer::connect() {
  boost::system::error_code error;
  const auto endpoints = co_await resolve(error);
  refused_at_.reset();
  bool is_refused = !endpoints.empty();  // by all addresses it has
  for (const auto& endpoint : endpoints) {
    if (closed_) {
      break;
    }
    auto link = std::make_shared<Link>(core_, limits_.frame_bytes);
    link_ = link;
    bool is_late = false;
    const auto timer = core_.after(limits_.connect_time_out, [weak = std::weak_ptr(link), &is_late] {
      if (const auto connecting = weak.lock()) {
        is_late = true;
        shut(*connecting);
      }
    });
    std::tie(error) = co_await link->socket.async_connect(endpoint, asio::as_tuple(use_awaitable));
    core_.cancel(timer);
    error = is_late ? asio::error::timed_out : error;
    is_refused = is_refused && error == asio::error::connection_refused;
    if (!error) {
      link->socket.set_option(asio::ip::tcp::no_delay(true), error);
      link->socket.non_blocking(true, error);
      give_up_after(link->socket, limits_.silence);
      keep_alive(link->socket);
      co_return link;
    }
  }
  why_refused_ = error.message();
  if (is_refused) {
    refused_at_ = Clock::now();
  }
  co_return nullptr;
}

Awaitable<> Peer::read(std::shared_ptr<Link> link) {
  is_connected_ = true;
  was_answered_ = false;
  if (std::exchange(was_told_, false)) {
    logger().info("connected to {}:{} again", address_.host, address_.port);
  }
  plan_write();
  while (take_frames(link)) {
    const auto space = link->reader.space();
    const auto [error, size] =
        co_await link->socket.async_read_some(asio::buffer(space.data(), space.size()), asio::as_tuple(use_awaitable));
    if (error) {
      if (why_refused_.empty()) {
        why_refused_ = error == asio::error::eof ? "it closed the connection" : error.message();
      }
      break;
    }
    link->reader.received(size);
  }
  shut(*link);
  is_connected_ = false;
}

void Peer::shut(Link& link) {
  boost::system::error_code ignored;
  link.socket.shutdown(Socket::shutdown_both, ignored);
  link.socket.close(ignored);
}

void Peer::broken(bool was_connected, bool was_of_use) {
  if (!std::exchange(was_told_, true)) {
    logger().warn("no connection to {}:{}: {}", address_.host, address_.port, why_refused_);
  }
  pause_ = was_of_use || pause_ == Clock::duration::zero() ? limits_.first_pause
                                                           : std::min(2 * pause_, limits_.longest_pause);
  std::uniform_real_distribution<> jitter(0.75, 1.25);
  not_before_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(pause_ * jitter(random_));
  link_.reset();
  fail_all();
  if (lost_) {
    lost_(was_connected);
  }
}

void Peer::plan_write() {
  if (write_planned_ || !is_connected_ || link_->writing || queue_.empty()) {
    return;
  }
  write_planned_ = true;
  core_.at_end_of_turn([self = shared_from_this()] {
    self->write_planned_ = false;
    if (self->is_connected_) {
      self->write(self->link_);
    }
  });
}

// What is queued, except for calls that nobody waits for any more.
void Peer::collect(Link& link) {
  link.being_written.clear();
  link.buffers.clear();
  for (Queued& one : std::exchange(queue_, {})) {
    if (!one.call || calls_.contains(*one.call)) {
      link.being_written.push_back(std::move(one.out));
    }
  }
  queued_bytes_ = 0;
  queued_messages_ = 0;
  for (const Writer& out : link.being_written) {
    out.for_each_part(
        [&link](std::span<const std::byte> part) { link.buffers.emplace_back(part.data(), part.size()); });
  }
}

void Peer::write(const std::shared_ptr<Link>& link) {
  if (closed_ || link->writing) {
    return;
  }
  collect(*link);
  if (link->buffers.empty()) {
    return;
  }
  link->writing = true;
  asio::async_write(link->socket, link->buffers, &all_at_once,
                    [self = shared_from_this(), link](const boost::system::error_code& error, std::size_t) {
                      link->writing = false;
                      link->being_written.clear();
                      if (error) {
                        self->refuse(link, error.message());
                      } else if (self->is_connected_ && self->link_ == link) {
                        self->write(link);
                      }
                    });
}

void Peer::refuse(const std::shared_ptr<Link>& link, const std::string& why) {
  if (closed_ || link_ != link || !why_refused_.empty()) {
    return;
  }
  why_refused_ = why;
  shut(*link);  // the reader sees it, and does the rest
}

}  // namespace ottla
