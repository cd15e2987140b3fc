#include "broker/connection.h"

#include <fmt/format.h>

#include "broker/broker.h"
#include "broker/handlers.h"
#include "broker/log.h"
#include "protocol/codec.h"

namespace ottla {

namespace {

// Requests of one connection that may wait for their replies; beyond it we stop reading (a bound, not a tuning knob).
constexpr std::size_t max_pending_replies = 1024;
constexpr std::size_t max_held_bytes = std::size_t{16} * 1024 * 1024;
constexpr auto silence_check_interval = std::chrono::seconds(1);
// A frame may take this long, and as much longer as its bytes take at the slowest rate we put up with.
constexpr auto slow_frame_deadline = std::chrono::seconds(30);
constexpr std::size_t slowest_bytes_per_second = 1024;

}  // namespace

Connection::Connection(Socket socket, Core& core, Broker& broker, std::string listener_name)
    : socket_(std::move(socket)),
      core_(core),
      broker_(broker),
      listener_name_(std::move(listener_name)),
      reader_(broker.config.socket_request_max_bytes) {
  boost::system::error_code ignored;
  local_ = socket_.local_endpoint(ignored);
  const auto remote = socket_.remote_endpoint(ignored);
  peer_ = fmt::format("{}:{}", remote.address().to_string(), remote.port());
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  core_.metrics.connection_opened();
  core_.enter(*this);
}

Connection::~Connection() {
  core_.leave(*this);
  core_.metrics.connection_closed(client_software_);
}

Awaitable<> Connection::run() {
  const auto self = shared_from_this();
  watch_for_silence();
  while (!closed_) {
    auto frame = reader_.next();
    if (!frame) {
      close(frame.error().message);
      break;
    }
    if (*frame) {
      co_await serve_frame(std::move(**frame));
      frame_began_ = Clock::now();
      continue;
    }
    const auto space = reader_.space();
    reading_ = true;
    const auto [error, size] =
        co_await socket_.async_read_some(asio::buffer(space.data(), space.size()), asio::as_tuple(use_awaitable));
    reading_ = false;
    if (error) {
      close("");
      break;
    }
    if (!reader_.is_partial()) {
      frame_began_ = Clock::now();
    }
    last_received_ = Clock::now();
    reader_.received(size);
    core_.metrics.received(size);
  }
}

Awaitable<> Connection::serve_frame(Frame frame) {
  auto header = read_request_header(frame.bytes);
  if (!header) {
    close(header.error().message);
    co_return;
  }
  const ApiEntry* api = find_api(header->api_key);
  if (api == nullptr) {
    close(fmt::format("API key {} is not served (version {} asked)", header->api_key, header->api_version));
    co_return;
  }
  co_await wait_for_room();
  auto context = std::make_shared<RequestContext>(broker_, core_, *this, *header, std::move(frame), Clock::now());
  context->reply->held_bytes = context->frame.bytes.size();
  held_bytes_ += context->reply->held_bytes;
  replies_.push_back(context->reply);
  if (header->api_version < api->api.versions.min || header->api_version > api->api.versions.max) {
    if (api->api.key == ApiVersionsRequest::api.key) {
      answer_unsupported_api_versions(*context);
    } else {
      close(fmt::format("{} v{} is not served, only {} to {}", api->api.name, header->api_version,
                        api->api.versions.min, api->api.versions.max));
    }
    co_return;
  }
  served_any_ = true;
  if (api->two_stage) {
    asio::co_spawn(core_.io, serve_two_stage(*api, context), asio::detached);
    co_await context->dispatched.wait();
  } else {
    const auto outcome = co_await api->serve(context);
    finish(*api, *context, outcome);
  }
}

Awaitable<> Connection::serve_two_stage(const ApiEntry& api, std::shared_ptr<RequestContext> context) {
  const auto self = shared_from_this();
  const auto outcome = co_await api.serve(context);
  finish(api, *context, outcome);
  context->dispatched.complete(true);  // if the handler failed before it came to that
}

// KIP-511: whatever was asked, the answer is version 0 with the error, so that any client can read it and ask again.
void Connection::answer_unsupported_api_versions(RequestContext& context) {
  ApiVersionsResponse response;
  response.error_code = ErrorCode::UNSUPPORTED_VERSION;
  response.api_keys = served_api_versions();
  begin_response(context.reply->out, context.header.correlation_id, false);
  encode_message(context.reply->out, response, 0, ApiVersionsRequest::api.flexible);
  finish_response(context.reply->out);
  context.reply->ready = true;
  reply_ready();
}

void Connection::finish(const ApiEntry& api, RequestContext& context, const Result<void>& outcome) {
  if (!outcome) {
    close(outcome.error().message);
    return;
  }
  core_.metrics.served(api.api.key, Clock::now() - context.received_at, context.reply->has_error);
  context.reply->held_bytes += context.reply->out.size_bytes();
  held_bytes_ += context.reply->out.size_bytes();
  context.reply->ready = true;
  reply_ready();
}

bool Connection::has_room() const { return replies_.size() < max_pending_replies && held_bytes_ < max_held_bytes; }

void Connection::let_go(Reply& reply) {
  held_bytes_ -= reply.held_bytes;
  reply.held_bytes = 0;
  if (room_ && has_room()) {
    room_->complete(true);
  }
}

Awaitable<> Connection::wait_for_room() {
  while (!has_room() && !closed_) {
    room_ = std::make_shared<OneShot<bool>>();
    const auto room = room_;
    co_await room->wait();
  }
}

void Connection::reply_ready() {
  if (closed_ || flush_planned_ || writing_ || replies_.empty() || !replies_.front()->ready) {
    return;
  }
  flush_planned_ = true;
  core_.at_end_of_turn([self = shared_from_this()] {
    self->flush_planned_ = false;
    self->write_ready_replies();
  });
}

// Moves the ready replies at the front of the queue to being_written_, as one gathered write. False: nothing to write.
bool Connection::collect_ready_replies() {
  being_written_.clear();
  buffers_.clear();
  while (!replies_.empty() && replies_.front()->ready) {
    auto reply = std::move(replies_.front());
    replies_.pop_front();
    if (reply->nothing_to_send) {
      let_go(*reply);
      continue;
    }
    reply->out.for_each_part(
        [this](std::span<const std::byte> part) { buffers_.emplace_back(part.data(), part.size()); });
    being_written_.push_back(std::move(reply));
  }
  return !buffers_.empty();
}

void Connection::write_ready_replies() {
  if (closed_ || writing_ || !collect_ready_replies()) {
    return;
  }
  writing_ = true;
  asio::async_write(socket_, buffers_,
                    [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
                      self->writing_ = false;
                      for (const auto& reply : self->being_written_) {
                        self->let_go(*reply);
                      }
                      self->core_.metrics.sent(size);
                      if (error) {
                        self->close("");
                        return;
                      }
                      self->write_ready_replies();
                    });
}

bool Connection::is_too_slow(Clock::time_point now) const {
  const std::chrono::seconds for_its_bytes(reader_.partial_bytes() / slowest_bytes_per_second);
  return reading_ && reader_.is_partial() && now - frame_began_ > slow_frame_deadline + for_its_bytes;
}

// A client that sends half a frame and stops, or never speaks, is let go; so is one that stayed idle for too long.
void Connection::watch_for_silence() {
  core_.after(silence_check_interval, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->closed_) {
      return;
    }
    const auto now = Clock::now();
    const auto& config = self->broker_.config;
    if (self->is_too_slow(now)) {
      self->close("a frame came too slowly");
    } else if (!self->served_any_ &&
               now - self->last_received_ > std::chrono::milliseconds(config.connection_handshake_timeout_ms)) {
      self->close("no request within connection.handshake.timeout.ms");
    } else if (self->replies_.empty() &&
               now - self->last_received_ > std::chrono::milliseconds(config.connections_max_idle_ms)) {
      self->close("idle for longer than connections.max.idle.ms");
    } else {
      self->watch_for_silence();
    }
  });
}

void Connection::set_client_software(std::string_view name, std::string_view version) {
  if (client_software_.empty()) {
    client_software_ = core_.metrics.client_seen(name, version);
  }
}

void Connection::close(std::string_view reason) {
  if (closed_) {
    return;
  }
  closed_ = true;
  if (!reason.empty()) {
    logger().warn("closed the connection from {}: {}", peer_, reason);
  }
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
  if (room_) {
    room_->complete(true);
  }
}

}  // namespace ottla
