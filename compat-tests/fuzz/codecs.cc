// The decompressors: whatever the bytes are, the output stays within what was allowed, and is the same at any limit
// that lets it through. And what we compress is what comes back.
#include "compat-tests/fuzz/fuzz.h"
#include "protocol/compression.h"

namespace ottla {

namespace {

void check_bytes_of_others(Codec codec, std::span<const std::byte> bytes, std::int64_t most) {
  const auto plain = decompress(codec, bytes, most);
  if (!plain) {
    must(plain.error().code == ErrorCode::CORRUPT_MESSAGE || plain.error().code == ErrorCode::MESSAGE_TOO_LARGE,
         "compressed bytes are corrupt or too large, nothing else");
    return;
  }
  const std::int64_t size = std::ssize(*plain);
  must(size <= most, "no more than was allowed");
  const auto exactly = decompress(codec, bytes, size);
  must(exactly && is_same(*exactly, *plain), "the limit may be what it needs");
  if (size > 0) {
    const auto less = decompress(codec, bytes, size - 1);
    must(!less && less.error().code == ErrorCode::MESSAGE_TOO_LARGE, "one byte less is too few");
  }
}

void check_round_trip(Codec codec, std::span<const std::byte> plain) {
  const Bytes packed = compress(codec, plain);
  const auto back = decompress(codec, packed, std::ssize(plain));
  must(back && is_same(*back, plain), "what we compress is what comes back");
}

}  // namespace

void fuzz(Input input) {
  constexpr std::uint8_t codecs = 4;
  const auto codec = static_cast<Codec>(1 + input.byte() % codecs);
  const std::int64_t most = std::int64_t{input.byte()} * 4096;
  const Bytes bytes = input.rest();
  check_bytes_of_others(codec, bytes, most);
  check_round_trip(codec, bytes);
}

}  // namespace ottla
