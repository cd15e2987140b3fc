#include "broker/groups/core/consumer_group.h"

#include <gtest/gtest.h>

#include "broker/groups/core/test_consumer_group.h"

namespace ottla::groups {
namespace {

using enum ErrorCode;

TEST_F(ConsumerStory, the_first_member_has_all_once_that_is_durable) {
  log_is_quick = false;
  EXPECT_EQ(join("a").member_epoch, waits);
  step(Written{log.back().id, true});
  const auto told = std::get<Beaten>(answers.at(last_token));
  EXPECT_EQ(told.member_epoch, 2);
  EXPECT_EQ(given(told), (Partitions{t(0), t(1), t(2), t(3)}));
  EXPECT_EQ(group.state_name(), std::string("Stable"));
}

TEST_F(ConsumerStory, a_partition_moves_only_when_its_owner_has_let_go) {
  join("a");
  EXPECT_EQ(given(join("b")), Partitions{});
  const auto asked = beat("a", 2);
  EXPECT_EQ(asked.member_epoch, 2);
  EXPECT_EQ(given(asked), (Partitions{t(0), t(1)}));
  EXPECT_FALSE(beat("b", 3).assignment);  // still a's
  EXPECT_EQ(let_go("a", 2, {t(0), t(1)}).member_epoch, 3);
  EXPECT_EQ(given(beat("b", 3)), (Partitions{t(2), t(3)}));
  EXPECT_EQ(group.state_name(), std::string("Stable"));
}

TEST_F(ConsumerStory, who_does_not_let_go_in_time_is_out) {
  join("a");
  join("b");
  beat("a", 2);
  for (int i = 0; i < 6; ++i) {
    beat("a", 2);
    beat("b", 3);
    wait(rebalance_ms / 6);
  }
  EXPECT_EQ(beat("a", 2).error_code, UNKNOWN_MEMBER_ID);
  EXPECT_EQ(given(beat("b", 3)).size(), 4U);
}

TEST_F(ConsumerStory, a_silent_member_is_removed_when_its_session_ends) {
  join("a");
  wait(45'000 - 1);
  EXPECT_EQ(group.consumer()->members().size(), 1U);
  wait(1);
  EXPECT_EQ(group.state_name(), std::string("Empty"));
}

TEST_F(ConsumerStory, epochs_fence) {
  join("a");
  EXPECT_EQ(beat("a", 3).error_code, FENCED_MEMBER_EPOCH);
  EXPECT_EQ(beat("a", 2).error_code, NONE);
  EXPECT_EQ(commit("a", 2, 0), NONE);
  EXPECT_EQ(commit("a", 3, 0), STALE_MEMBER_EPOCH);
  EXPECT_EQ(commit("b", 2, 0), UNKNOWN_MEMBER_ID);
  EXPECT_EQ(group.consumer()->check_fetch("a", 3), STALE_MEMBER_EPOCH);
  EXPECT_EQ(group.consumer()->check_fetch("a", 2), NONE);
}

TEST_F(ConsumerStory, an_older_epoch_may_commit_what_has_been_the_members_since) {
  join("a");
  join("b");
  beat("a", 2);
  let_go("a", 2, {t(0), t(1)});
  EXPECT_EQ(commit("a", 2, 0), NONE);                // kept
  EXPECT_EQ(commit("a", 2, 3), STALE_MEMBER_EPOCH);  // b's now
}

TEST_F(ConsumerStory, a_lost_answer_is_given_again) {
  join("a");
  join("b");
  beat("a", 2);
  let_go("a", 2, {t(0), t(1)});  // the answer with epoch 3 gets lost
  EXPECT_EQ(let_go("a", 2, {t(0), t(1)}).member_epoch, 3);
  EXPECT_EQ(let_go("a", 2, {t(0), t(1), t(3)}).error_code, FENCED_MEMBER_EPOCH);
}

TEST_F(ConsumerStory, a_static_member_takes_over_from_its_former_self_after_it_said_so) {
  auto first = full("a", 0, {});
  first.request.instance_id = "i";
  bring(first);
  auto second = full("b", 0, {});
  second.request.instance_id = "i";
  EXPECT_EQ(bring(second).error_code, UNRELEASED_INSTANCE_ID);
  first.request.member_epoch = -2;
  EXPECT_EQ(bring(first).member_epoch, -2);
  const auto back = bring(second);
  EXPECT_EQ(back.member_epoch, 2);  // nobody else notices
  EXPECT_EQ(given(back).size(), 4U);
  first.request.member_epoch = 2;
  EXPECT_EQ(bring(first).error_code, FENCED_INSTANCE_ID);
}

TEST_F(ConsumerStory, a_regular_expression_finds_topics_that_come_later) {
  auto event = full("a", 0, {});
  event.request.subscribed_topic_names.reset();
  event.request.subscribed_topic_regex = "t.*";
  EXPECT_EQ(given(bring(event)).size(), 4U);
  topic("t2", 2, 1);
  topic("other", 3, 1);
  now += 2'000;
  EXPECT_EQ(given(beat("a", 2)).size(), 5U);
  EXPECT_EQ(group.subscribed_topics(), (std::set<std::string>{"t", "t2"}));
}

TEST_F(ConsumerStory, all_of_it_is_known_after_a_restart) {
  join("a");
  join("b");
  beat("a", 2);
  commit("a", 2, 0);
  const std::string before = group.state_name();
  restart();
  EXPECT_EQ(group.state_name(), before);
  EXPECT_EQ(group.offsets().size(), 1U);
  EXPECT_EQ(let_go("a", 2, {t(0), t(1)}).member_epoch, 3);
  EXPECT_EQ(given(beat("b", 3)), (Partitions{t(2), t(3)}));
}

TEST_F(ConsumerStory, who_subscribes_to_nothing_is_a_member_all_the_same) {
  auto event = full("a", 0, {});
  event.request.subscribed_topic_names.emplace();
  EXPECT_EQ(bring(event).member_epoch, 1);  // a group's first, with no reason for a second
  EXPECT_EQ(group.state_name(), std::string("Stable"));
  restart();
  EXPECT_EQ(beat("a", 1).error_code, NONE);
}

TEST_F(ConsumerStory, a_share_that_is_free_is_given_away_with_the_next_heartbeat) {
  join("a");
  join("b");
  EXPECT_EQ(given(let_go("a", 2, {t(0), t(1)})).size(), 2U);
  beat("b", -1);
  EXPECT_EQ(group.state_name(), std::string("Assigning"));
  restart();
  EXPECT_EQ(given(beat("a", 3)).size(), 4U);
  EXPECT_EQ(group.state_name(), std::string("Stable"));
}

TEST_F(ConsumerStory, a_group_with_members_cannot_be_deleted_and_one_without_can) {
  join("a");
  EXPECT_EQ(std::get<ErrorCode>(tell(DeleteGroup{})), NON_EMPTY_GROUP);
  beat("a", -1);
  EXPECT_EQ(std::get<ErrorCode>(tell(DeleteGroup{})), NONE);
  EXPECT_TRUE(group.is_forgettable());
  restart();
  EXPECT_TRUE(group.is_forgettable());
}

// A classic member that has all, then one of the new protocol beside it.
TEST_F(ConsumerStory, a_classic_group_is_upgraded_and_downgraded_online) {
  const auto id = join_classic("", {}).member_id;
  const auto generation = join_classic(id, {}).generation_id;
  Writer all;
  const auto assignment = assignment_bytes({t(0), t(1), t(2), t(3)}, *topics, Bytes(2));
  EXPECT_EQ(sync_classic(id, generation, assignment).error_code, NONE);
  EXPECT_EQ(commit("", -1, 0), UNKNOWN_MEMBER_ID);

  EXPECT_EQ(given(join("a")), Partitions{});
  ASSERT_NE(group.consumer(), nullptr);
  EXPECT_EQ(beat_classic(id, generation), REBALANCE_IN_PROGRESS);
  EXPECT_EQ(join_classic(id, {{"t", {0, 1, 2, 3}}}).generation_id, generation);  // has to let go first
  EXPECT_EQ(read_assignment(sync_classic(id, generation).assignment)->assigned_partitions.front().partitions.size(),
            2U);
  EXPECT_FALSE(beat("a", 2).assignment);
  EXPECT_EQ(join_classic(id, {{"t", {0, 1}}}).generation_id, 2);
  EXPECT_EQ(sync_classic(id, 2).error_code, NONE);
  EXPECT_EQ(given(beat("a", 2)), (Partitions{t(2), t(3)}));
  EXPECT_EQ(beat_classic(id, 2), NONE);
  restart();
  EXPECT_EQ(beat_classic(id, 2), NONE);

  EXPECT_EQ(beat("a", -1).error_code, NONE);
  ASSERT_NE(group.classic(), nullptr);
  EXPECT_EQ(beat_classic(id, 3), REBALANCE_IN_PROGRESS);
  restart();
  ASSERT_NE(group.classic(), nullptr);
  EXPECT_EQ(join_classic(id, {}).leader, id);
}

TEST_F(ConsumerStory, offsets_outlive_every_change_of_protocol) {
  EXPECT_EQ(commit("", -1, 0), NONE);
  join("a");
  beat("a", -1);
  EXPECT_EQ(group.offsets().size(), 1U);
  const auto id = join_classic("", {}).member_id;
  ASSERT_NE(group.classic(), nullptr);
  join_classic(id, {});
  restart();
  EXPECT_EQ(group.offsets().size(), 1U);
}

TEST(ConsumerRequest, says_what_is_wrong) {
  ConsumerGroupHeartbeatRequest request{.group_id = "g", .member_id = "m"};
  EXPECT_EQ(check_request(request, 1)->code, INVALID_REQUEST);
  request.rebalance_timeout_ms = 1;
  request.topic_partitions.emplace();
  request.subscribed_topic_regex = "a(";
  EXPECT_EQ(check_request(request, 1)->code, INVALID_REGULAR_EXPRESSION);
  request.subscribed_topic_regex = "a.*";
  EXPECT_FALSE(check_request(request, 1));
  request.server_assignor = "mine";
  EXPECT_EQ(check_request(request, 1)->code, UNSUPPORTED_ASSIGNOR);
  request.member_id.clear();
  EXPECT_EQ(check_request(request, 1)->message, "MemberId can't be empty.");
}

TEST(Assignor, uniform_moves_no_more_than_it_must) {
  const TopicId topic{{1}};
  Subscribers members{{"a", {{topic}, {}}}, {"b", {{topic}, {}}}};
  const PartitionCounts counts{{topic, 7}};
  Target target = assign_uniform(members, counts);
  EXPECT_EQ(target["a"].size(), 4U);
  for (auto& [id, member] : members) {
    member.has = target[id];
  }
  members["c"] = {{topic}, {}};
  const Target after = assign_uniform(members, counts);
  EXPECT_EQ(after.at("c").size(), 2U);
  std::size_t moved = 0;
  for (const auto& [id, had] : target) {
    moved += static_cast<std::size_t>(std::ranges::count_if(
        had, [&, one = id](const auto& partition) { return !after.at(one).contains(partition); }));
  }
  EXPECT_EQ(moved, 2U);
}

TEST(Assignor, range_puts_like_numbers_together) {
  const TopicId one{{1}};
  const TopicId two{{2}};
  const Target target = assign_range({{"a", {{one, two}, {}}}, {"b", {{one, two}, {}}}}, {{one, 3}, {two, 3}});
  EXPECT_EQ(target.at("a"), (Partitions{{one, 0}, {one, 1}, {two, 0}, {two, 1}}));
}

}  // namespace
}  // namespace ottla::groups
