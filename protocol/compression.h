// The four codecs behind one bounded interface. Output grows with what is really decoded, never by a claimed length.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "protocol/error_code.h"
#include "protocol/primitives.h"
#include "protocol/record_batch.h"

namespace ottla {

// Memory of the allocator, or (more than 4 MiB) of the kernel, which takes it back at once and moves it without
// copying.
struct FreeUnpacked {
  std::size_t capacity = 0;
  void operator()(std::byte* bytes) const;
};

// What was unpacked. Memory follows the bytes that were written, and of all threads one at a time has more than 4 MiB:
// to be let go soon, on the thread that made it.
class Unpacked {
 public:
  operator std::span<const std::byte>() const { return {bytes_.get(), size_}; }  // NOLINT(google-explicit-constructor)
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return bytes_ ? bytes_.get_deleter().capacity : 0; }

  // What is there stays; what is behind it is not set.
  void grow(std::size_t capacity);
  [[nodiscard]] std::span<std::byte> room() { return {bytes_.get() + size_, capacity() - size_}; }
  void wrote(std::size_t size) { size_ += size; }

 private:
  std::unique_lock<std::recursive_mutex> turn_;
  std::unique_ptr<std::byte[], FreeUnpacked> bytes_;
  std::size_t size_ = 0;
};

// Errors: CORRUPT_MESSAGE for bytes that are not what the codec says, MESSAGE_TOO_LARGE for more than `max_bytes`.
// Formats as Kafka's clients write them: gzip (several members allowed), snappy (raw, or framed as by xerial's
// snappy-java), the LZ4 frame format, zstd frames.
Result<Unpacked> decompress(Codec codec, std::span<const std::byte> compressed, std::int64_t max_bytes);

// REQUIRES: codec is not none. Never fails for want of anything but memory.
Bytes compress(Codec codec, std::span<const std::byte> plain);

}  // namespace ottla
