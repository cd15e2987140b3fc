// Hands out producer ids from blocks that the metadata has given to this broker, so that none is ever given twice.
#pragma once

#include <cstdint>
#include <mutex>

#include "broker/asio.h"
#include "protocol/error_code.h"
#include "protocol/ids.h"

namespace ottla {

class MetadataQuorum;

class ProducerIds {
 public:
  // A fresh id; takes a new block when the last one is used up. Errors: those of the metadata log.
  Awaitable<Result<std::int64_t>> next(MetadataQuorum& metadata, BrokerId broker);

 private:
  std::mutex mutex_;
  std::int64_t next_ = 0;
  std::int64_t end_ = 0;
};

}  // namespace ottla
