// KIP-320: a client that knows another leader epoch than we do must refresh its metadata first; -1: it knows none.
#pragma once

#include "protocol/error_code.h"
#include "protocol/ids.h"

namespace ottla {

inline ErrorCode check_epoch(LeaderEpoch asked, LeaderEpoch ours) {
  if (asked.value == -1 || asked == ours) {
    return ErrorCode::NONE;
  }
  return asked < ours ? ErrorCode::FENCED_LEADER_EPOCH : ErrorCode::UNKNOWN_LEADER_EPOCH;
}

}  // namespace ottla
