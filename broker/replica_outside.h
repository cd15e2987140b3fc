// What a replica wants of the world outside its partition (replication/replica_events.h). In a broker of its own nobody
// follows or is followed; in a cluster broker/cluster carries it out.
#pragma once

#include <cstdint>
#include <memory>

#include "replication/replica_events.h"

namespace ottla {

class Partition;

// Never blocks and never calls back at once: it is called with the partition's lock held. Any thread.
class ReplicaOutside {
 public:
  ReplicaOutside() = default;
  ReplicaOutside(const ReplicaOutside&) = delete;
  ReplicaOutside& operator=(const ReplicaOutside&) = delete;
  virtual ~ReplicaOutside() = default;

  // Ends in Partition::fetch_done.
  virtual void send_fetch(std::shared_ptr<Partition> partition, const replica_effect::SendFetch& fetch) = 0;
  // May end in Partition::isr_answered.
  virtual void send_alter_partition(std::shared_ptr<Partition> partition,
                                    const replica_effect::SendAlterPartition& request) = 0;
  // Ends in Partition::remove_deleted_segments, for those whose log start has moved.
  virtual void make_log_starts_durable() = 0;
  // Partition::tick, not before `at_ms` of steady_clock_ms().
  virtual void arm_timer(std::shared_ptr<Partition> partition, std::int64_t at_ms) = 0;
};

}  // namespace ottla
