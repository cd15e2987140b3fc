// THE LIST. Dispatch, ApiVersions and the oracle tests derive from it.
//
// Adding an API: protocol/api/NN_name.h, broker/handlers/NN_name.cc with a specialisation of handle(), its name in
// api_list.h.
#pragma once

#include "broker/api_list.h"
#include "broker/asio.h"
#include "broker/request_context.h"

namespace ottla {

// One API's behaviour, specialised in handlers/NN_name.cc. The request and the context outlive the coroutine.
template <class Request>
Awaitable<typename Request::Response> handle(RequestContext& context, Request& request);

// A two-stage request lets the next one of its connection start once `dispatched` is complete.
template <class Request>
inline constexpr bool is_two_stage = false;
template <>
inline constexpr bool is_two_stage<ProduceRequest> = true;

// The next request of its connection starts at once, and its reply leaves when it is ready, before or after others:
// one that waits must not hold up another.
template <class Request>
inline constexpr bool is_unordered = false;
template <>
inline constexpr bool is_unordered<ProposeRequest> = true;
template <>
inline constexpr bool is_unordered<ReplicaFetchRequest> = true;
template <>
inline constexpr bool is_unordered<MemberHeartbeatRequest> = true;

}  // namespace ottla
