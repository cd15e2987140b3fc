// Kafka's primitive types on the wire: big-endian integers, varints, strings, bytes. A Reader never reads past its
// bytes and remembers its first error; a Writer collects bytes, and refers to records instead of copying them.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace ottla {

using Bytes = std::vector<std::byte>;

// Bytes of a message that are in none of its memory: whoever sends it takes them from the file that `index` names.
struct FilePart {
  std::size_t index = 0;
  std::size_t size_bytes = 0;
};

// Batches of records inside a message. Decoded: a view of the frame, which may be patched in place. Encoded: not copied
// but spliced in (Writer::splices), so the bytes must outlive the writer; or left to whoever sends it.
struct Records {
  std::span<std::byte> bytes;
  bool is_null = true;
  FilePart in_file = {};  // encoded: instead of `bytes` unless it is empty

  [[nodiscard]] std::size_t size_bytes() const { return bytes.size() + in_file.size_bytes; }
};

// What decoding may still allocate. Charged before every allocation, so that no count can make us allocate more.
struct DecodeBudget {
  std::size_t left_bytes = 0;
  std::size_t left_elements = std::numeric_limits<std::size_t>::max();  // of arrays
};

template <std::unsigned_integral Unsigned>
constexpr Unsigned swap_bytes(Unsigned value) {
  if constexpr (sizeof(Unsigned) == 1) {
    return value;
  } else if constexpr (sizeof(Unsigned) == 2) {
    return __builtin_bswap16(value);
  } else if constexpr (sizeof(Unsigned) == 4) {
    return __builtin_bswap32(value);
  } else {
    return __builtin_bswap64(value);
  }
}

// REQUIRES: bytes.size() >= sizeof(Int).
template <std::integral Int>
Int load_big_endian(std::span<const std::byte> bytes) {
  std::make_unsigned_t<Int> raw{};
  std::memcpy(&raw, bytes.data(), sizeof raw);
  return static_cast<Int>(swap_bytes(raw));
}

template <std::integral Int>
void store_big_endian(std::span<std::byte> bytes, Int value) {
  const auto raw = swap_bytes(static_cast<std::make_unsigned_t<Int>>(value));
  std::memcpy(bytes.data(), &raw, sizeof raw);
}

class Reader {
 public:
  explicit Reader(std::span<std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool ok() const { return error_ == nullptr; }
  // The first error, in words ("truncated"); nullptr while all is well.
  [[nodiscard]] const char* error() const { return error_; }
  void fail(const char* error) {
    if (ok()) {
      error_ = error;
    }
  }
  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] std::size_t remaining() const { return bytes_.size() - position_; }

  template <std::integral Int>
  Int integer() {
    const auto raw = take(sizeof(Int));
    return raw.size() == sizeof(Int) ? load_big_endian<Int>(raw) : Int{};
  }
  std::uint64_t unsigned_varint(int max_bytes);
  std::uint32_t unsigned_varint() { return static_cast<std::uint32_t>(unsigned_varint(5)); }
  std::int32_t varint();   // zigzag
  std::int64_t varlong();  // zigzag
  // The next `size` bytes, in place; an error and nothing if there are fewer.
  std::span<std::byte> take(std::size_t size);

 private:
  std::span<std::byte> bytes_;
  std::size_t position_ = 0;
  const char* error_ = nullptr;
};

// Bytes that stand at `position` of the writer's own bytes without being in them.
struct Splice {
  std::size_t position = 0;
  std::span<const std::byte> bytes;
  FilePart in_file;
};

class Writer {
 public:
  template <std::integral Int>
  void integer(Int value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof(Int));
    store_big_endian(std::span(bytes_).subspan(at), value);
  }
  void unsigned_varint(std::uint64_t value);
  void varint(std::int32_t value);
  void varlong(std::int64_t value);
  void raw(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void raw(std::string_view text) { raw(std::as_bytes(std::span(text))); }
  void splice(std::span<const std::byte> bytes);
  void splice(FilePart part);

  [[nodiscard]] std::size_t size_bytes() const { return memory_bytes() + in_files_bytes_; }
  [[nodiscard]] std::size_t memory_bytes() const { return bytes_.size() + spliced_bytes_; }
  void patch_int32(std::size_t at, std::int32_t value) { store_big_endian(std::span(bytes_).subspan(at), value); }

  // Calls `part(span)` for all bytes in order, own and spliced, and `in_file(FilePart)` where some are missing.
  void for_each_part(auto part, auto in_file) const {
    std::size_t at = 0;
    const std::span<const std::byte> own(bytes_);
    for (const Splice& one : splices_) {
      if (one.position > at) {
        part(own.subspan(at, one.position - at));
      }
      one.in_file.size_bytes > 0 ? in_file(one.in_file) : part(one.bytes);
      at = one.position;
    }
    if (at < own.size()) {
      part(own.subspan(at));
    }
  }
  // REQUIRES, as below: none is left to a file.
  void for_each_part(auto part) const {
    for_each_part(part, [](FilePart) {});
  }
  // All bytes in one piece; copies what was spliced.
  [[nodiscard]] Bytes flatten() const;

 private:
  Bytes bytes_;
  std::vector<Splice> splices_;
  std::size_t spliced_bytes_ = 0;
  std::size_t in_files_bytes_ = 0;
};

}  // namespace ottla
