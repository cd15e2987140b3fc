// The four codecs behind one bounded interface. Output grows with what is really decoded, never by a claimed length.
#pragma once

#include <cstdint>
#include <span>

#include "protocol/error_code.h"
#include "protocol/primitives.h"
#include "protocol/record_batch.h"
#include "protocol/unpacked.h"

namespace ottla {

// Errors: CORRUPT_MESSAGE for bytes that are not what the codec says, MESSAGE_TOO_LARGE for more than `max_bytes`.
// Formats as Kafka's clients write them: gzip (several members allowed), snappy (raw, or framed as by xerial's
// snappy-java), the LZ4 frame format, zstd frames with windows up to 128 MiB.
Result<Unpacked> decompress(Codec codec, std::span<const std::byte> compressed, std::int64_t max_bytes);

// REQUIRES: codec is not none. Never fails for want of anything but memory.
Bytes compress(Codec codec, std::span<const std::byte> plain);

}  // namespace ottla
