#include "protocol/zstd_frames.h"

#include <zstd.h>

#include <cstdint>

namespace ottla {

namespace {

std::uint32_t load_little_endian(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = sizeof value; i-- > 0;) {
    value = (value << 8U) | std::to_integer<std::uint32_t>(bytes[i]);
  }
  return value;
}

// A window that streaming readers take by default (RFC 8878, 3.1.1.1.2).
bool has_fair_window(std::span<const std::byte> frame) {
  constexpr std::size_t descriptor_at = 4;
  constexpr std::size_t window_at = 5;
  constexpr unsigned single_segment = 0x20;
  constexpr unsigned window_log_least = 10;
  constexpr unsigned window_log_most = 27;
  if (frame.size() <= window_at || load_little_endian(frame) != ZSTD_MAGICNUMBER ||
      (std::to_integer<unsigned>(frame[descriptor_at]) & single_segment) != 0) {
    return true;
  }
  const auto window = std::to_integer<unsigned>(frame[window_at]);  // five bits of logarithm, three of eighths above it
  return window_log_least + (window >> 3U) + ((window & 7U) != 0 ? 1 : 0) <= window_log_most;
}

}  // namespace

const char* fault_of_zstd_frames(std::span<const std::byte> in) {
  if (in.empty()) {
    return "nothing";
  }
  while (!in.empty()) {
    const std::size_t size = ZSTD_findFrameCompressedSize(in.data(), in.size());
    if (ZSTD_isError(size) != 0U) {
      return ZSTD_getErrorName(size);
    }
    if (!has_fair_window(in)) {
      return "a window of more than 128 MiB";
    }
    in = in.subspan(size);
  }
  return nullptr;
}

}  // namespace ottla
