#include "protocol/ids.h"

#include <sys/random.h>

#include <cstdlib>

namespace ottla {

namespace {
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t text_length = 22;
}  // namespace

std::string Uuid::to_string() const {
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8U) | byte;
    held += 8;
    while (held >= 6) {
      held -= 6;
      text += alphabet[(bits >> static_cast<unsigned>(held)) & 63U];
    }
  }
  text += alphabet[(bits << static_cast<unsigned>(6 - held)) & 63U];
  return text;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != text_length) {
    return std::nullopt;
  }
  Uuid uuid;
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t filled = 0;
  for (const char c : text) {
    const auto digit = alphabet.find(c);
    if (digit == std::string_view::npos) {
      return std::nullopt;
    }
    bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held >= 8 && filled < uuid.bytes.size()) {
      held -= 8;
      uuid.bytes[filled++] = static_cast<std::uint8_t>(bits >> static_cast<unsigned>(held));
    }
  }
  return uuid;
}

Uuid Uuid::random() {
  for (;;) {
    Uuid uuid;
    if (getrandom(uuid.bytes.data(), uuid.bytes.size(), 0) != static_cast<ssize_t>(uuid.bytes.size())) {
      std::abort();  // no source of randomness: nothing that follows could be trusted
    }
    uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0FU) | 0x40U);
    uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3FU) | 0x80U);
    if (uuid.to_string().front() != '-') {
      return uuid;
    }
  }
}

}  // namespace ottla
