// Cuts a byte stream into frames. Bytes are received straight into a slab that the frames then share, so a request is
// never copied; the slab grows with the bytes received, never with the length announced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "protocol/error_code.h"

namespace ottla {

struct Slab {
  std::unique_ptr<std::byte[]> bytes;
  std::size_t capacity = 0;
};

// One request without its length prefix. The bytes live as long as the frame, and may be patched in place.
struct Frame {
  std::shared_ptr<Slab> slab;
  std::span<std::byte> bytes;
};

class FrameReader {
 public:
  explicit FrameReader(std::int32_t max_frame_bytes) : max_frame_bytes_(max_frame_bytes) {}

  // The next whole frame, or nothing until more is received. Error INVALID_REQUEST: a length below 1 or above the
  // limit; the stream is then lost. The message hints when the bytes look like TLS or HTTP.
  Result<std::optional<Frame>> next();

  // Where to receive next; never empty.
  std::span<std::byte> space();
  void received(std::size_t size_bytes) { end_ += size_bytes; }

  // Between frames: the room may go, and how large frames were is forgotten. REQUIRES: nobody receives into space().
  void shrink();
  // ... which would spare memory.
  [[nodiscard]] bool may_shrink() const;

  // True in the middle of a frame: the sender owes bytes.
  [[nodiscard]] bool is_partial() const { return end_ > begin_; }
  [[nodiscard]] std::size_t partial_bytes() const { return end_ - begin_; }
  // What the frame under way will have, with its length. REQUIRES: its length is there, and was taken by next().
  [[nodiscard]] std::size_t frame_bytes() const;

 private:
  [[nodiscard]] std::int32_t announced_bytes() const;
  void make_room(std::size_t wanted_bytes);

  std::int32_t max_frame_bytes_;
  std::shared_ptr<Slab> slab_;
  std::size_t begin_ = 0;          // of the first frame not yet cut
  std::size_t end_ = 0;            // of what was received
  std::size_t largest_bytes_ = 0;  // of a frame that was received whole
};

}  // namespace ottla
