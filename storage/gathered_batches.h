// Batches that leave in one write.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "protocol/record_batch.h"

namespace ottla {

struct GatheredBatches {
  std::vector<std::span<const std::byte>> parts;
  std::vector<BatchHeader> headers;
  std::int64_t size_bytes = 0;
};

}  // namespace ottla
