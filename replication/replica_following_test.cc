// Scenes of a follower: it becomes like its leader, and loses nothing that was committed.
#include "replication/replica_test_fixture.h"

namespace ottla {

namespace {

using replica_effect::AdvanceLogStart;
using replica_effect::AppendFetched;
using replica_effect::SendFetch;
using replica_effect::StartAnew;
using replica_effect::Truncate;

}  // namespace

TEST(ReplicaFollowing, the_first_fetch_tells_where_the_log_ends_and_in_which_epoch) {
  ReplicaScene follower;
  follower.has_log({{1, 0}, {4, 6}}, 9);
  follower.follows(5);
  const auto* const sent = follower.effect<SendFetch>();
  ASSERT_NE(sent, nullptr);
  EXPECT_EQ(sent->leader, BrokerId{2});
  EXPECT_EQ(sent->current_leader_epoch, LeaderEpoch{5});
  EXPECT_EQ(sent->fetch_offset, Offset{9});
  EXPECT_EQ(sent->last_fetched_epoch, LeaderEpoch{4});
  const BrokenRule broken(Mutant::no_truncation_on_new_epoch);
  follower.hears(2, 6, 11, {1, 2, 3});
  EXPECT_EQ(follower.effect<SendFetch>()->last_fetched_epoch, LeaderEpoch{});
}

TEST(ReplicaFollowing, it_fetches_anew_on_every_epoch_even_of_the_same_leader) {
  ReplicaScene follower;
  follower.follows(5);
  const SendFetch before = *follower.effect<SendFetch>();
  follower.hears(2, 6, 11, {1, 2, 3});
  ASSERT_NE(follower.effect<SendFetch>(), nullptr);
  EXPECT_GT(follower.effect<SendFetch>()->generation, before.generation);
  FetchDone late = follower.answer(before);
  late.has_records = true;
  follower.step(late);
  EXPECT_EQ(follower.effect<AppendFetched>(), nullptr);
}

TEST(ReplicaFollowing, nothing_is_cut_on_a_new_epoch_before_the_leader_says_where) {
  const auto scene = [] {
    ReplicaScene follower;
    follower.has_log({{1, 0}}, 9);
    follower.follows(5);
    return follower.effect<Truncate>() == nullptr;
  };
  EXPECT_TRUE(scene());
  const BrokenRule broken(Mutant::truncate_to_high_watermark);
  EXPECT_FALSE(scene());
}

TEST(ReplicaFollowing, an_epoch_known_here_is_cut_where_the_leader_ends_it) {
  ReplicaScene follower;
  follower.has_log({{1, 0}, {4, 6}}, 9);
  follower.follows(5);
  follower.step(ReplicaScene::diverging(follower.answer(*follower.effect<SendFetch>()), 4, 7));
  ASSERT_NE(follower.effect<Truncate>(), nullptr);
  EXPECT_EQ(follower.effect<Truncate>()->to, Offset{7});
  follower.truncates_as_told();
  EXPECT_EQ(follower.effect<SendFetch>()->fetch_offset, Offset{7});
}

// The leader has epochs 1, 3 (from 4 on), this log 1, 2 (from 3 on): KIP-279's fast elections.
TEST(ReplicaFollowing, an_epoch_not_known_here_takes_a_second_round) {
  const auto scene = [] {
    ReplicaScene follower;
    follower.has_log({{1, 0}, {2, 3}, {4, 6}}, 9);
    follower.follows(5);
    follower.step(ReplicaScene::diverging(follower.answer(*follower.effect<SendFetch>()), 3, 8));
    follower.truncates_as_told();
    const auto* const sent = follower.effect<SendFetch>();
    return std::pair(sent->fetch_offset, sent->last_fetched_epoch);
  };
  EXPECT_EQ(scene(), std::pair(Offset{6}, LeaderEpoch{2}));
  const BrokenRule broken(Mutant::one_round_of_truncation);
  EXPECT_EQ(scene(), std::pair(Offset{8}, LeaderEpoch{}));
}

// Whether the leader's end lies below its own or not: to keep what is all of other epochs would be to ask for ever.
TEST(ReplicaFollowing, a_log_whose_epochs_are_all_later_than_the_leaders_goes_whole) {
  for (const int leaders_end : {3, 9, 20}) {
    ReplicaScene follower;
    follower.has_log({{4, 0}}, 9);
    follower.follows(5);
    follower.step(ReplicaScene::diverging(follower.answer(*follower.effect<SendFetch>()), 2, leaders_end));
    EXPECT_EQ(follower.effect<Truncate>()->to, Offset{0}) << leaders_end;
  }
}

TEST(ReplicaFollowing, no_high_watermark_is_taken_from_a_diverging_reply) {
  const auto scene = [] {
    ReplicaScene follower;
    follower.has_log({{1, 0}, {4, 6}}, 9);
    follower.follows(5);
    FetchDone done = ReplicaScene::diverging(follower.answer(*follower.effect<SendFetch>()), 4, 7);
    done.high_watermark = Offset{8};
    follower.step(done);
    return follower.high_watermark();
  };
  EXPECT_EQ(scene(), 0);
  const BrokenRule broken(Mutant::high_watermark_from_diverging_reply);
  EXPECT_NE(scene(), 0);
}

TEST(ReplicaFollowing, below_the_high_watermark_it_stops_instead_of_cutting) {
  ReplicaScene follower;
  follower.has_log({{1, 0}}, 9);
  follower.follows(5);
  FetchDone done = follower.answer(*follower.effect<SendFetch>());
  done.high_watermark = Offset{8};
  follower.step(done);
  EXPECT_EQ(follower.high_watermark(), 8);
  follower.step(ReplicaScene::diverging(follower.answer(*follower.effect<SendFetch>()), 1, 7));
  EXPECT_EQ(follower.effect<Truncate>(), nullptr);
  EXPECT_NE(follower.effect<replica_effect::InvariantBroken>(), nullptr);
}

TEST(ReplicaFollowing, the_high_watermark_is_the_leaders_as_far_as_the_log_goes) {
  ReplicaScene follower;
  follower.has_log({{1, 0}}, 3);
  follower.follows(1);
  FetchDone done = follower.answer(*follower.effect<SendFetch>());
  done.high_watermark = Offset{8};
  done.has_records = true;
  follower.step(done);
  EXPECT_EQ(follower.high_watermark(), 0);  // not before the records are there
  follower.appends(2);
  EXPECT_EQ(follower.high_watermark(), 5);
}

TEST(ReplicaFollowing, it_fetches_ahead_while_a_sync_runs_and_tells_when_it_is_over) {
  ReplicaScene follower;
  follower.follows(1);
  EXPECT_TRUE(follower.effect<SendFetch>()->may_wait);
  FetchDone done = follower.answer(*follower.effect<SendFetch>());
  done.has_records = true;
  follower.step(done);
  follower.appends(4);
  const SendFetch ahead = *follower.effect<SendFetch>();
  EXPECT_EQ(ahead.fetch_offset, Offset{4});
  EXPECT_EQ(ahead.durable_end_offset, Offset{0});
  EXPECT_FALSE(ahead.may_wait);
  follower.step(follower.answer(ahead));  // the leader has no more
  EXPECT_EQ(follower.effect<SendFetch>(), nullptr);
  follower.syncs();
  ASSERT_NE(follower.effect<SendFetch>(), nullptr);
  EXPECT_EQ(follower.effect<SendFetch>()->durable_end_offset, Offset{4});
}

// The finding of the model: the answer of a fetch that was given up comes after the log has left that offset and
// reached it again with other records.
TEST(ReplicaFollowing, a_late_diverging_reply_cuts_nothing) {
  const auto scene = [] {
    ReplicaScene follower;
    follower.has_log({{1, 0}, {4, 6}}, 9);
    follower.follows(5);
    const FetchDone late = ReplicaScene::diverging(follower.answer(*follower.effect<SendFetch>()), 4, 6);
    FetchDone lost = follower.answer(*follower.effect<SendFetch>());
    lost.error = ErrorCode::NETWORK_EXCEPTION;
    follower.step(lost);
    follower.now_ms += 50;
    follower.step(replica_event::Tick{});
    follower.step(ReplicaScene::diverging(follower.answer(*follower.effect<SendFetch>()), 4, 6));
    follower.truncates_as_told();
    FetchDone done = follower.answer(*follower.effect<SendFetch>());
    done.has_records = true;
    follower.step(done);
    follower.epochs.add(LeaderEpoch{5}, Offset{6});
    follower.appends(3);  // at 9 again
    follower.step(late);
    return follower.effect<Truncate>() == nullptr;
  };
  EXPECT_TRUE(scene());
  const BrokenRule broken(Mutant::generation_unchecked);
  EXPECT_FALSE(scene());
}

TEST(ReplicaFollowing, an_error_is_tried_again_after_a_while) {
  ReplicaScene follower;
  follower.follows(5);
  FetchDone done = follower.answer(*follower.effect<SendFetch>());
  done.error = ErrorCode::UNKNOWN_LEADER_EPOCH;
  follower.step(done);
  EXPECT_EQ(follower.effect<SendFetch>(), nullptr);
  ASSERT_NE(follower.effect<replica_effect::ArmTimer>(), nullptr);
  follower.now_ms += 50;
  follower.step(replica_event::Tick{});
  EXPECT_NE(follower.effect<SendFetch>(), nullptr);
}

TEST(ReplicaFollowing, a_log_that_ends_before_the_leaders_begins_is_given_up_outside_the_isr_only) {
  for (const bool in_sync : {true, false}) {
    ReplicaScene follower;
    follower.has_log({{1, 0}}, 9);
    follower.hears(2, 5, 10, in_sync ? std::vector{1, 2} : std::vector{2});
    FetchDone done = follower.answer(*follower.effect<SendFetch>());
    done.error = ErrorCode::OFFSET_OUT_OF_RANGE;
    done.log_start_offset = Offset{20};
    follower.step(done);
    EXPECT_EQ(follower.effect<StartAnew>() == nullptr, in_sync);
    EXPECT_EQ(follower.high_watermark(), in_sync ? 0 : 20);
  }
}

TEST(ReplicaFollowing, a_failed_log_directory_ends_it) {
  ReplicaScene follower;
  follower.follows(5);
  const SendFetch sent = *follower.effect<SendFetch>();
  follower.step(replica_event::LogFailed{});
  follower.step(follower.answer(sent));
  EXPECT_TRUE(follower.effects.empty());
  EXPECT_EQ(follower.fetched_by(2, 0, -1).error, ErrorCode::KAFKA_STORAGE_ERROR);
}

// A reassignment within an epoch, cancelled and asked for again.
TEST(ReplicaFollowing, a_replica_that_is_taken_and_given_again_within_an_epoch_follows) {
  ReplicaScene replica;
  PartitionMetadata metadata = replica.metadata(2, 3, 10, {2, 3});
  replica.step(replica_event::MetadataChanged{metadata});
  EXPECT_NE(replica.effect<SendFetch>(), nullptr);
  const std::vector<ReplicaBroker> with = metadata.replicas;
  metadata.replicas.erase(metadata.replicas.begin());
  metadata.partition_epoch = PartitionEpoch{11};
  replica.step(replica_event::MetadataChanged{metadata});
  EXPECT_EQ(replica.replica.role(), Replica::Role::none);
  metadata.replicas = with;
  metadata.partition_epoch = PartitionEpoch{12};
  replica.step(replica_event::MetadataChanged{metadata});
  EXPECT_NE(replica.effect<SendFetch>(), nullptr);
}

TEST(ReplicaFollowing, an_answer_for_another_offset_than_the_logs_end_leaves_no_hole) {
  ReplicaScene follower;
  follower.has_log({{1, 0}}, 10);
  follower.follows(2);
  const auto sent = *follower.effect<SendFetch>();
  follower.log_end = follower.durable_end = Offset{5};
  auto done = follower.answer(sent);
  done.has_records = true;
  follower.step(done);
  EXPECT_EQ(follower.effect<replica_effect::AppendFetched>(), nullptr);
  ASSERT_NE(follower.effect<SendFetch>(), nullptr);
  EXPECT_EQ(follower.effect<SendFetch>()->fetch_offset, Offset{5});
}

// As far as it is committed here: what is not might be cut.
TEST(ReplicaFollowing, what_the_leader_has_deleted_goes_here_too) {
  ReplicaScene follower;
  follower.has_log({{1, 0}}, 9);
  follower.follows(1);
  FetchDone done = follower.answer(*follower.effect<SendFetch>());
  done.log_start_offset = Offset{6};
  done.high_watermark = Offset{4};
  follower.step(done);
  ASSERT_NE(follower.effect<AdvanceLogStart>(), nullptr);
  EXPECT_EQ(follower.effect<AdvanceLogStart>()->to, Offset{4});
  done = follower.answer(*follower.effect<SendFetch>());
  done.log_start_offset = Offset{6};
  done.high_watermark = Offset{9};
  follower.step(done);
  ASSERT_NE(follower.effect<AdvanceLogStart>(), nullptr);
  EXPECT_EQ(follower.effect<AdvanceLogStart>()->to, Offset{6});
}

TEST(ReplicaFollowing, a_log_that_is_found_damaged_is_not_cut) {
  ReplicaScene follower;
  follower.has_log({{1, 0}, {2, 5}}, 9);
  follower.follows(5);
  const FetchDone done = ReplicaScene::diverging(follower.answer(*follower.effect<SendFetch>()), 1, 7);
  follower.is_damaged = true;
  follower.step(done);
  EXPECT_EQ(follower.effect<replica_effect::Truncate>(), nullptr);
  EXPECT_EQ(follower.effect<SendFetch>(), nullptr);
}

// A log that cannot be read cannot become the leader's; once what is damaged is deleted, it can.
TEST(ReplicaFollowing, a_damaged_log_asks_for_nothing) {
  ReplicaScene follower;
  follower.is_damaged = true;
  follower.has_log({{1, 0}}, 9);
  follower.follows(5);
  EXPECT_EQ(follower.effect<SendFetch>(), nullptr);
  ASSERT_NE(follower.effect<replica_effect::ArmTimer>(), nullptr);
  follower.now_ms = follower.effect<replica_effect::ArmTimer>()->at_ms;
  follower.step(replica_event::Tick{follower.now_ms});
  EXPECT_EQ(follower.effect<SendFetch>(), nullptr);
  ASSERT_NE(follower.effect<replica_effect::ArmTimer>(), nullptr);
  follower.is_damaged = false;
  follower.now_ms = follower.effect<replica_effect::ArmTimer>()->at_ms;
  follower.step(replica_event::Tick{follower.now_ms});
  EXPECT_NE(follower.effect<SendFetch>(), nullptr);
}

}  // namespace ottla
