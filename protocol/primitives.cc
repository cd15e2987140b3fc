#include "protocol/primitives.h"

#include <algorithm>

namespace ottla {

Reader::Varint Reader::read_varint(std::span<const std::byte> bytes, int max_bytes) {
  const unsigned value_bits = max_bytes == 5 ? 32 : 64;
  Varint read;
  for (unsigned shift = 0; shift < static_cast<unsigned>(max_bytes) * 7; shift += 7) {
    if (read.size_bytes == bytes.size()) {
      read.error = "truncated";
      return read;
    }
    const auto byte = std::to_integer<std::uint64_t>(bytes[read.size_bytes++]);
    const std::uint64_t bits = byte & 0x7FU;
    if (shift + 7 > value_bits && (bits >> (value_bits - shift)) != 0) {
      return {0, read.size_bytes, "varint overflow"};
    }
    read.value |= bits << shift;
    if ((byte & 0x80U) == 0) {
      return read;
    }
  }
  return {0, read.size_bytes, "varint too long"};
}

void Writer::unsigned_varint(std::uint64_t value) {
  while (value > 0x7FU) {
    integer(static_cast<std::uint8_t>((value & 0x7FU) | 0x80U));
    value >>= 7U;
  }
  integer(static_cast<std::uint8_t>(value));
}

void Writer::varint(std::int32_t value) {
  unsigned_varint((static_cast<std::uint32_t>(value) << 1U) ^ static_cast<std::uint32_t>(value >> 31));
}

void Writer::varlong(std::int64_t value) {
  unsigned_varint((static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63));
}

void Writer::splice(std::span<const std::byte> bytes) {
  if (!bytes.empty()) {
    splices_.push_back({.position = size_, .bytes = bytes, .in_file = {}});
    spliced_bytes_ += bytes.size();
  }
}

void Writer::splice(FilePart part) {
  splices_.push_back({.position = size_, .bytes = {}, .in_file = part});
  in_files_bytes_ += part.size_bytes;
}

void Writer::grow(std::size_t size) {
  constexpr std::size_t least = 256;  // the whole of most replies
  bytes_.resize(std::max({least, 2 * bytes_.size(), size_ + size}));
}

Bytes Writer::flatten() const {
  Bytes whole;
  whole.reserve(size_bytes());
  for_each_part([&](std::span<const std::byte> part) { whole.insert(whole.end(), part.begin(), part.end()); });
  return whole;
}

}  // namespace ottla
