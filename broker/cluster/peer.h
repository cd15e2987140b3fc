// A connection from this broker to another one, for one purpose. Opened when there is something to say, and again after
// it broke, with a pause that grows while nobody answers. Lives on one core and is touched by no other.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "broker/core.h"
#include "broker/frame_reader.h"
#include "broker/one_shot.h"
#include "protocol/error_code.h"
#include "protocol/primitives.h"

namespace ottla {

struct PeerAddress {
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const PeerAddress&, const PeerAddress&) = default;
};

struct PeerLimits {
  std::int32_t frame_bytes = 256 * 1024 * 1024;  // of a request, and of an answer
  std::size_t queued_bytes = std::size_t{64} * 1024 * 1024;
  std::size_t queued_messages = 10'000;  // that have no answer
  Clock::duration connect_time_out = std::chrono::seconds(2);
  Clock::duration silence = std::chrono::seconds(10);  // with bytes that the other side has not confirmed: it is gone
  Clock::duration first_pause = std::chrono::milliseconds(50);
  Clock::duration longest_pause = std::chrono::seconds(1);
  bool stays_connected = false;  // from the first use on: made again when it broke, though there is nothing to say
};

// A response, and the bytes that its records are a view of.
template <class Response>
struct PeerAnswer {
  Frame frame;
  Response response;
};

class Peer : public std::enable_shared_from_this<Peer> {
 public:
  // Called on the core's thread when the connection breaks, or cannot be made.
  using Lost = std::function<void(bool was_connected)>;
  Peer(Core& core, PeerAddress address, Lost lost = {}, const PeerLimits& limits = {});
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Answers are told apart by correlation id and may come in any order. Errors: NETWORK_EXCEPTION (no connection, it
  // broke before the answer came, or too much is queued already), REQUEST_TIMED_OUT (the connection goes on),
  // MESSAGE_TOO_LARGE (the request), INVALID_REQUEST (an answer that cannot be read: the connection is closed).
  // REQUIRES: the request lives until the call is awaited.
  template <class Request>
  Awaitable<Result<PeerAnswer<typename Request::Response>>> call(const Request& request, Clock::duration time_out);

  // For requests that have no answer. Dropped when the connection breaks, and if too much is queued already.
  template <class Request>
  void send(const Request& request);

  // Connects, if it does not yet, with nothing to say. REQUIRES: stays_connected.
  void open();
  // Ends what is under way with NETWORK_EXCEPTION, and nothing begins any more.
  void close();

  [[nodiscard]] const PeerAddress& address() const { return address_; }
  // A moment ago an attempt to connect found a machine where nobody listens at that port: the process is not there. One
  // that is tried again only now and then may have come back since.
  [[nodiscard]] bool is_refused() const { return refused_at_ && Clock::now() - *refused_at_ < refusal_counts_for; }

 private:
  // One connection; replaced by the next.
  struct Link {
    Link(Core& core, std::int32_t frame_bytes) : socket(core.io), reader(frame_bytes) {}
    Socket socket;
    FrameReader reader;
    std::vector<Writer> being_written;  // their buffers are with the kernel
    std::vector<asio::const_buffer> buffers;
    bool writing = false;
  };
  struct Arrived {
    Frame frame;
    std::shared_ptr<Link> link;
  };
  struct Call {
    std::shared_ptr<OneShot<Result<Arrived>>> answer;
    Core::TimerKey timer;
  };
  struct Queued {
    Writer out;
    std::optional<std::int32_t> call;  // its correlation id; nothing: there is no answer
  };

  template <class Request>
  Writer encode(const Request& request, std::int32_t correlation_id) const;
  std::int32_t next_correlation_id();
  // The first stage of a call; the answer comes later, or has come already if it cannot be sent.
  std::shared_ptr<OneShot<Result<Arrived>>> ask(Writer out, std::int32_t correlation_id, Clock::duration time_out);
  void enqueue(Writer out, std::optional<std::int32_t> call);
  [[nodiscard]] bool has_room(const Writer& out) const;
  void complete(std::int32_t correlation_id, Result<Arrived> answer);
  void fail_all();

  Awaitable<> run();
  Awaitable<> pause();
  Awaitable<std::shared_ptr<Link>> connect();
  Awaitable<std::vector<asio::ip::tcp::endpoint>> resolve(boost::system::error_code& error);
  Awaitable<> read(std::shared_ptr<Link> link);
  [[nodiscard]] bool take_frames(const std::shared_ptr<Link>& link);
  void plan_write();
  void write(const std::shared_ptr<Link>& link);
  void collect(Link& link);
  static void shut(Link& link);
  void broken(bool was_connected, bool was_of_use);
  // Closes the connection unless it is another one by now.
  void refuse(const std::shared_ptr<Link>& link, const std::string& why);

  Core& core_;
  const PeerAddress address_;
  const Lost lost_;
  const PeerLimits limits_;
  bool closed_ = false;
  bool running_ = false;
  bool write_planned_ = false;
  bool is_connected_ = false;
  static constexpr Clock::duration refusal_counts_for = std::chrono::milliseconds(300);
  std::optional<Clock::time_point> refused_at_;
  bool was_told_ = false;       // the log knows that there is no connection
  std::shared_ptr<Link> link_;  // being made, or there
  std::string why_refused_;
  bool was_answered_ = false;  // by this connection

  std::deque<Queued> queue_;
  std::size_t queued_bytes_ = 0;
  std::size_t queued_messages_ = 0;
  std::map<std::int32_t, Call> calls_;
  std::int32_t last_correlation_id_ = 0;

  Clock::duration pause_{};
  Clock::time_point not_before_;
  std::shared_ptr<OneShot<bool>> pausing_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace ottla
