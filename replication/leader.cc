#include "replication/leader.h"

#include <algorithm>

namespace ottla {

bool Leader::step(const BecomeLeader& event) {
  epoch_ = event.epoch;
  waits_for_disk_ = event.waits_for_disk;
  log_end_offset_ = event.log_end_offset;
  durable_end_offset_ = event.durable_end_offset;
  return advance();
}

bool Leader::step(const LogAppended& event) {
  log_end_offset_ = std::max(log_end_offset_, event.log_end_offset);
  return advance();
}

bool Leader::step(const DiskDone& event) {
  durable_end_offset_ = std::max(durable_end_offset_, event.durable_end_offset);
  return advance();
}

bool Leader::step(const DurabilityChanged& event) {
  waits_for_disk_ = event.waits_for_disk;
  return advance();
}

bool Leader::advance() {
  if (confirmed() <= high_watermark_) {
    return false;
  }
  high_watermark_ = confirmed();
  return true;
}

}  // namespace ottla
