// Requests made once, to be sent many times: Produce 7 and Fetch 11, what librdkafka 2.0 sends. And what is read of
// replies.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "protocol/primitives.h"

namespace ottla {

struct Geometry {
  std::int32_t record_bytes = 1024;  // the value; a record has some 10 bytes more
  std::int32_t batch_bytes = 16384;  // about: as many records as fit, one at least
};

// Values of random bytes, keys null, stamped with the present time. All of one geometry have the same size.
Bytes make_batch(const Geometry& geometry);
std::int32_t records_in_batch(const Geometry& geometry);

// One batch to each of `count` partitions from `first` on.
Bytes produce_frame(const std::string& topic, std::int32_t first, std::int32_t count, std::span<const std::byte> batch,
                    std::int16_t acks);
struct FetchLimits {
  std::int32_t max_bytes = 1024 * 1024;
  std::int32_t min_bytes = 1;
  std::int32_t max_wait_ms = 500;
};
Bytes fetch_frame(const std::string& topic, std::int32_t partition, std::int64_t offset, const FetchLimits& limits);

// The first error code of a reply without its length prefix; `reply` may be cut behind what is looked at.
std::int16_t produce_error(std::span<const std::byte> reply, const std::string& topic, std::int32_t partitions);
struct Fetched {
  std::int16_t error = 0;
  std::int32_t records_bytes = 0;
  std::int64_t high_watermark = 0;
};
std::size_t fetch_reply_head_bytes(const std::string& topic);
Fetched fetched(std::span<const std::byte> reply, const std::string& topic);

}  // namespace ottla
