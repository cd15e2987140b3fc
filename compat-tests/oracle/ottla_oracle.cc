// Our side of the comparison with Kafka's own schemas and codec; see run.sh.
//
//   ottla_oracle describe    every message we serve, a JSON object a line
//   ottla_oracle list        every API we serve: key, name, lowest and highest version, by tabs
//   ottla_oracle roundtrip   decodes what stdin holds, encodes it again to stdout, until the end of stdin
//
// A question of roundtrip is int16 size and message name, int16 version, int32 size and bytes: of a request the header
// and the body, of a response the body. An answer is int8 1, int32 size and bytes (of a request, the same again; of a
// response, a whole frame), or int8 0, int32 size and an error's text.
#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <string>

#include "broker/api_list.h"
#include "protocol/codec.h"
#include "protocol/describe.h"
#include "protocol/frame.h"

namespace ottla {

namespace {

constexpr std::int32_t correlation_id = 0x01020304;  // as in Oracle.java
constexpr std::size_t decode_budget_bytes = std::size_t{64} * 1024 * 1024;

template <class... Requests>
void for_each_request(TypeList<Requests...>, auto act) {
  (act.template operator()<Requests>(), ...);
}

std::string quoted(const std::optional<std::string>& text) { return text ? "\"" + *text + "\"" : "null"; }

template <class Message>
void describe_message(const std::string& name, const Api& api) {
  std::string fields;
  for (const FieldRow& row : describe<Message>()) {
    fields += fmt::format(
        R"({}{{"path":"{}","type":"{}","entity":"{}","versions":"{}","nullable":"{}","tag":{},"plain":{},"default":{}}})",
        fields.empty() ? "" : ",", row.path, row.type, row.entity, row.versions, row.nullable_versions, row.tag,
        row.plain, quoted(row.default_value));
  }
  fmt::print(R"({{"name":"{}","key":{},"min":{},"max":{},"flexible":{},"fields":[{}]}})"
             "\n",
             name, api.key, api.versions.min, api.versions.max, api.flexible, fields);
}

template <class Request>
void describe_api() {
  describe_message<Request>(std::string(Request::api.name) + "Request", Request::api);
  describe_message<typename Request::Response>(std::string(Request::api.name) + "Response", Request::api);
}

// Our code never writes a request header, so the oracle does, from what our reader understood.
struct WrittenRequestHeader {
  RequestHeader read;
  static void fields(auto& v, auto& m) {
    v("RequestApiKey", m.read.api_key);
    v("RequestApiVersion", m.read.api_version);
    v("CorrelationId", m.read.correlation_id);
    v("ClientId", m.read.client_id, nullable_since(1), plain());
  }
};

template <class Request>
Result<Bytes> round_trip_request(std::span<std::byte> frame, std::int16_t version) {
  const bool flexible = version >= Request::api.flexible;
  auto header = read_request_header(frame);
  if (!header) {
    return std::unexpected(header.error());
  }
  auto body = request_body(frame, *header, flexible);
  if (!body) {
    return std::unexpected(body.error());
  }
  DecodeBudget budget{decode_budget_bytes};
  auto request = decode_message<Request>(*body, version, Request::api.flexible, budget);
  if (!request) {
    return std::unexpected(request.error());
  }
  Writer out;
  encode_message(out, WrittenRequestHeader{*header}, flexible ? 2 : 1, 2);
  encode_message(out, *request, version, Request::api.flexible);
  return out.flatten();
}

template <class Request>
Result<Bytes> round_trip_response(std::span<std::byte> body, std::int16_t version) {
  DecodeBudget budget{decode_budget_bytes};
  auto response = decode_message<typename Request::Response>(body, version, Request::api.flexible, budget);
  if (!response) {
    return std::unexpected(response.error());
  }
  Writer out;
  const bool is_api_versions = Request::api.key == ApiVersionsRequest::api.key;
  begin_response(out, correlation_id, version >= Request::api.flexible && !is_api_versions);
  encode_message(out, *response, version, Request::api.flexible);
  finish_response(out);
  return out.flatten();
}

using RoundTrip = std::function<Result<Bytes>(std::span<std::byte>, std::int16_t)>;

std::map<std::string, RoundTrip> all_round_trips() {
  std::map<std::string, RoundTrip> all;
  for_each_request(Handlers{}, [&all]<class Request>() {
    all[std::string(Request::api.name) + "Request"] = &round_trip_request<Request>;
    all[std::string(Request::api.name) + "Response"] = &round_trip_response<Request>;
  });
  return all;
}

// False at the end of stdin.
bool read_bytes(Bytes& bytes, std::size_t size) {
  bytes.resize(size);
  return static_cast<bool>(std::cin.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size)));
}

template <class Size>
bool read_sized(Bytes& bytes) {
  Bytes size;
  return read_bytes(size, sizeof(Size)) && read_bytes(bytes, static_cast<std::size_t>(load_big_endian<Size>(size)));
}

void answer(const Result<Bytes>& result) {
  Writer out;
  out.integer<std::int8_t>(result ? 1 : 0);
  if (result) {
    out.integer(static_cast<std::int32_t>(result->size()));
    out.raw(*result);
  } else {
    out.integer(static_cast<std::int32_t>(result.error().message.size()));
    out.raw(std::string_view(result.error().message));
  }
  const Bytes bytes = out.flatten();
  std::cout.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size())).flush();
}

void round_trips() {
  const auto all = all_round_trips();
  Bytes name;
  Bytes version;
  Bytes bytes;
  while (read_sized<std::int16_t>(name) && read_bytes(version, sizeof(std::int16_t)) &&
         read_sized<std::int32_t>(bytes)) {
    const auto found = all.find({reinterpret_cast<const char*>(name.data()), name.size()});
    answer(found == all.end() ? failure(ErrorCode::INVALID_REQUEST, "no such message")
                              : found->second(bytes, load_big_endian<std::int16_t>(version)));
  }
}

int run(const std::string& command) {
  if (command == "describe") {
    for_each_request(Handlers{}, []<class Request>() { describe_api<Request>(); });
  } else if (command == "list") {
    for_each_request(Handlers{}, []<class Request>() {
      constexpr const Api& api = Request::api;
      fmt::print("{}\t{}\t{}\t{}\n", api.key, api.name, api.versions.min, api.versions.max);
    });
  } else if (command == "roundtrip") {
    round_trips();
  } else {
    fmt::print(stderr, "usage: ottla_oracle describe|list|roundtrip\n");
    return 2;
  }
  return 0;
}

}  // namespace

}  // namespace ottla

int main(int count, char** arguments) { return ottla::run(count == 2 ? arguments[1] : ""); }
