// Scenes of a leader. Most are played twice: as the rules are, and with the one that it is about broken.
#include "replication/replica_test_fixture.h"

namespace ottla {

namespace {

using replica_effect::SendAlterPartition;

}  // namespace

TEST(ReplicaLeading, the_high_watermark_is_what_every_in_sync_replica_has_synced) {
  const auto scene = [] {
    ReplicaScene leader;
    leader.leads(1, {1, 2, 3});
    leader.writes(5);
    leader.fetched_by(2, 5, 1);
    leader.fetched_by(3, 5, 1, 3);
    return leader.high_watermark();
  };
  expect_differs(Mutant::high_watermark_on_log_end, scene, 3);
  expect_differs(Mutant::high_watermark_ignores_a_member, scene, 3);
}

TEST(ReplicaLeading, the_leader_counts_itself_once_it_has_synced) {
  expect_differs(
      Mutant::leader_acks_before_sync,
      [] {
        ReplicaScene leader;
        leader.leads(1, {1, 2});
        leader.appends(5);
        leader.fetched_by(2, 5, 1);
        return leader.high_watermark();
      },
      0);
}

TEST(ReplicaLeading, nothing_counts_of_a_follower_that_has_not_been_heard_in_this_epoch) {
  ReplicaScene leader;
  leader.leads(1, {1, 2});
  leader.writes(5);
  leader.fetched_by(2, 5, 1);
  EXPECT_EQ(leader.high_watermark(), 5);
  leader.hears(1, 2, 11, {1, 2});
  leader.writes(1);
  EXPECT_EQ(leader.high_watermark(), 5);
}

TEST(ReplicaLeading, nothing_is_appended_before_the_epoch_is_in_the_log) {
  ReplicaScene leader;
  leader.step(replica_event::MetadataChanged{leader.metadata(1, 4, 10, {1})});
  EXPECT_NE(leader.effect<replica_effect::AssignEpoch>(), nullptr);
  EXPECT_EQ(leader.replica.may_append(true).error().code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
  leader.step(replica_event::EpochAssigned{});  // of an earlier time: it is not there
  EXPECT_FALSE(leader.replica.is_leading());
  leader.epochs.add(LeaderEpoch{4}, Offset{0});
  leader.step(replica_event::EpochAssigned{});
  EXPECT_EQ(leader.replica.may_append(true).value(), LeaderEpoch{4});
}

TEST(ReplicaLeading, below_min_isr_acks_all_is_refused_and_nothing_is_committed) {
  expect_differs(
      Mutant::high_watermark_under_min_isr,
      [] {
        ReplicaScene leader;
        leader.min_isr = 2;
        leader.leads(1, {1});
        EXPECT_EQ(leader.replica.may_append(true).error().code, ErrorCode::NOT_ENOUGH_REPLICAS);
        EXPECT_TRUE(leader.replica.may_append(false));
        leader.writes(5);
        return leader.high_watermark();
      },
      0);
}

TEST(ReplicaLeading, a_fetch_is_judged_in_this_order) {
  ReplicaScene leader;
  leader.has_log({{1, 0}, {3, 4}}, 8);
  leader.leads(5, {1, 2});
  leader.broker_epoch_of_fetches = 1;
  EXPECT_EQ(leader.fetched_by(9, 8, 3, 8, 4).error, ErrorCode::UNKNOWN_LEADER_EPOCH);  // no replica of it
  EXPECT_EQ(leader.fetched_by(2, 8, 3, 8, 4).error, ErrorCode::FENCED_LEADER_EPOCH);   // an older epoch
  EXPECT_EQ(leader.fetched_by(2, 8, 3, 8, 6).error, ErrorCode::UNKNOWN_LEADER_EPOCH);  // a newer one
  EXPECT_EQ(leader.fetched_by(2, 8, 3, 8, 5).error, ErrorCode::STALE_BROKER_EPOCH);    // an older incarnation
  leader.broker_epoch_of_fetches = std::nullopt;
  EXPECT_EQ(leader.fetched_by(2, 8, 9).error, ErrorCode::OFFSET_OUT_OF_RANGE);  // an epoch beyond ours
  EXPECT_EQ(leader.fetched_by(2, 6, 2).diverging_epoch, (EpochEndOffset{LeaderEpoch{1}, Offset{4}}));
  EXPECT_EQ(leader.fetched_by(2, 9, 3).diverging_epoch, (EpochEndOffset{LeaderEpoch{3}, Offset{8}}));
  EXPECT_EQ(leader.fetched_by(2, 8, 3).error, ErrorCode::NONE);
}

TEST(ReplicaLeading, a_fetch_of_another_epoch_counts_for_nothing) {
  expect_differs(
      Mutant::fetch_epoch_unchecked,
      [] {
        ReplicaScene leader;
        leader.leads(5, {1, 2});
        leader.writes(5);
        leader.fetched_by(2, 5, 5, 5, 4);
        return leader.high_watermark();
      },
      0);
}

TEST(ReplicaLeading, a_diverging_fetch_counts_for_nothing) {
  expect_differs(
      Mutant::diverging_fetch_counts,
      [] {
        ReplicaScene leader;
        leader.has_log({{1, 0}}, 3);
        leader.leads(3, {1, 2});
        leader.writes(5);
        leader.fetched_by(2, 6, 2);  // epoch 2 was never here
        return leader.high_watermark();
      },
      0);
}

TEST(ReplicaLeading, what_an_earlier_incarnation_had_is_not_said_of_its_successor) {
  ReplicaScene leader;
  leader.leads(1, {1, 2});
  leader.writes(5);
  leader.broker_epoch_of_fetches = 200;  // restarted with an empty disk, before the metadata tell of it
  leader.fetched_by(2, 0, -1);
  leader.broker_epoch_of_fetches = 102;  // what the one before had sent comes late
  EXPECT_EQ(leader.fetched_by(2, 5, 1).error, ErrorCode::STALE_BROKER_EPOCH);
  EXPECT_EQ(leader.high_watermark(), 0);
}

TEST(ReplicaLeading, who_joins_must_reach_the_start_of_the_epoch) {
  const auto scene = [] {
    ReplicaScene leader;
    leader.has_log({{1, 0}}, 8);
    leader.leads(2, {1, 2});
    leader.fetched_by(3, 5, 1);
    return std::int64_t{leader.effect<SendAlterPartition>() != nullptr};
  };
  expect_differs(Mutant::expand_before_epoch_start, scene, 0);
}

TEST(ReplicaLeading, who_joins_must_be_the_incarnation_that_the_metadata_know) {
  const auto scene = [] {
    ReplicaScene leader;
    leader.leads(2, {1, 2});
    leader.broker_epoch_of_fetches = 999;
    leader.fetched_by(3, 0, -1);
    return std::int64_t{leader.effect<SendAlterPartition>() != nullptr};
  };
  expect_differs(Mutant::expand_without_broker_epoch, scene, 0);
}

TEST(ReplicaLeading, a_fenced_broker_does_not_join) {
  ReplicaScene leader;
  leader.fenced = 3;
  leader.leads(2, {1, 2});
  leader.fetched_by(3, 0, -1);
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);
}

TEST(ReplicaLeading, a_joiner_counts_from_the_moment_it_is_asked_for) {
  expect_differs(
      Mutant::pending_expand_not_counted,
      [] {
        ReplicaScene leader;
        leader.leads(2, {1, 2});
        leader.fetched_by(3, 0, -1);
        EXPECT_NE(leader.effect<SendAlterPartition>(), nullptr);
        leader.now_ms += 1500;  // it has not caught up for longer than it may
        leader.writes(4);
        leader.fetched_by(2, 4, 2);
        return leader.high_watermark();
      },
      0);
}

TEST(ReplicaLeading, a_leaver_counts_until_it_is_gone) {
  const auto scene = [] {
    ReplicaScene leader;
    leader.leads(2, {1, 2, 3});
    leader.writes(4);
    leader.fetched_by(2, 4, 2);
    leader.now_ms += 900;
    leader.fetched_by(2, 4, 2);
    leader.now_ms += 200;
    leader.step(replica_event::Tick{});
    EXPECT_NE(leader.effect<SendAlterPartition>(), nullptr);
    leader.fetched_by(2, 4, 2);
    return leader.high_watermark();
  };
  expect_differs(Mutant::shrink_used_before_commit, scene, 0);
}

TEST(ReplicaLeading, once_the_leaver_is_gone_the_high_watermark_moves) {
  ReplicaScene leader;
  leader.leads(2, {1, 2, 3});
  leader.writes(4);
  leader.now_ms += 900;
  leader.fetched_by(2, 4, 2);
  leader.now_ms += 200;
  leader.step(replica_event::Tick{});
  const auto* const sent = leader.effect<SendAlterPartition>();
  ASSERT_NE(sent, nullptr);
  ASSERT_EQ(sent->change.new_isr.size(), 2);
  EXPECT_EQ(sent->change.new_isr[1].broker_id, BrokerId{2});
  EXPECT_EQ(sent->change.new_isr[1].broker_epoch, BrokerEpoch{102});
  leader.controller_answers(sent->token, ErrorCode::NONE, 11, {1, 2});
  EXPECT_EQ(leader.high_watermark(), 4);
}

TEST(ReplicaLeading, a_follower_that_fetches_and_cannot_sync_drops_out) {
  ReplicaScene leader;
  leader.leads(2, {1, 2});
  leader.writes(4);
  for (int i = 0; i < 5; ++i) {
    leader.now_ms += 300;
    leader.fetched_by(2, 4, 2, 1);
  }
  leader.step(replica_event::Tick{});
  EXPECT_NE(leader.effect<SendAlterPartition>(), nullptr);
}

TEST(ReplicaLeading, a_follower_under_load_that_keeps_its_distance_stays) {
  ReplicaScene leader;
  leader.leads(2, {1, 2});
  for (int i = 0; i < 20; ++i) {  // what it has synced is always two fetches old
    leader.now_ms += 200;
    leader.writes(10);
    leader.fetched_by(2, 10 * i, i > 0 ? 2 : -1, std::max(0, 10 * (i - 1)));
    leader.step(replica_event::Tick{});
    EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);
  }
}

namespace {
// Where the high watermark is when the leader has written 5 records, and 2, in the ISR with it, has, and nobody synced.
std::int64_t high_watermark_of_unsynced(bool leader_waits, bool follower_waits) {
  ReplicaScene leader;
  PartitionMetadata metadata = leader.metadata(1, 1, 10, {1, 2});
  metadata.waits_for_disk = leader_waits;
  metadata.replicas[1].waits_for_disk = follower_waits;
  leader.step(replica_event::MetadataChanged{metadata});
  leader.epochs.add(LeaderEpoch{1}, Offset{0});
  leader.step(replica_event::EpochAssigned{});
  leader.appends(5);
  leader.fetched_by(2, 5, 1, 0);
  return leader.high_watermark();
}
}  // namespace

// Each replica by its own settings: what the controller keeps one in the ISR for after a crash, it must have synced.
TEST(ReplicaLeading, flush_messages_above_one_counts_what_is_written) {
  EXPECT_EQ(high_watermark_of_unsynced(false, false), 5);
  EXPECT_EQ(high_watermark_of_unsynced(false, true), 0);
  EXPECT_EQ(high_watermark_of_unsynced(true, false), 0);
}

TEST(ReplicaLeading, a_replica_that_is_added_within_an_epoch_is_served) {
  ReplicaScene leader;
  PartitionMetadata metadata = leader.metadata(1, 1, 10, {1, 2});
  const ReplicaBroker third = metadata.replicas.back();
  metadata.replicas.pop_back();
  leader.step(replica_event::MetadataChanged{metadata});
  leader.epochs.add(LeaderEpoch{1}, Offset{0});
  leader.step(replica_event::EpochAssigned{});
  EXPECT_EQ(leader.fetched_by(3, 0, -1).error, ErrorCode::UNKNOWN_LEADER_EPOCH);
  metadata.partition_epoch = PartitionEpoch{11};
  metadata.replicas.push_back(third);
  leader.step(replica_event::MetadataChanged{metadata});
  EXPECT_EQ(leader.fetched_by(3, 0, -1).error, ErrorCode::NONE);
  metadata.partition_epoch = PartitionEpoch{12};
  metadata.replicas.pop_back();
  leader.step(replica_event::MetadataChanged{metadata});
  EXPECT_EQ(leader.fetched_by(3, 0, -1).error, ErrorCode::UNKNOWN_LEADER_EPOCH);
}

TEST(ReplicaLeading, metadata_of_an_older_partition_epoch_are_not_heard) {
  ReplicaScene leader;
  leader.leads(3, {1, 2});
  leader.hears(1, 3, 9, {1, 3});
  EXPECT_TRUE(leader.replica.isr().has(BrokerId{2}));
  leader.hears(2, 2, 8, {1, 2});
  EXPECT_TRUE(leader.replica.is_leading());
}

}  // namespace ottla
