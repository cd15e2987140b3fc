// Changes of the ISR that are under way, and replies that come late, twice, or not at all.
#include "replication/isr.h"

#include "replication/replica_test_fixture.h"

namespace ottla {

namespace {

using replica_effect::SendAlterPartition;

// Leads in epoch 2 with ISR 1, 2 and has asked for 3 to join.
struct Expanding : ReplicaScene {
  Expanding() {
    leads(2, {1, 2});
    fetched_by(3, 0, -1);
    token = effect<SendAlterPartition>() != nullptr ? effect<SendAlterPartition>()->token : 0;
  }
  [[nodiscard]] bool is_pending() const { return replica.isr().pending() != nullptr; }
  [[nodiscard]] bool counts_3() const { return replica.isr().counts(BrokerId{3}); }
  std::uint64_t token = 0;
};

}  // namespace

TEST(IsrChange, a_success_makes_it_so) {
  Expanding leader;
  leader.controller_answers(leader.token, ErrorCode::NONE, 11, {1, 2, 3});
  EXPECT_FALSE(leader.is_pending());
  EXPECT_TRUE(leader.replica.isr().has(BrokerId{3}));
  EXPECT_EQ(leader.replica.metadata().partition_epoch, PartitionEpoch{11});
}

TEST(IsrChange, one_at_a_time) {
  Expanding leader;
  leader.now_ms += 50;
  leader.fetched_by(3, 0, -1);
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);
}

TEST(IsrChange, without_an_answer_it_stays_pending_and_is_sent_again) {
  const auto scene = [] {
    Expanding leader;
    leader.now_ms += 100;
    leader.step(replica_event::Tick{});
    const auto* const again = leader.effect<SendAlterPartition>();
    EXPECT_EQ(again != nullptr && again->token == leader.token, leader.counts_3());
    return leader.counts_3();
  };
  EXPECT_TRUE(scene());
  const BrokenRule broken(Mutant::rollback_on_timeout);
  EXPECT_FALSE(scene());
}

TEST(IsrChange, a_network_error_tells_nothing) {
  Expanding leader;
  leader.controller_answers(leader.token, ErrorCode::NETWORK_EXCEPTION, -1, {});
  leader.controller_answers(leader.token, ErrorCode::REQUEST_TIMED_OUT, -1, {});
  leader.controller_answers(leader.token, ErrorCode::NOT_CONTROLLER, -1, {});
  EXPECT_TRUE(leader.counts_3());
}

// A copy of the request might still be accepted in the epoch that it builds on.
TEST(IsrChange, what_was_refused_counts_until_the_metadata_tell) {
  const auto scene = [] {
    Expanding leader;
    leader.controller_answers(leader.token, ErrorCode::INELIGIBLE_REPLICA, 11, {1, 2});
    const bool counts = leader.counts_3();
    leader.now_ms += 500;
    leader.step(replica_event::Tick{});
    EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);
    leader.hears(1, 2, 11, {1, 2});
    EXPECT_FALSE(leader.counts_3());
    return counts;
  };
  EXPECT_TRUE(scene());
  const BrokenRule broken(Mutant::refusal_keeps_partition_epoch);
  EXPECT_FALSE(scene());
}

// Else it would wait for ever: no request that names the earlier incarnation is accepted any more.
TEST(IsrChange, a_joiner_that_comes_back_as_another_incarnation_joins_anew) {
  Expanding leader;
  leader.now_ms += 100;
  leader.step(replica_event::Tick{});
  PartitionMetadata metadata = leader.metadata(1, 2, 10, {1, 2});
  metadata.replicas[2].broker_epoch = BrokerEpoch{200};
  leader.step(replica_event::MetadataChanged{metadata});
  EXPECT_FALSE(leader.is_pending());
  leader.broker_epoch_of_fetches = 200;
  leader.fetched_by(3, 0, -1);
  EXPECT_TRUE(leader.is_pending());
}

TEST(IsrChange, what_the_controller_could_not_do_now_is_asked_again) {
  for (const ErrorCode error :
       {ErrorCode::NOT_CONTROLLER, ErrorCode::THROTTLING_QUOTA_EXCEEDED, ErrorCode::UNKNOWN_SERVER_ERROR}) {
    Expanding leader;
    leader.controller_answers(leader.token, error, -1, {});
    leader.now_ms += 100;
    leader.step(replica_event::Tick{});
    EXPECT_NE(leader.effect<SendAlterPartition>(), nullptr) << static_cast<int>(error);
    EXPECT_TRUE(leader.counts_3());
  }
}

TEST(IsrChange, out_of_date_stays_pending_until_the_metadata_tell) {
  Expanding leader;
  leader.controller_answers(leader.token, ErrorCode::INVALID_UPDATE_VERSION, -1, {});
  leader.now_ms += 500;
  leader.step(replica_event::Tick{});
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);
  EXPECT_TRUE(leader.counts_3());
  leader.hears(1, 2, 11, {1, 2});
  EXPECT_FALSE(leader.counts_3());
}

// The reply of the change that made partition epoch 11 comes after epoch 11 was heard of, and after another change was
// asked for on top of it.
TEST(IsrChange, a_late_success_does_not_end_another_change) {
  const auto scene = [] {
    Expanding leader;
    const std::uint64_t first = leader.token;
    leader.hears(1, 2, 11, {1, 2});
    leader.fetched_by(3, 0, -1);
    EXPECT_TRUE(leader.is_pending());
    leader.controller_answers(first, ErrorCode::NONE, 11, {1, 2});
    return leader.counts_3();
  };
  EXPECT_TRUE(scene());
  {
    const BrokenRule broken(Mutant::late_alter_partition_reply);
    EXPECT_FALSE(scene());
  }
  const BrokenRule broken(Mutant::alter_partition_reply_unchecked);
  EXPECT_FALSE(scene());
}

TEST(IsrChange, a_success_of_an_older_leader_epoch_is_not_heard) {
  Expanding leader;
  AlterPartitionReply reply{
      .token = leader.token, .leader_epoch = LeaderEpoch{1}, .partition_epoch = PartitionEpoch{11}};
  leader.step(reply);
  EXPECT_TRUE(leader.is_pending());
}

// The metadata of the same partition epoch come after the reply that told of it, and after the next change was begun.
TEST(IsrChange, metadata_of_the_same_partition_epoch_leave_it_pending) {
  Expanding leader;
  leader.controller_answers(leader.token, ErrorCode::NONE, 11, {1, 3});
  leader.fetched_by(2, 0, -1);
  EXPECT_TRUE(leader.is_pending());
  leader.hears(1, 2, 11, {1, 3});
  EXPECT_TRUE(leader.is_pending());
  EXPECT_TRUE(leader.replica.isr().counts(BrokerId{2}));
}

}  // namespace ottla
