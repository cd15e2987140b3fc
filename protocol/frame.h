// Frames and headers: what stands before every request and response. See WIRE.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "protocol/error_code.h"
#include "protocol/primitives.h"

namespace ottla {

// Versions 1 and 2 of Kafka's RequestHeader; they differ in the tags at the end of version 2.
struct RequestHeader {
  std::int16_t api_key = 0;
  std::int16_t api_version = 0;
  std::int32_t correlation_id = 0;
  std::optional<std::string_view> client_id;  // a view of the frame; any bytes
  std::size_t size_bytes = 0;                 // up to and with the client id
};

// `frame` is a request without its length prefix. Error INVALID_REQUEST: too short for a header.
Result<RequestHeader> read_request_header(std::span<std::byte> frame);

// The bytes after the header; `flexible` (version 2) skips the header's tags, whatever they say.
Result<std::span<std::byte>> request_body(std::span<std::byte> frame, const RequestHeader& header, bool flexible);

// A length to be patched, the correlation id, and with `flexible` an empty tag section. REQUIRES: a fresh writer.
void begin_response(Writer& writer, std::int32_t correlation_id, bool flexible);
void finish_response(Writer& writer);

// The same for a request of ours: header version 2 with `flexible`, else 1. REQUIRES: a fresh writer.
void begin_request(Writer& writer, std::int16_t api_key, std::int16_t api_version, std::int32_t correlation_id,
                   std::string_view client_id, bool flexible);
void finish_request(Writer& writer);

// A response without its length prefix.
struct ResponseFrame {
  std::int32_t correlation_id = 0;
  std::span<std::byte> body;
};
// Error INVALID_REQUEST: too short for a header.
Result<ResponseFrame> read_response(std::span<std::byte> frame, bool flexible);

}  // namespace ottla
