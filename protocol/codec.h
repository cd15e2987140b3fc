// Messages to bytes and back. Instantiated in a few .cc files only (broker/dispatch.cc, the oracle), never in handlers.
#pragma once

#include <fmt/format.h>

#include "protocol/decoder.h"
#include "protocol/encoder.h"

namespace ottla {

// `flexible_since`: the first version with compact types and tags (Api::flexible).
template <class Message>
void encode_message(Writer& writer, const Message& message, std::int16_t version, std::int16_t flexible_since) {
  Encoder(writer, version, version >= flexible_since).structure(message);
}

enum class LeftOver { refused, ignored };

// What follows the message is an error unless it is to be ignored. Error INVALID_REQUEST: "truncated at Topics[3].Name,
// byte 57".
template <class Message>
Result<Message> decode_message(std::span<std::byte> bytes, std::int16_t version, std::int16_t flexible_since,
                               DecodeBudget& budget, LeftOver left_over = LeftOver::refused) {
  Reader reader(bytes);
  Decoder decoder(reader, version, version >= flexible_since, budget);
  Message message;
  decoder.structure(message);
  if (left_over == LeftOver::refused && reader.ok() && reader.remaining() > 0) {
    reader.fail("bytes left over");
  }
  if (!reader.ok()) {
    return failure(ErrorCode::INVALID_REQUEST,
                   fmt::format("{} at {}, byte {}", reader.error(), decoder.path().empty() ? "the end" : decoder.path(),
                               reader.position()));
  }
  return message;
}

}  // namespace ottla
