// Makes batches of fuzzed bytes whole: without it the CRC would stop nearly all of them.
#pragma once

#include <algorithm>

#include "protocol/primitives.h"
#include "protocol/record_batch.h"

namespace ottla {

// From the front on, as long as the lengths lead on. `is_one`: all of it is one batch, and its length says so.
inline void repair_batches(std::span<std::byte> bytes, bool is_one) {
  constexpr std::size_t length_at = 8;
  constexpr std::size_t magic_at = 16;
  constexpr std::size_t crc_at = 17;
  constexpr std::size_t attributes_at = 21;
  while (bytes.size() >= batch_header_bytes) {
    if (is_one) {
      store_big_endian(bytes.subspan(length_at), static_cast<std::int32_t>(bytes.size() - batch_length_prefix_bytes));
    }
    const std::int64_t size = BatchHeader::read(bytes).size_bytes();
    if (size < static_cast<std::int64_t>(batch_header_bytes) || size > std::ssize(bytes)) {
      return;
    }
    const auto batch = bytes.first(static_cast<std::size_t>(size));
    batch[magic_at] = std::byte{2};
    store_big_endian(batch.subspan(crc_at), crc32c(batch.subspan(attributes_at)));
    bytes = bytes.subspan(batch.size());
  }
}

}  // namespace ottla
