// KIP-320: a client that knows another leader epoch than we do must refresh its metadata first; -1: it knows none.
#pragma once

#include "broker/partition.h"
#include "protocol/error_code.h"
#include "protocol/ids.h"

namespace ottla {

inline ErrorCode check_epoch(LeaderEpoch asked, LeaderEpoch ours) {
  if (asked.value == -1 || asked == ours) {
    return ErrorCode::NONE;
  }
  return asked < ours ? ErrorCode::FENCED_LEADER_EPOCH : ErrorCode::UNKNOWN_LEADER_EPOCH;
}

// Kafka's truncation check (KIP-595): the client's last epoch must end at or above where it wants to read, or
// `diverging` says where the logs part (shaped as Fetch's DivergingEpoch).
template <class DivergingEpoch>
ErrorCode find_divergence(Partition& partition, LeaderEpoch last_fetched_epoch, Offset fetch_offset,
                          DivergingEpoch& diverging) {
  const auto end = partition.end_offset_for(last_fetched_epoch);
  if (!end || end->epoch.value < 0) {
    return end ? ErrorCode::OFFSET_OUT_OF_RANGE : end.error().code;
  }
  if (end->epoch < last_fetched_epoch || end->end_offset < fetch_offset) {
    diverging.epoch = end->epoch;
    diverging.end_offset = end->end_offset;
  }
  return ErrorCode::NONE;
}

}  // namespace ottla
