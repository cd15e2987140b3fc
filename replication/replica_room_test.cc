// Scenes of a full disk: others lead on, and nobody waits for who cannot write.
#include "replication/replica_test_fixture.h"

namespace ottla {

namespace {

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

// Broker 1 leads 2 and 3, who have all there is, and has no room since now.
ReplicaScene full_leader() {
  ReplicaScene leader;
  leader.leads(1, {1, 2, 3});
  leader.writes(2);
  leader.fetched_by(2, 2, 1);
  leader.fetched_by(3, 2, 1);
  leader.step(replica_event::NoRoom{});
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);
  ++leader.now_ms;
  return leader;
}

}  // namespace

TEST(ReplicaRoom, a_leader_without_room_leaves_the_isr_to_the_others) {
  ReplicaScene leader = full_leader();
  EXPECT_TRUE(leader.replica.may_append(false));  // a smaller batch may find room
  leader.fetched_by(3, 2, 1);
  EXPECT_EQ(members(leader.effect<SendAlterPartition>()), (std::vector<int>{2, 3}));
  leader.step(replica_event::NoRoom{});
  leader.fetched_by(2, 2, 1);
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);  // it has asked
  EXPECT_EQ(leader.replica.may_append(false).error().code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
  leader.hears(2, 2, 12, {2, 3});
  EXPECT_EQ(leader.replica.role(), Replica::Role::follower);
}

TEST(ReplicaRoom, who_has_not_been_heard_since_is_not_left_alone_with_it) {
  ReplicaScene leader = full_leader();
  leader.received_ms = leader.now_ms - 1;  // its long poll is looked at again
  leader.fetched_by(2, 2, 1);
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);
  leader.now_ms += 1500;
  leader.received_ms = leader.now_ms;
  leader.fetched_by(3, 2, 1);
  EXPECT_EQ(members(leader.effect<SendAlterPartition>()), std::vector<int>{3});
}

TEST(ReplicaRoom, who_lacks_something_gets_it_first) {
  ReplicaScene lagging;
  lagging.leads(1, {1, 2});
  lagging.writes(2);
  lagging.step(replica_event::NoRoom{});
  ++lagging.now_ms;
  lagging.fetched_by(2, 1, 1);
  EXPECT_EQ(lagging.effect<SendAlterPartition>(), nullptr);
  lagging.fetched_by(2, 2, 1);
  EXPECT_EQ(members(lagging.effect<SendAlterPartition>()), std::vector<int>{2});
}

TEST(ReplicaRoom, with_room_again_it_stays) {
  ReplicaScene leader = full_leader();
  leader.writes(1);
  leader.fetched_by(2, 3, 1);
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);
}

TEST(ReplicaRoom, the_only_one_in_sync_stays) {
  ReplicaScene leader;
  leader.leads(1, {1});
  leader.step(replica_event::NoRoom{});
  ++leader.now_ms;
  leader.fetched_by(2, 0, 1);
  const auto* const sent = leader.effect<SendAlterPartition>();
  EXPECT_EQ(members(sent), (std::vector<int>{1, 2}));  // it joins, no more
}

TEST(ReplicaRoom, nobody_who_has_none_either_takes_over) {
  ReplicaScene leader = full_leader();
  fetched_without_room(leader, 2, 2);
  fetched_without_room(leader, 3, 2);
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);
  leader.fetched_by(3, 2, 1);
  EXPECT_EQ(members(leader.effect<SendAlterPartition>()), std::vector<int>{3});
}

TEST(ReplicaRoom, a_follower_without_room_is_not_waited_for) {
  ReplicaScene leader;
  leader.leads(1, {1, 2});
  leader.writes(2);
  fetched_without_room(leader, 2, 2);
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);  // it has all there is, and may lead
  leader.writes(1);
  leader.fetched_by(2, 2, 1);
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);
  fetched_without_room(leader, 2, 2);
  EXPECT_EQ(members(leader.effect<SendAlterPartition>()), std::vector<int>{1});
  leader.controller_answers(leader.effect<SendAlterPartition>()->token, ErrorCode::NONE, 11, {1});
  EXPECT_EQ(leader.high_watermark(), 3);
}

TEST(ReplicaRoom, a_follower_says_so) {
  ReplicaScene follower;
  follower.has_no_room = true;
  follower.follows(5);
  ASSERT_NE(follower.effect<SendFetch>(), nullptr);
  EXPECT_TRUE(follower.effect<SendFetch>()->has_no_room);
}

}  // namespace ottla
