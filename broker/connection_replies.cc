// How much of requests and replies may pile up in a connection.
#include <algorithm>
#include <limits>
#include <utility>

#include "broker/broker.h"
#include "broker/connection.h"

namespace ottla {

namespace {

// Requests of one connection that may wait for their replies; beyond it we stop reading (a bound, not a tuning knob).
constexpr std::size_t max_pending_replies = 1024;
constexpr std::size_t max_unordered_pending = 10'000;
constexpr std::size_t max_held_bytes = std::size_t{16} * 1024 * 1024;
// Of replies that are left in files. What is deleted stays until they are sent.
constexpr std::size_t max_in_files_bytes = std::size_t{64} * 1024 * 1024;
constexpr std::size_t max_slices = 64;
// Of those that wait to answer, when a reply is sent. Each of them sends one, so none is forgotten.
constexpr int woken_at_once = 16;

}  // namespace

void Connection::finish(const ApiEntry& api, RequestContext& context, const Result<void>& outcome) {
  if (!outcome) {
    close(CloseReason::bad_request, outcome.error().message);
    let_go(*context.reply);
    return;
  }
  core_.metrics.served(api.api.key, Clock::now() - context.received_at, context.reply->has_error);
  make_ready(*context.reply);
}

void Connection::make_ready(Reply& reply) {
  if (closed_) {
    let_go(reply);
    return;
  }
  const std::size_t size = reply.out.memory_bytes();
  reply.held_bytes += size;
  held_bytes_ += size;
  unsent_bytes_ += size;
  reply.ready = true;
  in_files_bytes_ += reply.out.size_bytes() - reply.out.memory_bytes();
  slices_ += reply.slices.size();
  count_held();
  reply_ready();
}

bool Connection::has_room() const {
  const bool is_tight = !is_from_broker_ && broker_.held_memory.is_tight();
  return replies_.size() < max_pending_replies && unordered_pending_ < max_unordered_pending &&
         held_bytes_ < (is_tight ? HeldMemory::small_bytes : max_held_bytes) && in_files_bytes_ < max_in_files_bytes &&
         slices_ < max_slices;
}

// Keeps HeldMemory right about this connection. One that is closed holds what its requests under way do.
void Connection::count_held() {
  const std::size_t unread = closed_ ? 0 : waiting_bytes_ + std::max(reserved_bytes_, reader_.partial_bytes());
  const std::size_t held = is_from_broker_ ? 0 : held_bytes_ + unread;
  count(held > HeldMemory::small_bytes ? held : 0);
}

void Connection::count(std::size_t held) {
  const auto now = static_cast<std::int64_t>(held);
  if (const std::int64_t change = now - std::exchange(counted_bytes_, now); change != 0) {
    core_.held_bytes.add(change);
    broker_.held_memory.add(change);
  }
}

void Connection::drop_replies(const std::vector<std::shared_ptr<Reply>>& dropped) {
  for (const auto& reply : dropped) {
    if (reply->ready) {
      let_go(*reply);
    }
  }
}

// A reply that was sent, or never will be.
void Connection::let_go(Reply& reply) {
  held_bytes_ -= reply.held_bytes;
  if (reply.ready) {
    unsent_bytes_ -= reply.out.memory_bytes();
    in_files_bytes_ -= reply.out.size_bytes() - reply.out.memory_bytes();
    slices_ -= reply.slices.size();
    reply.slices.clear();
  }
  reply.held_bytes = 0;
  count_held();
  if (room_ && has_room()) {
    room_->complete(true);
  }
  for (int i = 0; i < woken_at_once && !waiting_to_answer_.empty() && unsent_bytes_ < max_held_bytes; ++i) {
    waiting_to_answer_.front()->complete(true);
    waiting_to_answer_.pop_front();
  }
}

void Connection::end_waits() {
  if (room_) {
    room_->complete(true);
  }
  for (const auto& waiting : std::exchange(waiting_to_answer_, {})) {
    waiting->complete(true);
  }
  for (const auto& waiting : std::exchange(woken_at_close_, {})) {
    waiting->complete(true);
  }
}

void Connection::wake_at_close(const std::shared_ptr<OneShot<bool>>& waiting) {
  if (closed_) {
    waiting->complete(true);
  } else {
    woken_at_close_.insert(waiting);
  }
}

Awaitable<> Connection::wait_for_room() {
  while (!has_room() && !closed_) {
    room_ = std::make_shared<OneShot<bool>>();
    const auto room = room_;
    co_await room->wait();
  }
}

// Never into a frame that might have to wait: those who wait would hold what they wait for.
std::size_t Connection::may_receive_bytes() const {
  if (is_from_broker_) {
    return std::numeric_limits<std::size_t>::max();
  }
  return std::max(reserved_bytes_, HeldMemory::small_bytes) - reader_.partial_bytes();
}

// A frame of more than a little is read on when there is memory for it; then that for all of it is its own, so that it
// will be whole.
Awaitable<> Connection::wait_for_memory() {
  constexpr auto look_again = std::chrono::milliseconds(10);
  if (is_from_broker_ || reserved_bytes_ > 0 || reader_.partial_bytes() < HeldMemory::small_bytes) {
    co_return;
  }
  Timer timer(core_.io);
  while (broker_.held_memory.is_full() && !closed_) {
    timer.expires_after(look_again);
    co_await timer.async_wait(asio::as_tuple(use_awaitable));
    frame_began_ = Clock::now();
  }
  reserved_bytes_ = reader_.frame_bytes();
  count_held();
}

Awaitable<> Connection::wait_to_answer() {
  while (unsent_bytes_ >= max_held_bytes && !closed_) {
    const auto turn = waiting_to_answer_.emplace_back(std::make_shared<OneShot<bool>>());
    co_await turn->wait();
  }
}

}  // namespace ottla
