// The controller's record of one partition, and the rules by which it changes (KIP-497, KIP-841, KIP-903, KIP-966).
// Every change raises the partition epoch; a change of the leader, or of the replicas other than by adding some, raises
// the leader epoch too.
//
// In sync (ISR): replicas that hold everything below the high watermark, and hold it back. Eligible leader replicas
// (ELR): those that left an ISR smaller than min.insync.replicas; the high watermark stands still there, so they too
// hold everything below it. Always:
//   the leader is in the ISR; ISR and ELR are parts of the replicas, and have none in common;
//   the ELR is empty where the ISR has min.insync.replicas members.
#pragma once

#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "replication/broker_registration.h"

namespace ottla {

// As on Kafka's wire. Recovering: an unclean election chose a leader that has not yet put its log in order.
enum class LeaderRecoveryState : std::int8_t { recovered = 0, recovering = 1 };

struct PartitionRegistration {
  std::vector<BrokerId> replicas;  // in order of preference; while being reassigned: the target, then `removing`
  std::vector<BrokerId> isr;
  BrokerId leader;  // -1: none
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::recovered;
  std::vector<BrokerId> adding;
  std::vector<BrokerId> removing;
  std::vector<BrokerId> elr;
  std::vector<BrokerId> last_known_elr;  // without a leader: the last one, whom an unclean election prefers

  [[nodiscard]] bool is_reassigning() const { return !adding.empty() || !removing.empty(); }
  // Those there were before the reassignment that is under way.
  [[nodiscard]] std::vector<BrokerId> original_replicas() const;
  friend bool operator==(const PartitionRegistration&, const PartitionRegistration&) = default;
};

// What a partition's ISR must have for its high watermark to move: min.insync.replicas, but no more than the partition
// has replicas (KAFKA-15583), those that a reassignment adds not counted. Leader and controller must count alike: a
// leader that let the high watermark move where the controller keeps an ELR would leave its members behind.
std::size_t effective_min_isr(const PartitionRegistration& partition, std::int32_t min_insync_replicas);

// Those of its replicas whose broker is fenced or gone. A broker on its own is not registered, and there.
std::vector<BrokerId> offline_replicas(const PartitionRegistration& partition, const Brokers& brokers);

// What decides beside the record itself.
struct PartitionContext {
  const Brokers& brokers;
  std::int32_t min_insync_replicas = 1;  // the topic's
};

// The new partition of `replicas`: those of them that are active are in sync, the first of those leads. Error
// INVALID_REPLICA_ASSIGNMENT: none is active.
Result<PartitionRegistration> new_partition(std::vector<BrokerId> replicas, const PartitionContext& context);

// Each of these gives true if it changed the partition.

// `broker` was fenced, began its shutdown or was unregistered, as context.brokers says by now: it leaves the ISR.
bool broker_left(PartitionRegistration& partition, BrokerId broker, const PartitionContext& context);
// The replica may have lost something it had claimed to hold (a new directory, an unclean stop without syncs, damage):
// it leaves ISR and ELR.
bool storage_lost(PartitionRegistration& partition, BrokerId broker, const PartitionContext& context);
// Some broker became active: a partition without a leader may get one.
bool broker_returned(PartitionRegistration& partition, const PartitionContext& context);
// The topic's min.insync.replicas is another. The ELR was proved with the old one and is cleared, except where there is
// no ISR: nobody moves the high watermark there, and the next leader knows the new value. The partition epoch rises in
// any case, so that a leader that has not heard of the new value cannot change the ISR.
void min_isr_changed(PartitionRegistration& partition, const PartitionContext& context);

enum class Election : std::int8_t { preferred = 0, unclean = 1 };  // ElectLeaders' numbers
// By command or, preferred, on a timer. Unclean gives up what the ISR held: the ISR is the new leader alone. Errors:
// ELECTION_NOT_NEEDED, PREFERRED_LEADER_NOT_AVAILABLE, ELIGIBLE_LEADERS_NOT_AVAILABLE.
Result<void> elect_leader(PartitionRegistration& partition, Election election, const PartitionContext& context);

// The leader asks for another ISR (AlterPartition, key 56). The sender's own broker epoch is checked before this.
struct IsrChange {
  struct Member {
    BrokerId broker_id;
    BrokerEpoch broker_epoch;  // as the leader knows it from the member's fetches
    static void fields(auto& v, auto& m) {
      v("BrokerId", m.broker_id);
      v("BrokerEpoch", m.broker_epoch);
    }
  };
  std::int32_t partition_index = 0;
  LeaderEpoch leader_epoch;
  std::vector<Member> new_isr;
  LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::recovered;
  PartitionEpoch partition_epoch;
  static void fields(auto& v, auto& m) {
    v("PartitionIndex", m.partition_index);
    v("LeaderEpoch", m.leader_epoch);
    v("NewIsr", m.new_isr);
    v("LeaderRecoveryState", m.leader_recovery_state);
    v("PartitionEpoch", m.partition_epoch);
  }
};
// Errors, in the order of the checks: NOT_CONTROLLER (the sender knows more than we do), FENCED_LEADER_EPOCH,
// INVALID_REQUEST, INVALID_UPDATE_VERSION; they change nothing. INELIGIBLE_REPLICA: refused, and so will be every copy
// of the request, for the partition epoch is another now. NEW_LEADER_ELECTED: done, it ended a reassignment, and
// another broker leads now.
Result<void> alter_isr(PartitionRegistration& partition, BrokerId sender, const IsrChange& change,
                       const PartitionContext& context);

// Error INVALID_REPLICA_ASSIGNMENT: empty, a replica twice, a broker that is not registered.
Result<void> check_replicas(const std::vector<BrokerId>& replicas, const Brokers& brokers);

// AlterPartitionReassignments (KIP-455). The target is reached once all of it is in sync, at once if it is already.
// Errors: those of check_replicas.
Result<void> reassign(PartitionRegistration& partition, const std::vector<BrokerId>& target,
                      const PartitionContext& context);
// Back to the replicas there were. Errors: NO_REASSIGNMENT_IN_PROGRESS; INVALID_REPLICA_ASSIGNMENT if none of those is
// in sync.
Result<void> cancel_reassignment(PartitionRegistration& partition, const PartitionContext& context);

}  // namespace ottla
