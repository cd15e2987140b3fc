#include "broker/dispatch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "broker/connection.h"
#include "broker/handlers.h"
#include "protocol/codec.h"
#include "protocol/frame.h"

namespace ottla {

namespace {

// What decoding may allocate for one request: enough for the densest honest one, small beside what a liar asks for.
constexpr std::size_t decode_budget_base_bytes = std::size_t{256} * 1024;
constexpr std::size_t decode_budget_per_frame_byte = 16;
constexpr std::size_t decode_budget_max_bytes = std::size_t{64} * 1024 * 1024;
// What a client asks about has an answer each, which may be several times as large; a partition of a Fetch ten times.
template <class Request>
constexpr std::size_t decode_elements_max = std::is_same_v<Request, FetchRequest> ? 50'000 : 200'000;

// True if an error code anywhere in the message says so.
template <class T>
bool has_error(const T& value) {
  if constexpr (std::is_same_v<T, ErrorCode>) {
    return value != ErrorCode::NONE;
  } else if constexpr (MessageStruct<T>) {
    bool found = false;
    auto look = [&found](const char*, const auto& member, auto...) { found = found || has_error(member); };
    T::fields(look, value);
    return found;
  } else if constexpr (WireArray<T>) {
    return std::ranges::any_of(value, [](const auto& element) { return has_error(element); });
  } else {
    return false;
  }
}

template <class Request>
Awaitable<Result<void>> serve(std::shared_ptr<RequestContext> context) {
  constexpr const Api& api = Request::api;
  const RequestHeader& header = context->header;
  DecodeBudget budget{std::min(decode_budget_max_bytes,
                               decode_budget_base_bytes + decode_budget_per_frame_byte * context->frame.bytes.size())};
  if (!context->connection.is_from_broker()) {
    budget.left_elements = decode_elements_max<Request>;
  }
  auto body = request_body(context->frame.bytes, header, header.api_version >= api.flexible);
  if (!body) {
    co_return std::unexpected(std::move(body.error()));
  }
  // As Kafka does, and librdkafka needs it: its Metadata request for all topics (seen in 2.12 and 2.16) has three bytes
  // too many.
  auto request = decode_message<Request>(*body, header.api_version, api.flexible, budget, LeftOver::ignored);
  if (!request) {
    co_return failure(request.error().code,
                      fmt::format("{} v{}: {}", api.name, header.api_version, request.error().message));
  }
  auto response = co_await handle(*context, *request);
  context->reply->has_error = has_error(response);
  Writer& out = context->reply->out;
  // ApiVersions answers with a plain header always: a client that does not know our versions yet must read it.
  const bool flexible_header = header.api_version >= api.flexible && api.key != ApiVersionsRequest::api.key;
  begin_response(out, header.correlation_id, flexible_header);
  encode_message(out, response, header.api_version, api.flexible);
  finish_response(out);
  co_return Result<void>{};
}

template <class... Requests>
constexpr auto make_table(TypeList<Requests...>) {
  return std::array{ApiEntry{Requests::api, is_two_stage<Requests>, is_unordered<Requests>, &serve<Requests>}...};
}

constexpr auto table = make_table(Handlers{});
constexpr auto cluster_table = make_table(ClusterHandlers{});
constexpr auto key_of = [](const ApiEntry& entry) { return entry.api.key; };
static_assert(std::ranges::is_sorted(table, {}, key_of) && std::ranges::is_sorted(cluster_table, {}, key_of));

const ApiEntry* find(std::span<const ApiEntry> entries, std::int16_t key) {
  const auto found = std::ranges::lower_bound(entries, key, {}, key_of);
  return found != entries.end() && found->api.key == key ? &*found : nullptr;
}

}  // namespace

std::span<const ApiEntry> served_apis() { return table; }

const ApiEntry* find_api(std::int16_t key) { return find(table, key); }

std::span<const ApiEntry> served_cluster_apis() { return cluster_table; }
const ApiEntry* find_cluster_api(std::int16_t key) { return find(cluster_table, key); }

}  // namespace ottla
