#include "protocol/primitives.h"

namespace ottla {

std::span<std::byte> Reader::take(std::size_t size) {
  if (!ok() || remaining() < size) {
    fail("truncated");
    return {};
  }
  const auto taken = bytes_.subspan(position_, size);
  position_ += size;
  return taken;
}

// At most 5 bytes for 32 bits, 10 for 64; bits beyond the type are an error and not dropped.
std::uint64_t Reader::unsigned_varint(int max_bytes) {
  const unsigned value_bits = max_bytes == 5 ? 32 : 64;
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < static_cast<unsigned>(max_bytes) * 7; shift += 7) {
    const std::uint64_t byte = integer<std::uint8_t>();
    const std::uint64_t bits = byte & 0x7FU;
    if (shift + 7 > value_bits && (bits >> (value_bits - shift)) != 0) {
      fail("varint overflow");
      return 0;
    }
    value |= bits << shift;
    if ((byte & 0x80U) == 0) {
      return value;
    }
  }
  fail("varint too long");
  return 0;
}

std::int32_t Reader::varint() {
  const auto raw = static_cast<std::uint32_t>(unsigned_varint(5));
  return static_cast<std::int32_t>((raw >> 1U) ^ (~(raw & 1U) + 1U));
}

std::int64_t Reader::varlong() {
  const std::uint64_t raw = unsigned_varint(10);
  return static_cast<std::int64_t>((raw >> 1U) ^ (~(raw & 1U) + 1U));
}

void Writer::unsigned_varint(std::uint64_t value) {
  while (value > 0x7FU) {
    bytes_.push_back(static_cast<std::byte>((value & 0x7FU) | 0x80U));
    value >>= 7U;
  }
  bytes_.push_back(static_cast<std::byte>(value));
}

void Writer::varint(std::int32_t value) {
  unsigned_varint((static_cast<std::uint32_t>(value) << 1U) ^ static_cast<std::uint32_t>(value >> 31));
}

void Writer::varlong(std::int64_t value) {
  unsigned_varint((static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63));
}

void Writer::splice(std::span<const std::byte> bytes) {
  if (!bytes.empty()) {
    splices_.push_back({.position = bytes_.size(), .bytes = bytes, .in_file = {}});
    spliced_bytes_ += bytes.size();
  }
}

void Writer::splice(FilePart part) {
  splices_.push_back({.position = bytes_.size(), .bytes = {}, .in_file = part});
  in_files_bytes_ += part.size_bytes;
}

Bytes Writer::flatten() const {
  Bytes whole;
  whole.reserve(size_bytes());
  for_each_part([&](std::span<const std::byte> part) { whole.insert(whole.end(), part.begin(), part.end()); });
  return whole;
}

}  // namespace ottla
