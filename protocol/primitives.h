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
    if (!has(sizeof(Int))) {
      fail("truncated");
      return Int{};
    }
    const Int value = load_big_endian<Int>(bytes_.subspan(position_));
    position_ += sizeof(Int);
    return value;
  }
  // At most 5 bytes for 32 bits, 10 for 64; bits beyond the type are an error and not dropped.
  std::uint64_t unsigned_varint(int max_bytes) {
    if (has(1) && bytes_[position_] < std::byte{0x80}) {  // most are of one byte
      return std::to_integer<std::uint64_t>(bytes_[position_++]);
    }
    if (has(2) && bytes_[position_ + 1] < std::byte{0x80}) {  // and most others of two
      const auto low = std::to_integer<std::uint64_t>(bytes_[position_] & std::byte{0x7F});
      const auto high = std::to_integer<std::uint64_t>(bytes_[position_ + 1]);
      position_ += 2;
      return (high << 7U) | low;
    }
    return long_varint(max_bytes);
  }
  std::uint32_t unsigned_varint() { return static_cast<std::uint32_t>(unsigned_varint(5)); }
  std::int32_t varint() {  // zigzag
    const std::uint32_t raw = unsigned_varint();
    return static_cast<std::int32_t>((raw >> 1U) ^ (~(raw & 1U) + 1U));
  }
  std::int64_t varlong() {  // zigzag
    const std::uint64_t raw = unsigned_varint(10);
    return static_cast<std::int64_t>((raw >> 1U) ^ (~(raw & 1U) + 1U));
  }
  // The next `size` bytes, in place; an error and nothing if there are fewer.
  std::span<std::byte> take(std::size_t size) {
    if (!has(size)) {
      fail("truncated");
      return {};
    }
    const auto taken = bytes_.subspan(position_, size);
    position_ += size;
    return taken;
  }

 private:
  struct Varint {
    std::uint64_t value = 0;
    std::size_t size_bytes = 0;
    const char* error = nullptr;
  };

  [[nodiscard]] bool has(std::size_t size) const { return ok() && remaining() >= size; }
  std::uint64_t long_varint(int max_bytes) {
    if (!ok()) {
      return 0;
    }
    const Varint read = read_varint(bytes_.subspan(position_), max_bytes);
    position_ += read.size_bytes;
    error_ = read.error;
    return read.value;
  }
  // Of any length. Static, so that a reader whose calls are all inlined can live in registers.
  static Varint read_varint(std::span<const std::byte> bytes, int max_bytes);

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
    store_big_endian(room(sizeof(Int)), value);
  }
  void unsigned_varint(std::uint64_t value);
  void varint(std::int32_t value);
  void varlong(std::int64_t value);
  void raw(std::span<const std::byte> bytes) {
    if (!bytes.empty()) {
      std::memcpy(room(bytes.size()).data(), bytes.data(), bytes.size());
    }
  }
  void raw(std::string_view text) { raw(std::as_bytes(std::span(text))); }
  void splice(std::span<const std::byte> bytes);
  void splice(FilePart part);

  [[nodiscard]] std::size_t size_bytes() const { return memory_bytes() + in_files_bytes_; }
  [[nodiscard]] std::size_t memory_bytes() const { return size_ + spliced_bytes_; }
  void patch_int32(std::size_t at, std::int32_t value) { store_big_endian(std::span(bytes_).subspan(at), value); }

  // Calls `part(span)` for all bytes in order, own and spliced, and `in_file(FilePart)` where some are missing.
  void for_each_part(auto part, auto in_file) const {
    std::size_t at = 0;
    const auto own = std::span(bytes_).first(size_);
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
  // The next `size` bytes, to be written.
  std::span<std::byte> room(std::size_t size) {
    if (bytes_.size() - size_ < size) {
      grow(size);
    }
    const auto next = std::span(bytes_).subspan(size_, size);
    size_ += size;
    return next;
  }
  void grow(std::size_t size);

  Bytes bytes_;  // the first `size_` of them are written: most messages are given all their room at once
  std::size_t size_ = 0;
  std::vector<Splice> splices_;
  std::size_t spliced_bytes_ = 0;
  std::size_t in_files_bytes_ = 0;
};

}  // namespace ottla
