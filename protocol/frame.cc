#include "protocol/frame.h"

#include <fmt/format.h>

namespace ottla {

namespace {

constexpr std::uint32_t header_tags_max = 100;  // Kafka defines none so far

// What follows the tags that end a flexible header, whatever they say.
Result<std::span<std::byte>> without_tags(std::span<std::byte> rest, bool flexible, const char* what) {
  if (!flexible) {
    return rest;
  }
  Reader reader(rest);
  std::int64_t last_tag = -1;
  std::uint32_t left = reader.unsigned_varint();
  if (left > header_tags_max) {
    reader.fail("too many fields");
  }
  for (; left > 0 && reader.ok(); --left) {
    const std::int64_t tag_number = reader.unsigned_varint();
    reader.take(reader.unsigned_varint());
    if (tag_number <= last_tag) {
      reader.fail("tags out of order");
    }
    last_tag = tag_number;
  }
  if (!reader.ok()) {
    return failure(ErrorCode::INVALID_REQUEST, fmt::format("{} in the tags of the {} header", reader.error(), what));
  }
  return rest.subspan(reader.position());
}

}  // namespace

Result<RequestHeader> read_request_header(std::span<std::byte> frame) {
  Reader reader(frame);
  RequestHeader header;
  header.api_key = reader.integer<std::int16_t>();
  header.api_version = reader.integer<std::int16_t>();
  header.correlation_id = reader.integer<std::int32_t>();
  const auto size = reader.integer<std::int16_t>();
  if (size >= 0) {
    const auto text = reader.take(static_cast<std::size_t>(size));
    header.client_id = std::string_view(reinterpret_cast<const char*>(text.data()), text.size());
  } else if (size < -1) {
    reader.fail("negative length");
  }
  if (!reader.ok()) {
    return failure(ErrorCode::INVALID_REQUEST, fmt::format("{} in the request header", reader.error()));
  }
  header.size_bytes = reader.position();
  return header;
}

Result<std::span<std::byte>> request_body(std::span<std::byte> frame, const RequestHeader& header, bool flexible) {
  return without_tags(frame.subspan(header.size_bytes), flexible, "request");
}

void begin_response(Writer& writer, std::int32_t correlation_id, bool flexible) {
  writer.integer<std::int32_t>(0);
  writer.integer(correlation_id);
  if (flexible) {
    writer.unsigned_varint(0);
  }
}

void finish_response(Writer& writer) {
  writer.patch_int32(0, static_cast<std::int32_t>(writer.size_bytes() - sizeof(std::int32_t)));
}

void begin_request(Writer& writer, std::int16_t api_key, std::int16_t api_version, std::int32_t correlation_id,
                   std::string_view client_id, bool flexible) {
  writer.integer<std::int32_t>(0);
  writer.integer(api_key);
  writer.integer(api_version);
  writer.integer(correlation_id);
  writer.integer(static_cast<std::int16_t>(client_id.size()));
  writer.raw(client_id);
  if (flexible) {
    writer.unsigned_varint(0);
  }
}

void finish_request(Writer& writer) { finish_response(writer); }

Result<ResponseFrame> read_response(std::span<std::byte> frame, bool flexible) {
  Reader reader(frame);
  const auto correlation_id = reader.integer<std::int32_t>();
  if (!reader.ok()) {
    return failure(ErrorCode::INVALID_REQUEST, fmt::format("{} in the response header", reader.error()));
  }
  auto body = without_tags(frame.subspan(reader.position()), flexible, "response");
  if (!body) {
    return std::unexpected(std::move(body.error()));
  }
  return ResponseFrame{correlation_id, *body};
}

}  // namespace ottla
