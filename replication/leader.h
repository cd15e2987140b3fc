// The leader of one partition, as rules alone: what may be shown to consumers and acknowledged, given what is written
// and what is synced. No files, no clock, no lock: broker/partition (or a simulator) tells it events and runs what
// follows.
//
// Today the in-sync replicas are this broker alone; followers, and an ISR that changes, come into this file.
#pragma once

#include "protocol/ids.h"

namespace ottla {

// This replica leads from here on.
struct BecomeLeader {
  LeaderEpoch epoch;
  Offset log_end_offset;
  Offset durable_end_offset;
  // flush.messages = 1: a record counts once it is synced. Otherwise once it is written, as in Kafka.
  bool waits_for_disk = true;
};

struct LogAppended {
  Offset log_end_offset;
};

struct DiskDone {
  Offset durable_end_offset;
};

// flush.messages became 1, or more than that.
struct DurabilityChanged {
  bool waits_for_disk = true;
};

class Leader {
 public:
  // Each gives true if the high watermark advanced: who waits below it may go on.
  bool step(const BecomeLeader& event);
  bool step(const LogAppended& event);
  bool step(const DiskDone& event);
  // What has been acknowledged stays so.
  bool step(const DurabilityChanged& event);

  [[nodiscard]] LeaderEpoch epoch() const { return epoch_; }
  // Everything below is on every in-sync replica as firmly as the topic asks. Never goes back.
  [[nodiscard]] Offset high_watermark() const { return high_watermark_; }

 private:
  // What this replica itself can vouch for.
  [[nodiscard]] Offset confirmed() const { return waits_for_disk_ ? durable_end_offset_ : log_end_offset_; }
  bool advance();

  LeaderEpoch epoch_;
  bool waits_for_disk_ = true;
  Offset log_end_offset_;
  Offset durable_end_offset_;
  Offset high_watermark_;
};

}  // namespace ottla
