// The in-sync replicas of a partition as its leader knows them: committed by the controller, or committed and a change
// asked for whose outcome is not known. As long as it is not, the leader counts with the worse case: a joiner counts
// already, a leaver counts still (KIP-497).
//
// Rules of replies (KIP-497; KAFKA-12686, KAFKA-12751): one change at a time; a reply acts only on the very change it
// answers, told by its token; no refusal takes a change back, for a copy of the request may be under way and find
// another state: the change is pending until the metadata tell. INELIGIBLE_REPLICA raises the partition epoch, so that
// they do, and with it what made the joiner ineligible; whatever else goes wrong leaves the change pending until it is
// sent again.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/ids.h"
#include "replication/partition_registration.h"

namespace ottla {

using BrokerIds = std::vector<BrokerId>;

using IsrMember = IsrChange::Member;

// What was asked of the controller.
struct IsrRequest {
  std::uint64_t token = 0;
  PartitionEpoch partition_epoch;  // of the ISR that it changes
  std::vector<IsrMember> new_isr;
  std::int64_t sent_ms = 0;
  bool is_answered_by_log = false;  // refused as out of date: the metadata are on their way
};

struct AlterPartitionReply {
  std::uint64_t token = 0;  // of the request it answers
  ErrorCode error = ErrorCode::NONE;
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  BrokerIds isr;
};

class Isr {
 public:
  struct Committed {};
  struct PendingExpand {
    BrokerId joiner;
    IsrRequest request;
  };
  struct PendingShrink {
    BrokerIds leavers;
    IsrRequest request;
  };

  // From the metadata: whatever was pending is in it or will be refused, for it builds on an older partition epoch.
  void commit(BrokerIds isr, PartitionEpoch partition_epoch);
  // REQUIRES: nothing is pending. Each gives the request to be sent.
  IsrRequest& expand(BrokerId joiner, std::vector<IsrMember> new_isr, std::uint64_t token);
  IsrRequest& shrink(BrokerIds leavers, std::vector<IsrMember> new_isr, std::uint64_t token);
  // `leader_epoch` is the one led. True if the committed ISR is another one now.
  bool on_reply(const AlterPartitionReply& reply, LeaderEpoch leader_epoch);
  // No answer came in time: nothing is known.
  void on_timeout();
  // The metadata know this broker as a later incarnation. They come in order: a join of the earlier one that is still
  // pending was not accepted before, and no copy of the request will be now.
  void on_broker_epoch(BrokerId id, BrokerEpoch epoch);

  [[nodiscard]] const BrokerIds& committed() const { return committed_; }
  [[nodiscard]] PartitionEpoch partition_epoch() const { return partition_epoch_; }
  [[nodiscard]] bool has(BrokerId id) const;     // committed
  [[nodiscard]] bool counts(BrokerId id) const;  // in the greatest ISR that may be the controller's
  [[nodiscard]] std::size_t greatest_size() const;
  [[nodiscard]] const IsrRequest* pending() const;
  [[nodiscard]] IsrRequest* pending();

 private:
  BrokerIds committed_;
  PartitionEpoch partition_epoch_;
  std::variant<Committed, PendingExpand, PendingShrink> state_;
};

}  // namespace ottla
