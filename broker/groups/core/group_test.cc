#include "broker/groups/core/group.h"

#include "broker/groups/core/test_group.h"

namespace ottla::groups {
namespace {

using enum ErrorCode;

TEST_F(Story, the_first_member_leads_at_once_and_gets_its_assignment_when_it_is_stored) {
  log_is_quick = false;
  const auto m = newcomer();
  EXPECT_EQ(joined(tokens[m]).generation_id, 1);
  EXPECT_EQ(joined(tokens[m]).leader, m);
  const auto token = sync(m, {{m, "all"}});
  EXPECT_TRUE(waits(token));
  log_answers();
  EXPECT_EQ(text_of(synced(token).assignment), "all");
  EXPECT_EQ(group.state(), State::Stable);
}

TEST_F(Story, an_old_client_without_member_id_required_joins_at_once) {
  Join event{.token = ++last_token, .version = 3, .new_member_id = "old"};
  event.request.session_timeout_ms = session_ms;
  event.request.protocol_type = "consumer";
  event.request.protocols = {{"range", {}}};
  EXPECT_EQ(joined(bring(event)).member_id, "old");
}

TEST_F(Story, a_second_member_waits_until_the_first_has_joined_again) {
  const auto first = stable(1).front();
  const auto second = newcomer();
  EXPECT_TRUE(waits(tokens[second]));
  EXPECT_EQ(beat(first), REBALANCE_IN_PROGRESS);
  const auto token = join(first);
  EXPECT_EQ(joined(token).generation_id, 2);
  EXPECT_EQ(joined(token).members.size(), 2U);
  EXPECT_TRUE(joined(tokens[second]).members.empty());  // only the leader assigns
}

TEST_F(Story, followers_wait_for_the_leaders_assignment) {
  const auto first = stable(1).front();
  const auto second = newcomer();
  (void)join(first);
  const auto follower = sync(second);
  EXPECT_TRUE(waits(follower));
  (void)sync(first, {{first, "a"}, {second, "b"}});
  EXPECT_EQ(text_of(synced(follower).assignment), "b");
}

TEST_F(Story, who_does_not_join_within_the_rebalance_time_out_is_out) {
  const auto first = stable(1).front();
  const auto second = newcomer();
  for (int i = 0; i < 11; ++i) {  // it beats, but never joins
    wait(rebalance_ms / 12);
    EXPECT_EQ(beat(first), REBALANCE_IN_PROGRESS);
  }
  wait(rebalance_ms / 12);
  EXPECT_EQ(beat(first), UNKNOWN_MEMBER_ID);
  EXPECT_EQ(joined(tokens[second]).leader, second);
}

TEST_F(Story, a_silent_member_is_removed_when_its_session_ends) {
  const auto ids = stable(2);
  wait(session_ms - 1);
  EXPECT_EQ(beat(ids[0]), NONE);
  wait(1);
  EXPECT_EQ(beat(ids[0]), REBALANCE_IN_PROGRESS);
  EXPECT_EQ(beat(ids[1]), UNKNOWN_MEMBER_ID);
}

TEST_F(Story, waiting_for_others_keeps_a_session_alive) {
  const auto first = stable(1).front();
  const auto second = newcomer();
  wait(session_ms - 1);
  EXPECT_EQ(beat(first), REBALANCE_IN_PROGRESS);
  wait(session_ms - 1);
  EXPECT_EQ(beat(first), REBALANCE_IN_PROGRESS);
  (void)join(first);
  EXPECT_EQ(joined(tokens[second]).error_code, NONE);
}

TEST_F(Story, a_leader_that_never_assigns_is_removed_and_the_others_join_again) {
  const auto first = stable(1).front();
  const auto second = newcomer();
  (void)join(first);
  const auto token = sync(second);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(beat(first), NONE);
    wait(rebalance_ms / 12);
  }
  EXPECT_EQ(synced(token).error_code, REBALANCE_IN_PROGRESS);
  EXPECT_EQ(beat(first), UNKNOWN_MEMBER_ID);
  EXPECT_EQ(joined(join(second)).leader, second);
}

TEST_F(Story, an_old_generation_is_told_so) {
  const auto m = stable(1).front();
  EXPECT_EQ(beat(m, 0), ILLEGAL_GENERATION);
  EXPECT_EQ(error(commit(m, 0, 5)), ILLEGAL_GENERATION);
  EXPECT_EQ(beat("nobody"), UNKNOWN_MEMBER_ID);
}

TEST_F(Story, a_repeated_join_gets_the_same_answer_without_a_rebalance) {
  const auto ids = stable(2);
  EXPECT_EQ(joined(join(ids[1])).generation_id, group.generation());
  EXPECT_EQ(group.state(), State::Stable);
}

TEST_F(Story, a_leader_that_joins_again_asks_for_a_new_assignment) {
  const auto ids = stable(2);
  EXPECT_TRUE(waits(join(ids[0])));
  EXPECT_EQ(group.state(), State::PreparingRebalance);
}

TEST_F(Story, a_changed_subscription_starts_a_rebalance) {
  const auto ids = stable(2);
  EXPECT_TRUE(waits(join(ids[1], {}, {{"range", bytes_of("other topics")}})));
}

TEST_F(Story, the_protocol_most_members_prefer_of_those_all_have_is_chosen) {
  const auto first = joined(join("", {}, {{"range", {}}, {"sticky", {}}})).member_id;
  (void)join(first, {}, {{"range", {}}, {"sticky", {}}});
  const auto second = joined(join("", {}, {{"sticky", {}}, {"other", {}}})).member_id;
  (void)join(second, {}, {{"sticky", {}}, {"other", {}}});
  (void)join(first, {}, {{"range", {}}, {"sticky", {}}});
  EXPECT_EQ(group.protocol(), "sticky");
  EXPECT_EQ(joined(join("", {}, {{"range", {}}})).error_code, INCONSISTENT_GROUP_PROTOCOL);
}

TEST_F(Story, sessions_have_bounds) {
  Settings settings;
  settings.min_session_timeout_ms = session_ms + 1;
  start(settings);
  EXPECT_EQ(joined(join("")).error_code, INVALID_SESSION_TIMEOUT);
}

TEST_F(Story, a_full_group_takes_nobody) {
  Settings settings;
  settings.max_size = 1;
  start(settings);
  (void)stable(1);
  EXPECT_EQ(joined(join("")).error_code, GROUP_MAX_SIZE_REACHED);
}

TEST_F(Story, the_initial_delay_collects_members_into_one_generation) {
  Settings settings;
  settings.initial_rebalance_delay_ms = 3'000;
  start(settings);
  const auto first = newcomer();
  wait(2'000);
  const auto second = newcomer();
  wait(3'999);  // each newcomer starts the delay anew
  EXPECT_TRUE(waits(tokens[first]));
  wait(1);
  EXPECT_EQ(joined(tokens[first]).members.size(), 2U);
  EXPECT_EQ(joined(tokens[second]).generation_id, 1);
}

TEST_F(Story, a_pending_member_that_never_comes_back_is_forgotten) {
  const auto first = stable(1).front();
  const auto pending = joined(join("")).member_id;
  (void)newcomer();
  (void)join(first);
  EXPECT_EQ(group.state(), State::PreparingRebalance);  // waits for the pending one
  wait(session_ms);
  EXPECT_EQ(group.state(), State::CompletingRebalance);
  EXPECT_EQ(joined(join(pending)).error_code, UNKNOWN_MEMBER_ID);
}

TEST_F(Story, leaving_starts_a_rebalance_and_the_last_one_leaves_an_empty_group) {
  const auto ids = stable(2);
  EXPECT_EQ(leave(ids[1]), NONE);
  EXPECT_EQ(beat(ids[0]), REBALANCE_IN_PROGRESS);
  EXPECT_EQ(leave(ids[0]), NONE);
  EXPECT_EQ(group.state(), State::Empty);
  EXPECT_EQ(leave(ids[0]), UNKNOWN_MEMBER_ID);
}

TEST_F(Story, a_restarted_static_member_takes_its_place_back_without_a_rebalance) {
  const auto old = joined(join("", "i")).member_id;
  (void)sync(old, {{old, "mine"}}, "i");
  const auto restarted = joined(join("", "i"));
  EXPECT_EQ(group.generation(), 1);
  EXPECT_TRUE(restarted.skip_assignment);
  EXPECT_EQ(text_of(synced(sync(restarted.member_id, {}, "i")).assignment), "mine");
  EXPECT_EQ(beat(old, 1, "i"), FENCED_INSTANCE_ID);
  EXPECT_EQ(joined(join(old, "i")).error_code, FENCED_INSTANCE_ID);
}

TEST_F(Story, a_static_member_can_be_removed_by_its_instance_id_alone) {
  (void)join("", "i");
  EXPECT_EQ(leave("", "other"), UNKNOWN_MEMBER_ID);
  EXPECT_EQ(leave("", "i"), NONE);
  EXPECT_TRUE(group.members().empty());
}

TEST_F(Story, an_offset_is_acknowledged_and_seen_when_it_is_durable) {
  const auto m = stable(1).front();
  log_is_quick = false;
  const auto token = commit(m, 1, 42);
  EXPECT_TRUE(waits(token));
  EXPECT_EQ(offset(), std::nullopt);
  log_answers();
  EXPECT_EQ(error(token), NONE);
  EXPECT_EQ(offset(), 42);
}

TEST_F(Story, a_lost_write_is_no_commit) {
  const auto m = stable(1).front();
  log_is_quick = false;
  const auto token = commit(m, 1, 42);
  log_answers(false);
  EXPECT_EQ(error(token), COORDINATOR_NOT_AVAILABLE);
  EXPECT_EQ(offset(), std::nullopt);
}

TEST_F(Story, a_member_may_commit_while_the_group_gathers_but_not_while_it_assigns) {
  const auto ids = stable(2);
  (void)leave(ids[1]);
  EXPECT_EQ(error(commit(ids[0], group.generation(), 1)), NONE);
  (void)join(ids[0]);
  EXPECT_EQ(error(commit(ids[0], group.generation(), 2)), REBALANCE_IN_PROGRESS);
}

TEST_F(Story, without_members_anyone_may_commit_and_with_them_nobody_else) {
  EXPECT_EQ(error(commit("", -1, 7)), NONE);
  (void)stable(1);
  EXPECT_EQ(error(commit("", -1, 8)), UNKNOWN_MEMBER_ID);
  EXPECT_EQ(offset(), 7);
}

TEST_F(Story, deleting_a_group_takes_its_offsets_along) {
  const auto m = stable(1).front();
  (void)commit(m, 1, 7);
  EXPECT_EQ(delete_group(), NON_EMPTY_GROUP);
  (void)leave(m);
  EXPECT_EQ(delete_group(), NONE);
  EXPECT_EQ(log.back().records.size(), 2U);  // one offset, the group
  EXPECT_FALSE(log.back().records.front().value.has_value());
  EXPECT_TRUE(group.is_forgettable());
}

TEST_F(Story, offsets_of_a_group_without_members_can_be_deleted) {
  (void)commit("", -1, 7);
  const auto token = bring(DeleteOffsets{++last_token, {{"t", 0}, {"t", 1}}});
  EXPECT_EQ(std::get<std::vector<ErrorCode>>(answers.at(token)), (std::vector{NONE, NONE}));
  EXPECT_EQ(offset(), std::nullopt);
}

TEST_F(Story, a_restarted_coordinator_knows_what_the_log_says) {
  const auto ids = stable(2);
  (void)commit(ids[0], group.generation(), 42);
  const auto told = log;
  const auto generation = group.generation();
  start({});
  for (const auto& write : told) {
    for (const auto& record : write.records) {
      const auto said = read_record(record.key, record.value);
      if (const auto* one = std::get_if<OffsetSaid>(&*said)) {
        group.restore(one->partition, one->committed);
      } else {
        group.restore(*std::get<GroupSaid>(*said).value);
      }
    }
  }
  group.loaded(now);
  EXPECT_EQ(beat(ids[0], generation), NONE);
  EXPECT_EQ(text_of(synced(sync(ids[1])).assignment), "of " + ids[1]);
  EXPECT_EQ(offset(), 42);
  wait(session_ms);
  EXPECT_EQ(beat(ids[0], generation), UNKNOWN_MEMBER_ID);
}

TEST_F(Story, the_explanation_names_who_is_awaited) {
  const auto first = stable(1).front();
  (void)newcomer();
  wait(2'000);
  const auto text = group.explain(now);
  EXPECT_NE(text.find("PreparingRebalance for 2.0 s"), std::string::npos) << text;
  EXPECT_NE(text.find("awaited: member " + first), std::string::npos) << text;
  EXPECT_NE(text.find("removed in 8.0 s"), std::string::npos) << text;
}

}  // namespace
}  // namespace ottla::groups
