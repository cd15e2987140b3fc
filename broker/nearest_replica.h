// For consumers that say where they are (client.rack, KIP-392): the in-sync replica in their rack, if this one is not
// in it. Of several, the one that has most.
#pragma once

#include <string_view>

#include "broker/broker.h"
#include "broker/request_context.h"

namespace ottla {

class NearestReplica {
 public:
  // The rack lives as long as this; empty: not told.
  NearestReplica(const RequestContext& context, std::string_view rack);

  // One that has everything up to `from`, so that the consumer can go on there. -1: none, or this broker does.
  [[nodiscard]] BrokerId of(Partition& partition, Offset from) const;

 private:
  [[nodiscard]] bool is_near(const Controller& state, BrokerId id) const;

  const RequestContext& context_;
  const std::string_view rack_;
  const bool applies_;
};

}  // namespace ottla
