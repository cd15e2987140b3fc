// Scenes with one partition: brokers 1 to 5, active, broker n in epoch 10 n; replicas 1, 2, 3, all in sync, led by 1.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replication/mutants.h"
#include "replication/partition_invariants.h"

namespace ottla {

class PartitionTest : public testing::Test {
 protected:
  using Ids = std::vector<BrokerId>;

  PartitionTest() {
    for (std::int32_t id = 1; id <= 5; ++id) {
      brokers[{id}] = {.epoch = {std::int64_t{10} * id}, .fenced = false};
    }
    partition = *new_partition({{1}, {2}, {3}}, context());
  }

  [[nodiscard]] PartitionContext context() const { return {brokers, min_insync_replicas}; }

  void fence(std::int32_t id) {
    brokers[{id}].fenced = true;
    broker_left(partition, {id}, context());
    expect_sound();
  }
  void unfence(std::int32_t id) {
    brokers[{id}].fenced = false;
    broker_returned(partition, context());
    expect_sound();
  }
  void lose(std::int32_t id) {
    brokers[{id}].fenced = true;
    storage_lost(partition, {id}, context());
    expect_sound();
  }
  // As the leader would ask it, knowing all that there is to know.
  [[nodiscard]] IsrChange wish(const Ids& isr) const {
    IsrChange change{.leader_epoch = partition.leader_epoch, .partition_epoch = partition.partition_epoch};
    for (const BrokerId id : isr) {
      change.new_isr.push_back({id, brokers.at(id).epoch});
    }
    return change;
  }
  ErrorCode alter(const IsrChange& change) { return alter(change, partition.leader); }
  ErrorCode alter(const IsrChange& change, BrokerId sender) {
    const auto done = alter_isr(partition, sender, change, context());
    expect_sound();
    return done ? ErrorCode::NONE : done.error().code;
  }
  ErrorCode elect(Election election) {
    const auto done = elect_leader(partition, election, context());
    expect_sound();
    return done ? ErrorCode::NONE : done.error().code;
  }
  void expect_sound() const { EXPECT_EQ(broken_invariant(partition, context()), ""); }

  Brokers brokers;
  std::int32_t min_insync_replicas = 2;
  PartitionRegistration partition;
};

}  // namespace ottla
