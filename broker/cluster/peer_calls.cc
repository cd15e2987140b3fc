// What is said over a peer's connection: the queue, the calls that wait, and the messages as bytes.
#include <fmt/format.h>

#include <utility>

#include "broker/cluster/peer.h"
#include "broker/log.h"
#include "protocol/api/10000_quorum_message.h"
#include "protocol/api/10001_propose.h"
#include "protocol/api/10002_replica_fetch.h"
#include "protocol/api/10003_member_heartbeat.h"
#include "protocol/api/10004_join_quorum.h"
#include "protocol/api/55_describe_quorum.h"
#include "protocol/codec.h"
#include "protocol/frame.h"

namespace ottla {

namespace {

constexpr std::string_view client_id = "ottla";
// Answers are flat: their records are a view.
constexpr std::size_t decode_budget_bytes = std::size_t{64} * 1024;

std::unexpected<Error> lost(const char* why) { return failure(ErrorCode::NETWORK_EXCEPTION, why); }

}  // namespace

std::int32_t Peer::next_correlation_id() {
  constexpr std::int32_t last = std::numeric_limits<std::int32_t>::max();
  last_correlation_id_ = last_correlation_id_ == last ? 1 : last_correlation_id_ + 1;
  return last_correlation_id_;
}

template <class Request>
Writer Peer::encode(const Request& request, std::int32_t correlation_id) const {
  constexpr const Api& api = Request::api;
  Writer out;
  begin_request(out, api.key, api.versions.max, correlation_id, client_id, api.versions.max >= api.flexible);
  encode_message(out, request, api.versions.max, api.flexible);
  finish_request(out);
  return out;
}

template <class Request>
Awaitable<Result<PeerAnswer<typename Request::Response>>> Peer::call(const Request& request, Clock::duration time_out) {
  using Response = typename Request::Response;
  constexpr const Api& api = Request::api;
  const auto self = shared_from_this();
  const std::int32_t id = next_correlation_id();
  const auto answer = ask(encode(request, id), id, time_out);
  auto arrived = co_await answer->wait();
  if (!arrived) {
    co_return std::unexpected(std::move(arrived.error()));
  }
  const bool flexible = api.versions.max >= api.flexible;
  DecodeBudget budget{decode_budget_bytes};
  auto whole = read_response(arrived->frame.bytes, flexible);
  auto response = whole ? decode_message<Response>(whole->body, api.versions.max, api.flexible, budget)
                        : Result<Response>(std::unexpected(std::move(whole.error())));
  if (!response) {
    refuse(arrived->link, fmt::format("an answer to {}: {}", api.name, response.error().message));
    co_return std::unexpected(std::move(response.error()));
  }
  PeerAnswer<Response> called{std::move(arrived->frame), std::move(*response)};
  co_return called;
}

template <class Request>
void Peer::send(const Request& request) {
  if (closed_ || queued_messages_ >= limits_.queued_messages) {
    return;
  }
  Writer out = encode(request, next_correlation_id());
  if (has_room(out)) {
    ++queued_messages_;
    enqueue(std::move(out), std::nullopt);
  }
}

bool Peer::has_room(const Writer& out) const {
  return out.size_bytes() <= static_cast<std::size_t>(limits_.frame_bytes) &&
         queued_bytes_ + out.size_bytes() <= limits_.queued_bytes;
}

std::shared_ptr<OneShot<Result<Peer::Arrived>>> Peer::ask(Writer out, std::int32_t correlation_id,
                                                          Clock::duration time_out) {
  auto answer = std::make_shared<OneShot<Result<Arrived>>>();
  if (closed_) {
    answer->complete(lost("the connection is closed"));
  } else if (out.size_bytes() > static_cast<std::size_t>(limits_.frame_bytes)) {
    answer->complete(failure(ErrorCode::MESSAGE_TOO_LARGE, fmt::format("a request of {} bytes", out.size_bytes())));
  } else if (!has_room(out)) {
    answer->complete(lost("too much is queued already"));
  } else {
    const auto timer = core_.after(time_out, [weak = weak_from_this(), correlation_id] {
      if (const auto self = weak.lock()) {
        self->complete(correlation_id, failure(ErrorCode::REQUEST_TIMED_OUT, "no answer came in time"));
      }
    });
    calls_.emplace(correlation_id, Call{answer, timer});
    enqueue(std::move(out), correlation_id);
  }
  return answer;
}

void Peer::enqueue(Writer out, std::optional<std::int32_t> call) {
  queued_bytes_ += out.size_bytes();
  queue_.push_back({std::move(out), call});
  plan_write();
  open();
}

void Peer::complete(std::int32_t correlation_id, Result<Arrived> answer) {
  const auto found = calls_.find(correlation_id);
  if (found == calls_.end()) {
    return;  // timed out
  }
  const Call call = std::move(found->second);
  calls_.erase(found);
  core_.cancel(call.timer);
  call.answer->complete(std::move(answer));
}

void Peer::fail_all() {
  queue_.clear();
  queued_bytes_ = 0;
  queued_messages_ = 0;
  for (const auto& [id, call] : std::exchange(calls_, {})) {
    core_.cancel(call.timer);
    call.answer->complete(lost("there is no connection"));
  }
}

// False: the stream is lost, and why_refused_ says why.
bool Peer::take_frames(const std::shared_ptr<Link>& link) {
  for (;;) {
    auto frame = link->reader.next();
    if (frame && !*frame) {
      return true;
    }
    auto header = frame ? read_response((*frame)->bytes, false) : Result<ResponseFrame>(std::unexpected(frame.error()));
    if (!header) {
      why_refused_ = header.error().message;
      return false;
    }
    was_answered_ = true;
    complete(header->correlation_id, Arrived{std::move(**frame), link});
  }
}

template Awaitable<Result<PeerAnswer<ProposeResponse>>> Peer::call(const ProposeRequest&, Clock::duration);
template Awaitable<Result<PeerAnswer<ReplicaFetchResponse>>> Peer::call(const ReplicaFetchRequest&, Clock::duration);
template Awaitable<Result<PeerAnswer<MemberHeartbeatResponse>>> Peer::call(const MemberHeartbeatRequest&,
                                                                           Clock::duration);
template Awaitable<Result<PeerAnswer<JoinQuorumResponse>>> Peer::call(const JoinQuorumRequest&, Clock::duration);
template Awaitable<Result<PeerAnswer<DescribeQuorumResponse>>> Peer::call(const DescribeQuorumRequest&,
                                                                          Clock::duration);
template Awaitable<Result<PeerAnswer<ChangeVoterResponse>>> Peer::call(const ChangeVoterRequest&, Clock::duration);
template void Peer::send(const QuorumMessageRequest&);

}  // namespace ottla
