// A topic of one partition with replicas on brokers 1 (the leader) and 2, for tests.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <string>

#include "broker/partitions.h"
#include "storage/test_batches.h"

namespace ottla {

inline const Topic replicated_topic{.name = "t", .id = Uuid::random(), .partitions = {PartitionRegistration{}}};
inline constexpr BrokerEpoch leader_broker_epoch{100};
inline constexpr BrokerEpoch follower_broker_epoch{200};

// Both are in sync.
inline PartitionMetadata replicated(LeaderEpoch epoch = LeaderEpoch{0}) {
  return {.leader = BrokerId{1},
          .leader_epoch = epoch,
          .partition_epoch = PartitionEpoch{epoch.value},
          .replicas = {{BrokerId{1}, leader_broker_epoch, true}, {BrokerId{2}, follower_broker_epoch, true}},
          .isr = {BrokerId{1}, BrokerId{2}},
          .effective_min_isr = 2};
}

inline std::shared_ptr<Partition> open_replica(Partitions& partitions) {
  EXPECT_TRUE(partitions.open(replicated_topic, std::vector{replicated()}));
  return partitions.find(replicated_topic.id)->partition(0);
}

// The first stage of a write: it is in the leader's log.
inline ErrorCode append(Core& core, const std::shared_ptr<Partition>& partition, const std::string& value) {
  Bytes batch = make_batch({{.key = "k", .value = value}});
  const auto appending = [&]() -> Awaitable<ErrorCode> {
    const auto appended = co_await partition->append(core, as_append(batch), true);
    co_return appended ? ErrorCode::NONE : appended.error().code;
  };
  return asio::co_spawn(core.io, appending(), asio::use_future).get();
}

}  // namespace ottla
