// Scenes of a full disk: others lead on, and nobody waits for who cannot write.
#include "replication/replica_test_fixture.h"

namespace ottla {

namespace {

using replica_effect::ArmTimer;
using replica_effect::SendAlterPartition;
using replica_effect::SendFetch;

std::vector<int> members(const SendAlterPartition* sent) {
  std::vector<int> ids;
  for (const IsrMember& member : sent != nullptr ? sent->change.new_isr : std::vector<IsrMember>{}) {
    ids.push_back(member.broker_id.value);
  }
  return ids;
}

replica_effect::AnswerFetch fetched_without_room(ReplicaScene& leader, int id, int offset) {
  leader.has_no_room_at_followers = true;
  const auto answer = leader.fetched_by(id, offset, 1);
  leader.has_no_room_at_followers = false;
  return answer;
}

}  // namespace

TEST(ReplicaRoom, a_leader_without_room_leaves_the_isr_to_the_others) {
  ReplicaScene leader;
  leader.leads(1, {1, 2, 3});
  leader.step(replica_event::NoRoom{});
  EXPECT_EQ(members(leader.effect<SendAlterPartition>()), (std::vector<int>{2, 3}));
  leader.step(replica_event::NoRoom{});
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);  // it has asked
  leader.writes(1);                                         // there is room again
  leader.fetched_by(2, 1, 1);
  EXPECT_EQ(leader.high_watermark(), 0);
  leader.fetched_by(3, 1, 1);
  EXPECT_EQ(leader.high_watermark(), 1);  // it counts until it is known to be out
  leader.hears(2, 2, 12, {2, 3});
  EXPECT_EQ(leader.replica.role(), Replica::Role::follower);
}

TEST(ReplicaRoom, the_only_one_in_sync_stays) {
  ReplicaScene leader;
  leader.leads(1, {1});
  leader.step(replica_event::NoRoom{});
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);
}

TEST(ReplicaRoom, who_has_none_either_is_not_asked) {
  ReplicaScene leader;
  leader.leads(1, {1, 2, 3});
  leader.writes(2);
  leader.fetched_by(3, 2, 1);
  fetched_without_room(leader, 2, 1);
  EXPECT_EQ(members(leader.effect<SendAlterPartition>()), (std::vector<int>{1, 3}));
  leader.controller_answers(leader.effect<SendAlterPartition>()->token, ErrorCode::NONE, 11, {1, 3});
  leader.step(replica_event::NoRoom{});
  EXPECT_EQ(members(leader.effect<SendAlterPartition>()), std::vector<int>{3});
}

TEST(ReplicaRoom, a_follower_without_room_is_neither_waited_for_nor_taken_back) {
  ReplicaScene leader;
  leader.leads(1, {1, 2});
  leader.writes(2);
  leader.fetched_by(2, 1, 1);
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);
  fetched_without_room(leader, 2, 1);
  EXPECT_EQ(members(leader.effect<SendAlterPartition>()), std::vector<int>{1});
  leader.controller_answers(leader.effect<SendAlterPartition>()->token, ErrorCode::NONE, 11, {1});
  EXPECT_EQ(leader.high_watermark(), 2);
  fetched_without_room(leader, 2, 2);
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);
  leader.fetched_by(2, 2, 1);
  EXPECT_EQ(members(leader.effect<SendAlterPartition>()), (std::vector<int>{1, 2}));
}

TEST(ReplicaRoom, a_follower_says_so_until_it_has_written_or_needs_none) {
  ReplicaScene follower;
  follower.follows(5);
  const auto fails = [&] {
    FetchDone done = follower.answer(*follower.effect<SendFetch>());
    done.has_records = true;
    follower.step(done);
    follower.step(replica_event::AppendFailed{.has_no_room = true});
    ASSERT_NE(follower.effect<ArmTimer>(), nullptr);
    follower.now_ms = follower.effect<ArmTimer>()->at_ms;
    follower.step(replica_event::Tick{follower.now_ms});
    ASSERT_NE(follower.effect<SendFetch>(), nullptr);
    EXPECT_TRUE(follower.effect<SendFetch>()->has_no_room);
  };
  EXPECT_FALSE(follower.effect<SendFetch>()->has_no_room);
  fails();
  follower.step(follower.answer(*follower.effect<SendFetch>()));
  ASSERT_NE(follower.effect<SendFetch>(), nullptr);
  EXPECT_FALSE(follower.effect<SendFetch>()->has_no_room);
  fails();
  FetchDone done = follower.answer(*follower.effect<SendFetch>());
  done.has_records = true;
  follower.step(done);
  follower.appends(1);
  ASSERT_NE(follower.effect<SendFetch>(), nullptr);
  EXPECT_FALSE(follower.effect<SendFetch>()->has_no_room);
}

}  // namespace ottla
