#include "broker/connection.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/broker.h"
#include "broker/handlers.h"
#include "broker/keep_alive.h"
#include "broker/log.h"
#include "protocol/codec.h"

namespace ottla {

namespace {

constexpr auto silence_check_interval = std::chrono::seconds(1);
constexpr auto quiet_after = std::chrono::seconds(10);
// A frame may take this long, and as much longer as its bytes take at the slowest rate we put up with.
constexpr auto slow_frame_deadline = std::chrono::seconds(30);
constexpr std::size_t slowest_bytes_per_second = 1024;
// Requests of other kinds may wait for minutes, and hold what they came with.
constexpr std::size_t longest_without_records = std::size_t{10} * 1024 * 1024;
// Who is sent from files keeps them open. A Java consumer may think about what it has for so long
// (max.poll.interval.ms) before it reads on.
constexpr auto from_files_deadline = std::chrono::minutes(5);
constexpr std::size_t slowest_bytes_per_second_from_files = std::size_t{64} * 1024;
constexpr std::size_t slowest_bytes_per_second_if_tight = std::size_t{1024} * 1024;
// The kernel takes twice as much. Left alone it takes megabytes for each: more than stays in a processor's cache, so
// that many readers cost twice as much. Other brokers may be far away.
constexpr int client_send_buffer_bytes = 256 * 1024;

}  // namespace

Connection::Connection(Socket socket, Core& core, Broker& broker, std::string listener_name,
                       ConnectionLimits::Place place)
    : socket_(std::move(socket)),
      core_(core),
      broker_(broker),
      listener_name_(std::move(listener_name)),
      is_from_broker_(broker.cluster != nullptr && broker.config.is_inter_broker(listener_name_)),
      place_(std::move(place)),
      reader_(broker.config.socket_request_max_bytes) {
  boost::system::error_code ignored;
  local_ = socket_.local_endpoint(ignored);
  const auto remote = socket_.remote_endpoint(ignored);
  peer_ = fmt::format("{}:{}", remote.address().to_string(), remote.port());
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  if (!is_from_broker_) {
    socket_.set_option(asio::socket_base::send_buffer_size(client_send_buffer_bytes), ignored);
  }
  core_.metrics.connection_opened();
  core_.enter(*this);
}

Connection::~Connection() {
  core_.leave(*this);
  count(0);
  core_.metrics.connection_closed(client_software_);
}

Awaitable<> Connection::run() {
  const auto self = shared_from_this();
  if (is_from_broker_) {
    keep_alive(socket_);
  }
  watch_for_silence();
  while (!closed_) {
    auto frame = reader_.next();
    if (!frame) {
      close(CloseReason::bad_request, frame.error().message);
      break;
    }
    if (*frame) {
      reserved_bytes_ = 0;
      co_await serve_frame(std::move(**frame));
      frame_began_ = Clock::now();
      continue;
    }
    co_await wait_for_memory();
    if (closed_) {
      break;
    }
    const auto space = reader_.space();
    reading_ = true;
    const auto [error, size] = co_await socket_.async_read_some(
        asio::buffer(space.data(), std::min(space.size(), may_receive_bytes())), asio::as_tuple(use_awaitable));
    reading_ = false;
    if (error == asio::error::operation_aborted && !closed_) {
      reader_.shrink();
      continue;
    }
    if (error) {
      close(CloseReason::left);
      break;
    }
    if (!reader_.is_partial()) {
      frame_began_ = Clock::now();
    }
    last_received_ = Clock::now();
    reader_.received(size);
    core_.metrics.received(size);
    count_held();
  }
}

Awaitable<> Connection::serve_frame(Frame frame) {
  auto header = read_request_header(frame.bytes);
  if (!header) {
    close(CloseReason::bad_request, header.error().message);
    co_return;
  }
  const ApiEntry* api = is_from_broker_ ? find_cluster_api(header->api_key) : nullptr;
  if (api == nullptr) {
    api = find_api(header->api_key);
  }
  if (api == nullptr) {
    close(CloseReason::bad_request,
          fmt::format("API key {} is not served (version {} asked)", header->api_key, header->api_version));
    co_return;
  }
  if (frame.bytes.size() > longest_without_records && header->api_key != ProduceRequest::api.key && !is_from_broker_) {
    close(CloseReason::bad_request, fmt::format("{} of {} bytes", api->api.name, frame.bytes.size()));
    co_return;
  }
  waiting_bytes_ = frame.bytes.size();
  co_await wait_for_room();
  waiting_bytes_ = 0;
  if (closed_) {
    co_return;
  }
  auto context = std::make_shared<RequestContext>(broker_, core_, *this, *header, std::move(frame), Clock::now());
  context->reply->held_bytes = context->frame.bytes.size();
  held_bytes_ += context->reply->held_bytes;
  count_held();
  if (!api->unordered) {
    replies_.push_back(context->reply);
  }
  if (header->api_version < api->api.versions.min || header->api_version > api->api.versions.max) {
    if (api->api.key == ApiVersionsRequest::api.key) {
      answer_unsupported_api_versions(*context);
    } else {
      close(CloseReason::bad_request, fmt::format("{} v{} is not served, only {} to {}", api->api.name,
                                                  header->api_version, api->api.versions.min, api->api.versions.max));
    }
    co_return;
  }
  served_any_ = true;
  if (api->unordered) {
    ++unordered_pending_;
    asio::co_spawn(core_.io, serve_unordered(*api, context), asio::detached);
  } else if (api->two_stage) {
    asio::co_spawn(core_.io, serve_two_stage(*api, context), asio::detached);
    co_await context->dispatched.wait();
  } else {
    co_await wait_for_appends();
    const auto outcome = co_await api->serve(context);
    finish(*api, *context, outcome);
  }
}

// What came before is written when this is over: its first stage may have ended in this turn.
Awaitable<> Connection::wait_for_appends() {
  if (!core_.appends.empty()) {
    const auto written = std::make_shared<OneShot<bool>>();
    core_.at_end_of_turn([written] { written->complete(true); });
    co_await written->wait();
  }
}

Awaitable<> Connection::serve_two_stage(const ApiEntry& api, std::shared_ptr<RequestContext> context) {
  const auto self = shared_from_this();
  const auto outcome = co_await api.serve(context);
  finish(api, *context, outcome);
  context->dispatched.complete(true);  // if the handler failed before it came to that
}

Awaitable<> Connection::serve_unordered(const ApiEntry& api, std::shared_ptr<RequestContext> context) {
  const auto self = shared_from_this();
  const auto outcome = co_await api.serve(context);
  --unordered_pending_;
  overtaking_.push_back(context->reply);
  finish(api, *context, outcome);
}

// KIP-511: whatever was asked, the answer is version 0 with the error, so that any client can read it and ask again.
void Connection::answer_unsupported_api_versions(RequestContext& context) {
  ApiVersionsResponse response;
  response.error_code = ErrorCode::UNSUPPORTED_VERSION;
  response.api_keys = {{.api_key = ApiVersionsRequest::api.key, .max_version = ApiVersionsRequest::api.versions.max}};
  begin_response(context.reply->out, context.header.correlation_id, false);
  encode_message(context.reply->out, response, 0, ApiVersionsRequest::api.flexible);
  finish_response(context.reply->out);
  make_ready(*context.reply);
}

// Both by a rate that is higher where others wait for the memory that this one holds.
bool Connection::is_too_slow(Clock::time_point now) const {
  const std::size_t bytes_per_second = holds_others_up() ? slowest_bytes_per_second_if_tight : slowest_bytes_per_second;
  const std::chrono::seconds for_its_bytes(reader_.partial_bytes() / bytes_per_second);
  return reading_ && reader_.is_partial() && now - frame_began_ > slow_frame_deadline + for_its_bytes;
}

bool Connection::reads_too_slowly(Clock::time_point now) const {
  const std::chrono::seconds for_its_bytes(unsent_bytes_ / slowest_bytes_per_second_if_tight);
  const std::chrono::seconds from_files(being_written_bytes_ / slowest_bytes_per_second_from_files);
  const auto taken = now - write_began_;
  return writing_ && (now - last_sent_ > std::chrono::milliseconds(broker_.config.connections_max_idle_ms) ||
                      (holds_others_up() && taken > slow_frame_deadline + for_its_bytes) ||
                      (is_writing_from_files_ && taken > from_files_deadline + from_files));
}

bool Connection::holds_others_up() const { return counted_bytes_ > 0 && broker_.held_memory.is_tight(); }

// A client that sends half a frame and stops, or never speaks, is let go; so is one that stayed idle for too long.
void Connection::watch_for_silence() {
  core_.after(silence_check_interval, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->closed_) {
      return;
    }
    const auto now = Clock::now();
    const auto& config = self->broker_.config;
    const bool may_be_silent = self->is_from_broker_;  // then either side sees by its end that the other one is gone
    if (self->is_too_slow(now)) {
      self->close(CloseReason::too_slow, "a frame came too slowly");
    } else if (!may_be_silent && !self->served_any_ &&
               now - self->last_received_ > std::chrono::milliseconds(config.connection_handshake_timeout_ms)) {
      self->close(CloseReason::too_slow, "no request within connection.handshake.timeout.ms");
    } else if (!may_be_silent && self->reads_too_slowly(now)) {
      self->close(CloseReason::too_slow, "it does not read its answers");
    } else if (!may_be_silent && !self->writing_ && self->replies_.empty() && self->unordered_pending_ == 0 &&
               now - self->last_received_ > std::chrono::milliseconds(config.connections_max_idle_ms)) {
      self->close(CloseReason::idle, "idle for longer than connections.max.idle.ms");
    } else {
      self->shrink_if_quiet(now);
      self->watch_for_silence();
    }
  });
}

// The room of one who has sent much lately is not kept for one who is silent. It is being received into: run() lets it
// go when that is called off.
void Connection::shrink_if_quiet(Clock::time_point now) {
  if (reading_ && !writing_ && reader_.may_shrink() && now - last_received_ > quiet_after) {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }
}

void Connection::set_client_software(std::string_view name, std::string_view version) {
  if (client_software_.empty()) {
    client_software_ = core_.metrics.client_seen(name, version);
  }
}

void Connection::close(CloseReason reason, std::string_view told) {
  if (closed_) {
    return;
  }
  closed_ = true;
  core_.metrics.closed(reason);
  if (!told.empty() && core_.told.may_tell(peer_host(), Clock::now())) {
    logger().warn("closed the connection from {}: {}", peer_, told);
  }
  place_ = {};
  // Those that are ready; the others belong to requests under way, and are let go when these end (make_ready).
  drop_replies({replies_.begin(), replies_.end()});
  replies_.clear();
  drop_replies(std::exchange(overtaking_, {}));
  count_held();
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
  end_waits();
}

}  // namespace ottla
