// What brokers and clients say to each other, beside what goes to the controller.
#pragma once

#include <memory>

#include "protocol/primitives.h"
#include "replication/replica_events.h"

namespace ottla::sim {

using SharedBytes = std::shared_ptr<const Bytes>;

struct FetchReply {
  ErrorCode error = ErrorCode::NONE;
  EpochEndOffset diverging_epoch;
  Offset high_watermark{-1};
  Offset log_start_offset{-1};
  SharedBytes records;
};
struct ProduceReply {
  ErrorCode error = ErrorCode::NONE;
  Offset base_offset{-1};
};
struct ConsumeReply {
  ErrorCode error = ErrorCode::NONE;
  Offset high_watermark;
  SharedBytes records;
  Offset log_start_offset;  // with OFFSET_OUT_OF_RANGE
};
struct LeaderReply {
  int leader = -1;
};

}  // namespace ottla::sim
