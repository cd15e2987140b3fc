// One change of a partition's record: `next` says what is wanted, finish() what follows from it: a reassignment that is
// complete, the ELR, the leader, the epochs. Used by the rules in partition_registration.h only.
#pragma once

#include <algorithm>

#include "replication/partition_registration.h"

namespace ottla {

inline bool contains(const std::vector<BrokerId>& list, BrokerId id) {
  return std::ranges::find(list, id) != list.end();
}
inline std::vector<BrokerId> without(std::vector<BrokerId> list, const std::vector<BrokerId>& those) {
  std::erase_if(list, [&](BrokerId id) { return contains(those, id); });
  return list;
}

class PartitionChange {
 public:
  PartitionChange(PartitionRegistration& partition, const PartitionContext& context)
      : next(partition), current_(partition), context_(context) {}

  PartitionRegistration next;
  BrokerId lost;                // its storage: neither in sync nor eligible
  bool prefers_first = false;   // the preferred replica takes over from another that could go on
  bool may_be_unclean = false;  // better a leader with a hole than none

  // Puts `next` in the place of the record. False: nothing is different.
  bool finish();

 private:
  void complete_reassignment();
  void fill_elr();
  void elect();
  [[nodiscard]] bool may_lead(BrokerId id) const;
  [[nodiscard]] BrokerId clean_leader() const;
  [[nodiscard]] BrokerId unclean_leader() const;

  PartitionRegistration& current_;
  const PartitionContext& context_;
  bool completes_ = false;
};

}  // namespace ottla
