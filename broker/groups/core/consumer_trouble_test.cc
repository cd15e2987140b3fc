// A group of the new protocol among members that come back under other names, say too much, or come at a bad time.
#include <gtest/gtest.h>

#include "broker/groups/core/consumer_group.h"
#include "broker/groups/core/regex.h"
#include "broker/groups/core/test_consumer_group.h"

namespace ottla::groups {
namespace {

using enum ErrorCode;

class ConsumerTrouble : public ConsumerStory {
 protected:
  Beaten beat_static(const std::string& id, std::int32_t epoch) {
    auto event = full(id, epoch, {});
    event.request.instance_id = "i";
    return bring(event);
  }
  // A classic member that has all four partitions.
  std::string classic_with_all() {
    const auto id = join_classic("", {}).member_id;
    const auto generation = join_classic(id, {}).generation_id;
    const auto assignment = assignment_bytes({t(0), t(1), t(2), t(3)}, *topics, Bytes(2));
    EXPECT_EQ(sync_classic(id, generation, assignment).error_code, NONE);
    return id;
  }
};

TEST_F(ConsumerTrouble, a_member_may_come_back_as_the_next_self_of_a_static_one) {
  beat_static("a", 0);
  join("b");
  beat_static("a", -2);
  EXPECT_EQ(beat_static("b", 0).error_code, NONE);
  EXPECT_EQ(group.consumer()->members().size(), 1U);
  EXPECT_EQ(beat("b", -1).error_code, NONE);
  const auto next = beat_static("c", 0);
  EXPECT_EQ(next.error_code, NONE);
  EXPECT_EQ(given(next).size(), 4U);
}

TEST_F(ConsumerTrouble, a_static_member_that_said_it_would_come_back_is_not_revived_by_a_late_heartbeat) {
  beat_static("a", 0);
  topic("t", 1, 5);
  beat_static("a", 2);
  ASSERT_EQ(group.consumer()->members().at("a").previous_epoch, 2);
  beat_static("a", -2);
  EXPECT_EQ(beat_static("a", 2).error_code, FENCED_MEMBER_EPOCH);
  EXPECT_EQ(beat_static("b", 0).error_code, NONE);
}

// An administrator removes members of either kind that way.
TEST_F(ConsumerTrouble, a_classic_leave_removes_whomever_it_names) {
  join("a");
  beat_static("b", 0);
  Leave leave;
  leave.members = {{.member_id = "a"}, {.group_instance_id = "i"}, {.member_id = "stranger"}};
  const auto told = std::get<LeaveGroupResponse>(tell(leave)).members;
  EXPECT_EQ(told.at(0).error_code, NONE);
  EXPECT_EQ(told.at(1).error_code, NONE);
  EXPECT_EQ(told.at(2).error_code, UNKNOWN_MEMBER_ID);
  EXPECT_TRUE(group.consumer()->members().empty());
}

TEST_F(ConsumerTrouble, what_a_classic_member_has_between_two_generations_stays_its_own_in_an_upgrade) {
  const auto id = classic_with_all();
  const auto second = join_classic("", {}).member_id;
  tell(classic(second, {}));
  join_classic(id, {{"t", {0, 1, 2, 3}}});  // the next generation, which has no assignment yet
  ASSERT_EQ(group.classic()->state(), State::CompletingRebalance);
  EXPECT_EQ(given(join("a")), Partitions{});
  ASSERT_NE(group.consumer(), nullptr);
  EXPECT_EQ(*group.consumer()->owner_of(t(2)), id);
}

TEST_F(ConsumerTrouble, a_newcomer_that_is_refused_leaves_a_classic_group_alone) {
  settings.consumer_max_size = 1;
  group.set_settings(settings);
  const auto id = classic_with_all();
  EXPECT_EQ(join("a").error_code, GROUP_MAX_SIZE_REACHED);
  EXPECT_EQ(beat_classic(id, 1), NONE);
}

TEST_F(ConsumerTrouble, an_expression_of_one_does_not_keep_others_from_new_topics) {
  auto one = full("a", 0, {});
  one.request.subscribed_topic_names.reset();
  one.request.subscribed_topic_regex = "t.*";
  bring(one);
  topic("t2", 2, 1);
  now += 900;
  auto other = full("b", 0, {});
  other.request.subscribed_topic_names.reset();
  other.request.subscribed_topic_regex = "u.*";
  bring(other);
  now += 900;
  beat("a", 2);
  EXPECT_TRUE(group.subscribed_topics().contains("t2"));
}

TEST_F(ConsumerTrouble, the_first_to_leave_after_a_restart_does_not_cost_the_others_what_they_have) {
  const auto id = classic_with_all();
  join("a");
  ASSERT_NE(group.consumer(), nullptr);
  restart();
  Leave leave;  // brings no topics
  leave.members.push_back({.member_id = id});
  EXPECT_EQ(std::get<LeaveGroupResponse>(tell(leave)).members.front().error_code, NONE);
  EXPECT_EQ(group.consumer()->members().at("a").target.size(), 2U);
  beat("a", 2);
  EXPECT_EQ(group.consumer()->members().at("a").target.size(), 4U);
}

TEST_F(ConsumerTrouble, an_older_view_of_the_topics_is_passed_over) {
  const auto older = topics;
  topic("t", 1, 6);
  join("a");
  const auto epoch = group.consumer()->epoch();
  topics = older;
  beat("a", epoch);
  EXPECT_EQ(group.consumer()->epoch(), epoch);
}

TEST_F(ConsumerTrouble, a_deletion_takes_what_failed_to_be_written_with_it) {
  join("a");
  log_is_quick = false;
  beat("a", -1);
  step(Written{log.back().id, false});  // the member is still in the log
  log.pop_back();
  log_is_quick = true;
  EXPECT_EQ(std::get<ErrorCode>(tell(DeleteGroup{})), NONE);
  std::map<Bytes, bool> is_left;  // what a compacted log would hold
  for (const Write& write : log) {
    for (const LogRecord& record : write.records) {
      is_left[record.key] = record.value.has_value();
    }
  }
  EXPECT_TRUE(std::ranges::none_of(is_left, [](const auto& one) { return one.second; }));
}

TEST(ConsumerLimits, a_subscription_fits_into_a_record) {
  ConsumerGroupHeartbeatRequest request{.group_id = "g", .member_id = "m", .rebalance_timeout_ms = 1};
  request.topic_partitions.emplace();
  request.subscribed_topic_names.emplace(1000, std::string(249, 't'));
  EXPECT_FALSE(check_request(request, 1));
  request.subscribed_topic_names->resize(2000, std::string(249, 't'));
  EXPECT_EQ(check_request(request, 1)->code, INVALID_REQUEST);
}

TEST(ConsumerLimits, an_expression_is_written_out_within_bounds) {
  EXPECT_FALSE(regex_error("prices-[a-z]{2,40}-(eu|us)"));
  std::string many;
  for (int i = 0; i < 4000; ++i) {
    many += "x{0,999}";
  }
  EXPECT_TRUE(regex_error(many));
  EXPECT_TRUE(regex_error("(" + std::string(100, 'x') + "){999}"));
}

TEST(ConsumerRegex, finds_whole_names_and_internal_topics_as_well) {
  Topics topics;
  for (const auto* name : {"orders", "orders-v2", "__consumer_offsets"}) {
    topics.add(name, {.partitions = 1});
  }
  EXPECT_EQ(matching_topics("orders", topics), std::set<std::string>{"orders"});
  EXPECT_EQ(matching_topics(".*", topics).size(), 3);
}

TEST(GroupLogParts, a_large_write_is_told_as_one) {
  GroupLog log("g");
  Effects effects;
  std::vector<LogRecord> records(10, {.key = Bytes(10), .value = Bytes(100'000)});
  const auto last = log.write(effects, std::move(records));
  ASSERT_EQ(effects.writes.size(), 5U);
  EXPECT_EQ(effects.writes.back().id, last);
  log.answer_when_durable(effects, {7, ErrorCode::NONE});
  log.on(effects, Written{effects.writes.front().id, false});
  for (std::size_t i = 1; i < 5; ++i) {
    EXPECT_TRUE(effects.answers.empty());
    log.on(effects, Written{effects.writes[i].id, true});
  }
  ASSERT_EQ(effects.answers.size(), 1U);
  EXPECT_EQ(std::get<ErrorCode>(effects.answers[0].response), COORDINATOR_NOT_AVAILABLE);
}

TEST(GroupLogParts, a_commit_counts_only_as_a_whole) {
  for (const std::size_t failing : {0U, 1U, 4U, 99U}) {
    GroupLog log("g");
    Effects effects;
    Commit commit;
    for (int partition = 0; partition < 10; ++partition) {
      commit.offsets.push_back({{"t", partition}, {.offset = Offset{1}, .metadata = std::string(100'000, 'm')}});
    }
    log.commit(effects, commit);
    ASSERT_EQ(effects.writes.size(), 5U);
    for (std::size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(log.on(effects, Written{effects.writes[i].id, i != failing}).has_value(), i == 4);
    }
    EXPECT_EQ(log.offsets().size(), failing == 99 ? 10U : 0U);
  }
}

TEST_F(ConsumerTrouble, nothing_is_written_behind_a_deletion) {
  join("a");
  log_is_quick = false;
  beat("a", -1);
  const auto failing = log.back().id;
  tell(DeleteGroup{});
  const auto deletion = log.back().id;
  step(Written{failing, false});
  wait(5'000);
  EXPECT_EQ(log.back().id, deletion);
  step(Written{deletion, true});
  EXPECT_TRUE(group.is_forgettable());
}

TEST(Assignor, uniform_is_even_wherever_subscriptions_allow_it) {
  const TopicId one{{1}};
  const TopicId two{{2}};
  Subscribers members;
  for (int i = 0; i < 100; ++i) {
    members["m" + std::to_string(i)] = {{two}, {}};
  }
  members["a"] = {{one}, {}};
  members["b"] = {{one, two}, {}};
  const Target target = assign_uniform(members, {{one, 1000}, {two, 1000}});
  EXPECT_EQ(target.at("a").size(), 500U);
  EXPECT_EQ(target.at("b").size(), 500U);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(target.at("m" + std::to_string(i)).size(), 10U);
  }
}

TEST(Assignor, range_goes_by_what_static_members_are_called) {
  const TopicId one{{1}};
  const Target before = assign_range({{"a", {{one}, {}, "x"}}, {"b", {{one}, {}, "y"}}}, {{one, 2}});
  const Target after = assign_range({{"b", {{one}, {}, "y"}}, {"c", {{one}, {}, "x"}}}, {{one, 2}});
  EXPECT_EQ(before.at("a"), after.at("c"));
  EXPECT_EQ(before.at("b"), after.at("b"));
}

}  // namespace
}  // namespace ottla::groups
