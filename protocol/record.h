// The records of a batch, walked in place. Record format v2 (Kafka's DefaultRecord):
//   length varint | attributes int8 | timestamp delta varlong | offset delta varint | key length varint (-1 null), key
//   | value length varint (-1 null), value | headers count varint, each: key length varint, key, value length varint,
//   value
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "protocol/error_code.h"
#include "protocol/primitives.h"
#include "protocol/record_batch.h"

namespace ottla {

struct RecordView {
  std::int32_t offset_delta = 0;
  std::int64_t timestamp_delta_ms = 0;
  std::optional<std::span<const std::byte>> key;
  std::optional<std::span<const std::byte>> value;
  std::span<const std::byte> headers;  // count and headers, as they stand; their lengths are checked
};

// Calls `visit` for each record of a whole batch, decompressing into bounded memory if need be. Ends early when `visit`
// gives an error, which is then the result. Errors of its own: INVALID_RECORD (lengths that do not fit, bytes left over
// or missing), CORRUPT_MESSAGE (compressed bytes that cannot be read), MESSAGE_TOO_LARGE (a decompression bomb).
Result<void> for_each_record(std::span<const std::byte> batch, const BatchLimits& limits,
                             const std::function<Result<void>(const RecordView&)>& visit);

// The same batch with its records packed by another codec (or none). Errors as for_each_record.
Result<Bytes> recompress(std::span<const std::byte> batch, Codec codec, const BatchLimits& limits = {});

}  // namespace ottla
