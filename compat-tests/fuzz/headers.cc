// Headers of requests and responses: what is read stands in the frame, and written again it is what stood there.
#include "compat-tests/fuzz/fuzz.h"
#include "protocol/frame.h"

namespace ottla {

namespace {

Bytes written(const RequestHeader& header) {
  Writer writer;
  writer.integer(header.api_key);
  writer.integer(header.api_version);
  writer.integer(header.correlation_id);
  writer.integer(header.client_id ? static_cast<std::int16_t>(header.client_id->size()) : std::int16_t{-1});
  writer.raw(header.client_id.value_or(""));
  return writer.flatten();
}

// The body is what follows the header and its tags, to the end of the frame.
void check_body(const Result<std::span<std::byte>>& body, std::span<std::byte> frame, std::size_t header_bytes,
                bool flexible) {
  if (!body) {
    must(flexible && body.error().code == ErrorCode::INVALID_REQUEST, "only tags can be wrong behind a header");
    return;
  }
  const std::size_t least = header_bytes + (flexible ? 1 : 0);
  must(body->size() + least <= frame.size() && (flexible || body->size() + least == frame.size()),
       "the body begins behind the header");
  must(body->data() + body->size() == frame.data() + frame.size(), "the body ends with the frame");
}

void fuzz_request(std::span<std::byte> frame, bool flexible) {
  const auto header = read_request_header(frame);
  if (!header) {
    must(header.error().code == ErrorCode::INVALID_REQUEST && !header.error().message.empty(), "the error says why");
    return;
  }
  must(header->size_bytes <= frame.size(), "a header ends within its frame");
  must(is_same(written(*header), frame.first(header->size_bytes)), "the header, written again, is what was read");
  check_body(request_body(frame, *header, flexible), frame, header->size_bytes, flexible);
  if (!header->client_id) {
    return;
  }
  Writer ours;
  begin_request(ours, header->api_key, header->api_version, header->correlation_id, *header->client_id, flexible);
  finish_request(ours);
  Bytes whole = ours.flatten();
  must(load_big_endian<std::int32_t>(whole) == std::ssize(whole) - 4, "a frame begins with its length");
  const auto again = read_request_header(std::span(whole).subspan(4));
  must(again && again->client_id == header->client_id && again->correlation_id == header->correlation_id,
       "we can read what we ask others");
}

void fuzz_response(std::span<std::byte> frame, bool flexible) {
  constexpr std::size_t correlation_id_bytes = 4;
  const auto response = read_response(frame, flexible);
  if (!response) {
    must(response.error().code == ErrorCode::INVALID_REQUEST, "a response that cannot be read is invalid");
    must(flexible || frame.size() < correlation_id_bytes, "any four bytes begin a response");
    return;
  }
  must(response->correlation_id == load_big_endian<std::int32_t>(frame), "the correlation id comes first");
  check_body(response->body, frame, correlation_id_bytes, flexible);
}

}  // namespace

void fuzz(Input input) {
  const bool flexible = (input.byte() & 1U) != 0;
  Bytes frame = input.rest();
  fuzz_request(frame, flexible);
  fuzz_response(frame, flexible);
}

}  // namespace ottla
