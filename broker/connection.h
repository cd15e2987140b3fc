// One client connection: frames in, replies out in request order (those of some requests between brokers as they become
// ready). Lives on one core and is touched by no other.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "broker/asio.h"
#include "broker/connection_limits.h"
#include "broker/core.h"
#include "broker/dispatch.h"
#include "broker/fetch_session.h"
#include "broker/frame_reader.h"
#include "broker/request_context.h"

namespace ottla {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Socket socket, Core& core, Broker& broker, std::string listener_name, ConnectionLimits::Place place);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Serves until the client leaves, says something that cannot be read, or the broker stops.
  Awaitable<> run();
  // Ends the connection; what is told goes to the log unless it is empty.
  void close(CloseReason reason, std::string_view told = {});

  [[nodiscard]] bool is_closed() const { return closed_; }
  [[nodiscard]] bool is_from_broker() const { return is_from_broker_; }

  std::unique_ptr<FetchSession> fetch_session;  // the Fetch handler's; nullptr: none

  // The address this client reached us by: what Metadata answers unless advertised.listeners says otherwise.
  [[nodiscard]] const asio::ip::tcp::endpoint& local_endpoint() const { return local_; }
  [[nodiscard]] std::string peer_host() const { return peer_.substr(0, peer_.rfind(':')); }
  [[nodiscard]] const std::string& listener_name() const { return listener_name_; }
  // An unordered handler waits here before it reads what it will answer with: so much is not sent yet.
  Awaitable<> wait_to_answer();
  // Completed when the connection closes, at once if it has; until it is forgotten.
  void wake_at_close(const std::shared_ptr<OneShot<bool>>& waiting);
  void forget(const std::shared_ptr<OneShot<bool>>& waiting) { woken_at_close_.erase(waiting); }
  // From ApiVersions v3 (KIP-511); counted in the metrics.
  void set_client_software(std::string_view name, std::string_view version);

 private:
  // Of what is being written: in memory or, unless null, what is left of a slice.
  struct Part {
    asio::const_buffer memory;
    LogSlice* slice = nullptr;
  };

  Awaitable<> serve_frame(Frame frame);
  Awaitable<> serve_two_stage(const ApiEntry& api, std::shared_ptr<RequestContext> context);
  Awaitable<> serve_unordered(const ApiEntry& api, std::shared_ptr<RequestContext> context);
  void answer_unsupported_api_versions(RequestContext& context);
  void finish(const ApiEntry& api, RequestContext& context, const Result<void>& outcome);
  Awaitable<> wait_for_appends();
  Awaitable<> wait_for_room();
  Awaitable<> wait_for_memory();
  [[nodiscard]] std::size_t may_receive_bytes() const;
  [[nodiscard]] bool has_room() const;
  void let_go(Reply& reply);
  void count_held();
  void count(std::size_t held);
  void drop_replies(const std::vector<std::shared_ptr<Reply>>& dropped);
  void make_ready(Reply& reply);
  void end_waits();
  [[nodiscard]] bool is_too_slow(Clock::time_point now) const;
  [[nodiscard]] bool holds_others_up() const;
  [[nodiscard]] bool reads_too_slowly(Clock::time_point now) const;
  void reply_ready();
  void write_ready_replies();
  void write_on();
  [[nodiscard]] std::size_t write_some(boost::system::error_code& error);
  [[nodiscard]] std::size_t write_from_file(const LogSlice& slice, boost::system::error_code& error);
  void took(std::size_t size);
  [[nodiscard]] bool collect_ready_replies();
  void collect(std::shared_ptr<Reply> reply);
  void watch_for_silence();
  void shrink_if_quiet(Clock::time_point now);

  Socket socket_;
  Core& core_;
  Broker& broker_;
  const std::string listener_name_;
  const bool is_from_broker_;  // came by the inter-broker listener of a cluster
  ConnectionLimits::Place place_;
  asio::ip::tcp::endpoint local_;
  std::string peer_;
  FrameReader reader_;
  Clock::time_point last_received_ = Clock::now();
  Clock::time_point frame_began_ = Clock::now();  // its first byte, or when we last turned to reading
  bool reading_ = false;
  bool served_any_ = false;
  bool closed_ = false;

  std::deque<std::shared_ptr<Reply>> replies_;         // in request order, ready or not
  std::vector<std::shared_ptr<Reply>> overtaking_;     // ready, of unordered requests
  std::size_t unordered_pending_ = 0;                  // such requests that have no reply yet
  std::vector<std::shared_ptr<Reply>> being_written_;  // what parts_ sees
  std::vector<Part> parts_;                            // of these, in the order they leave in
  std::size_t next_part_ = 0;                          // the first that has not left whole
  std::size_t being_written_bytes_ = 0;                // of them all
  bool is_writing_from_files_ = false;
  std::vector<asio::const_buffer> buffers_;  // for one call
  std::size_t held_bytes_ = 0;               // of requests not answered and replies not sent
  std::size_t unsent_bytes_ = 0;             // of replies that are ready
  std::size_t in_files_bytes_ = 0;           // of these, but in no memory
  std::size_t slices_ = 0;                   // that they are in
  std::size_t waiting_bytes_ = 0;            // of a request that waits for room
  std::size_t reserved_bytes_ = 0;           // for the whole of a frame that is half received
  std::int64_t counted_bytes_ = 0;           // of this one in HeldMemory
  bool writing_ = false;
  Clock::time_point write_began_;
  Clock::time_point last_sent_;
  bool flush_planned_ = false;
  std::shared_ptr<OneShot<bool>> room_;  // the reader waits here when too many replies are pending
  std::deque<std::shared_ptr<OneShot<bool>>> waiting_to_answer_;
  std::set<std::shared_ptr<OneShot<bool>>> woken_at_close_;
  std::string client_software_;
};

}  // namespace ottla
