#include "broker/frame_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace ottla {

namespace {

constexpr std::size_t length_prefix_bytes = 4;
constexpr std::size_t slab_bytes = std::size_t{64} * 1024;
constexpr std::size_t small_space_bytes = std::size_t{4} * 1024;  // no more than this left: move on to a fresh slab
constexpr std::size_t several_frames = 4;
constexpr std::size_t several_bytes_max = std::size_t{288} * 1024;
// A slab above this is let go once it is empty: a request of 1 MiB and what is around it fit.
constexpr std::size_t kept_slab_bytes = std::size_t{1032} * 1024;

const char* what_it_looks_like(std::int32_t length) {
  switch (static_cast<std::uint32_t>(length) >> 16U) {
    case 0x1603:
      return " (the client seems to speak TLS)";
    case 0x4745:  // "GE"
    case 0x504F:  // "PO"
    case 0x4845:  // "HE"
      return " (the client seems to speak HTTP)";
    default:
      return "";
  }
}

}  // namespace

std::int32_t FrameReader::announced_bytes() const {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < length_prefix_bytes; ++i) {
    length = (length << 8U) | std::to_integer<std::uint32_t>(slab_->bytes[begin_ + i]);
  }
  return static_cast<std::int32_t>(length);
}

std::size_t FrameReader::frame_bytes() const {
  return static_cast<std::size_t>(announced_bytes()) + length_prefix_bytes;
}

Result<std::optional<Frame>> FrameReader::next() {
  if (end_ - begin_ < length_prefix_bytes) {
    return std::nullopt;
  }
  const std::int32_t length = announced_bytes();
  if (length <= 0 || length > max_frame_bytes_) {
    return failure(ErrorCode::INVALID_REQUEST, fmt::format("a frame of {} bytes, allowed are 1 to {}{}", length,
                                                           max_frame_bytes_, what_it_looks_like(length)));
  }
  const auto size = static_cast<std::size_t>(length);
  if (end_ - begin_ < length_prefix_bytes + size) {
    return std::nullopt;
  }
  largest_bytes_ = std::max(largest_bytes_, size);
  Frame frame{slab_, {slab_->bytes.get() + begin_ + length_prefix_bytes, size}};
  begin_ += length_prefix_bytes + size;
  return frame;
}

std::span<std::byte> FrameReader::space() {
  if (slab_ && begin_ == end_ && slab_->capacity > kept_slab_bytes) {
    slab_.reset();
    begin_ = end_ = 0;
  }
  if (slab_ && begin_ == end_ && slab_.use_count() == 1) {
    begin_ = end_ = 0;  // nobody looks at the old bytes any more
  }
  if (!slab_ || slab_->capacity - end_ <= small_space_bytes) {
    // A frame under way may double what it has, up to its announced end: memory follows the bytes received. Who has
    // sent one as large before gets the room at once, which saves copying; and room for several, if they are not
    // large, which saves calls. Room that would be kept anyway is theirs before the first byte.
    const std::size_t held = end_ - begin_;
    const std::size_t one_more = largest_bytes_ + length_prefix_bytes + small_space_bytes;
    const std::size_t several =
        std::max(std::min(several_frames * (largest_bytes_ + length_prefix_bytes), several_bytes_max),
                 one_more <= kept_slab_bytes ? one_more : 0);
    std::size_t wanted = std::max({slab_bytes, 2 * held, held >= length_prefix_bytes ? one_more : 0});
    if (held >= length_prefix_bytes) {
      const auto whole = static_cast<std::size_t>(std::max(0, announced_bytes())) + length_prefix_bytes;
      wanted = std::max(slab_bytes, std::min(wanted, whole + small_space_bytes));
    }
    make_room(std::max(wanted, several));
  }
  return {slab_->bytes.get() + end_, slab_->capacity - end_};
}

bool FrameReader::may_shrink() const { return slab_ && begin_ == end_ && slab_->capacity > slab_bytes; }

void FrameReader::shrink() {
  if (may_shrink()) {
    slab_.reset();
    begin_ = end_ = largest_bytes_ = 0;
  }
}

void FrameReader::make_room(std::size_t wanted_bytes) {
  auto fresh = std::make_shared<Slab>(
      Slab{.bytes = std::make_unique_for_overwrite<std::byte[]>(wanted_bytes), .capacity = wanted_bytes});
  const std::size_t held = end_ - begin_;
  if (held > 0) {
    std::memcpy(fresh->bytes.get(), slab_->bytes.get() + begin_, held);
  }
  slab_ = std::move(fresh);
  begin_ = 0;
  end_ = held;
}

}  // namespace ottla
