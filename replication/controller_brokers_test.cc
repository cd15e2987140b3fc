// Registration, fencing, controlled shutdown, and what they do to partitions.
#include "replication/cluster_test_fixture.h"

namespace ottla {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
constexpr BrokerId none{};

class ControllerBrokersTest : public ClusterTest {};

TEST_F(ControllerBrokersTest, a_registration_has_its_index_for_an_epoch_and_starts_fenced) {
  EXPECT_EQ(apply(start_of(1)), ErrorCode::NONE);
  EXPECT_EQ(epoch(1), BrokerEpoch{1});
  EXPECT_EQ(create("a", {{{1}}}), ErrorCode::INVALID_REPLICA_ASSIGNMENT);
  EXPECT_EQ(unfence(1), ErrorCode::NONE);
  EXPECT_EQ(create("a", {{{1}}}), ErrorCode::NONE);
  EXPECT_EQ(partition("a").leader, BrokerId{1});
}

TEST_F(ControllerBrokersTest, a_second_process_is_refused_while_the_first_lives) {
  start({1});
  EXPECT_EQ(apply(start_of(1, 2)), ErrorCode::DUPLICATE_BROKER_REGISTRATION);
  EXPECT_EQ(apply(start_of(1, 1)), ErrorCode::NONE);  // the same one, asked once more
  EXPECT_EQ(epoch(1), BrokerEpoch{1});
  EXPECT_FALSE(controller.brokers().at({1}).fenced);
  fence(1);
  EXPECT_EQ(apply(start_of(1, 2)), ErrorCode::NONE);
  EXPECT_EQ(epoch(1), (BrokerEpoch{static_cast<std::int64_t>(index)}));
}

TEST_F(ControllerBrokersTest, directories_are_real_and_of_one_broker) {
  start({1});
  auto wrong = start_of(2);
  wrong.log_dirs = start_of(1).log_dirs;
  EXPECT_EQ(apply(wrong), ErrorCode::INVALID_REGISTRATION);
  wrong.log_dirs = {Uuid{}};
  EXPECT_EQ(apply(wrong), ErrorCode::INVALID_REGISTRATION);
  wrong.log_dirs = {uuid(9, 9), uuid(9, 9)};
  EXPECT_EQ(apply(wrong), ErrorCode::INVALID_REGISTRATION);
  wrong.log_dirs = {};
  EXPECT_EQ(apply(wrong), ErrorCode::INVALID_REGISTRATION);
  EXPECT_EQ(controller.brokers().size(), 1U);
}

TEST_F(ControllerBrokersTest, a_command_for_another_start_changes_nothing) {
  start({1, 2});
  EXPECT_EQ(apply(ChangeBrokerState{{1}, {77}, State::fenced}), ErrorCode::STALE_BROKER_EPOCH);
  EXPECT_EQ(apply(ChangeBrokerState{{9}, {1}, State::fenced}), ErrorCode::STALE_BROKER_EPOCH);
  EXPECT_EQ(apply(AlterPartition{.broker_id = {1}, .broker_epoch = {77}}), ErrorCode::STALE_BROKER_EPOCH);
  EXPECT_FALSE(controller.brokers().at({1}).fenced);
}

TEST_F(ControllerBrokersTest, a_fenced_broker_hands_over_and_a_returning_one_ends_the_wait) {
  start({1, 2});
  create("a", {{{1}, {2}}, {{2}, {1}}, {{1}}});
  fence(1);
  EXPECT_EQ(std::get<BrokerChanged>(*last).partitions.size(), 3U);
  EXPECT_EQ(partition("a", 0).leader, BrokerId{2});
  EXPECT_EQ(partition("a", 1).leader_epoch, LeaderEpoch{0});
  EXPECT_EQ(partition("a", 2).leader, none);
  unfence(1);
  EXPECT_EQ(std::get<BrokerChanged>(*last).partitions.size(), 1U);
  EXPECT_EQ(partition("a", 2).leader, BrokerId{1});
  EXPECT_EQ(partition("a", 0).leader, BrokerId{2});
}

TEST_F(ControllerBrokersTest, who_shuts_down_leads_nothing_and_comes_back_only_by_registering) {
  start({1, 2});
  create("a", {{{1}, {2}}});
  EXPECT_EQ(apply(ChangeBrokerState{{1}, epoch(1), State::controlled_shutdown}), ErrorCode::NONE);
  EXPECT_EQ(partition("a").leader, BrokerId{2});
  EXPECT_THAT(partition("a").isr, ElementsAre(BrokerId{2}));
  const auto begun = static_cast<std::int64_t>(index);
  apply(ChangeBrokerState{{1}, epoch(1), State::controlled_shutdown});
  EXPECT_EQ(controller.brokers().at({1}).controlled_shutdown_index, begun);
  fence(1);
  unfence(1);
  EXPECT_TRUE(controller.brokers().at({1}).fenced);
  apply(start_of(1, 2));
  EXPECT_EQ(unfence(1), ErrorCode::NONE);
  EXPECT_FALSE(controller.brokers().at({1}).fenced);
}

// What was acknowledged was synced: an unclean stop costs nothing on the same directory.
TEST_F(ControllerBrokersTest, a_crash_does_not_cost_eligibility_where_acknowledged_is_synced) {
  start({1, 2});
  create("a", {{{1}, {2}}});
  fence(2);
  fence(1);
  EXPECT_THAT(partition("a").elr, ElementsAre(BrokerId{1}, BrokerId{2}));
  apply(start_of(1, 2));
  EXPECT_THAT(partition("a").elr, ElementsAre(BrokerId{1}, BrokerId{2}));
  unfence(1);
  EXPECT_EQ(partition("a").leader, BrokerId{1});
}

TEST_F(ControllerBrokersTest, a_crash_costs_eligibility_where_the_page_cache_was_trusted) {
  start({1, 2});
  for (const char* topic : {"a", "b", "c"}) {
    create(topic, {{{1}, {2}}});
  }
  create("d", {{{1}}});
  configure(config_resource::topic, "c", "flush.messages", "1");
  configure(config_resource::topic, "a", "flush.messages", "100");
  configure(config_resource::broker, "", "log.flush.interval.messages", "100");
  fence(2);
  fence(1);
  auto killed = start_of(1, 2);
  killed.previous_broker_epoch = {0};  // a clean stop, but one of long ago
  apply(killed);
  EXPECT_THAT(partition("a").elr, ElementsAre(BrokerId{2}));
  EXPECT_THAT(partition("b").elr, ElementsAre(BrokerId{2}));
  EXPECT_THAT(partition("c").elr, ElementsAre(BrokerId{1}, BrokerId{2}));
  EXPECT_THAT(partition("d").elr, ElementsAre(BrokerId{1}));  // nobody else could have more
  auto clean = start_of(2, 2);
  clean.previous_broker_epoch = epoch(2);
  apply(clean);
  EXPECT_THAT(partition("a").elr, ElementsAre(BrokerId{2}));
}

TEST_F(ControllerBrokersTest, what_a_broker_says_of_its_own_settings_counts_where_no_other_says_it) {
  auto relaxed = start_of(1);
  relaxed.flush_messages = 1000;
  apply(relaxed);
  unfence(1);
  start({2});
  create("a", {{{1}, {2}}});
  EXPECT_FALSE(controller.waits_for_disk(*controller.topic("a"), {1}));
  EXPECT_TRUE(controller.waits_for_disk(*controller.topic("a"), {2}));
  configure(config_resource::broker, "1", "log.flush.interval.messages", "1");
  EXPECT_TRUE(controller.waits_for_disk(*controller.topic("a"), {1}));
}

// It counts what the process that died relied on, not what is set by the time it comes back.
TEST_F(ControllerBrokersTest, a_setting_that_came_too_late_for_a_crash_does_not_help) {
  auto relaxed = start_of(1);
  relaxed.flush_messages = 100;
  apply(relaxed);
  unfence(1);
  start({2});
  for (const char* topic : {"a", "b", "c"}) {
    create(topic, {{{1}, {2}}});
  }
  configure(config_resource::topic, "a", "flush.messages", "100");
  configure(config_resource::topic, "c", "flush.messages", "1");
  fence(2);
  fence(1);
  configure(config_resource::topic, "a", "flush.messages", "1");
  configure(config_resource::broker, "1", "log.flush.interval.messages", "1");
  apply(start_of(1, 2));
  EXPECT_THAT(partition("a").elr, ElementsAre(BrokerId{2}));
  EXPECT_THAT(partition("b").elr, ElementsAre(BrokerId{2}));
  EXPECT_THAT(partition("c").elr, ElementsAre(BrokerId{2}));  // it had relied on the page cache before
  apply(start_of(2, 2));
  EXPECT_THAT(partition("a").elr, IsEmpty());
  EXPECT_THAT(partition("b").elr, ElementsAre(BrokerId{2}));
}

TEST_F(ControllerBrokersTest, another_directory_costs_everything_in_the_same_step) {
  start({1, 2});
  create("a", {{{1}, {2}}, {{1}}});
  fence(2);
  fence(1);
  auto replaced = start_of(1, 2);
  replaced.previous_broker_epoch = epoch(1);
  replaced.log_dirs = {uuid(100, 50)};
  apply(replaced);
  EXPECT_EQ(std::get<BrokerChanged>(*last).partitions.size(), 2U);
  EXPECT_THAT(partition("a", 0).elr, ElementsAre(BrokerId{2}));
  EXPECT_THAT(partition("a", 1).elr, IsEmpty());
  unfence(1);
  EXPECT_EQ(partition("a", 0).leader, none);
  EXPECT_EQ(partition("a", 1).leader, none);
  apply(ElectLeaders{.election = Election::unclean, .topics = {{id_of("a"), {1}}}});
  EXPECT_EQ(partition("a", 1).leader, BrokerId{1});
}

TEST_F(ControllerBrokersTest, one_more_directory_costs_nothing) {
  start({1, 2});
  create("a", {{{1}, {2}}});
  fence(2);
  fence(1);
  auto more = start_of(1, 2);
  more.log_dirs.insert(more.log_dirs.begin(), uuid(100, 50));
  apply(more);
  EXPECT_THAT(partition("a").elr, ElementsAre(BrokerId{1}, BrokerId{2}));
}

TEST_F(ControllerBrokersTest, damage_found_at_a_start_costs_that_partition) {
  start({1, 2});
  create("a", {{{1}, {2}}, {{1}, {2}}});
  fence(2);
  fence(1);
  auto damaged = start_of(1, 2);
  damaged.degraded = {{id_of("a"), {1}}};
  apply(damaged);
  EXPECT_THAT(partition("a", 0).elr, ElementsAre(BrokerId{1}, BrokerId{2}));
  EXPECT_THAT(partition("a", 1).elr, ElementsAre(BrokerId{2}));
}

TEST_F(ControllerBrokersTest, damage_found_after_the_registration_costs_that_partition) {
  start({1, 2});
  create("a", {{{1}, {2}}, {{1}, {2}}});
  EXPECT_EQ(create("b", {{{1}}}, 1), ErrorCode::NONE);
  fence(2);
  fence(1);
  auto damaged = start_of(1, 2);
  apply(damaged);
  EXPECT_THAT(partition("a", 1).elr, ElementsAre(BrokerId{1}, BrokerId{2}));
  const auto alone = partition("b");
  damaged.degraded = {{id_of("a"), {1}}, {id_of("b"), {0}}};
  apply(damaged);
  EXPECT_THAT(partition("a", 0).elr, ElementsAre(BrokerId{1}, BrokerId{2}));
  EXPECT_THAT(partition("a", 1).elr, ElementsAre(BrokerId{2}));
  EXPECT_EQ(partition("b"), alone);  // an only replica is the best there is
  const auto before = partition("a", 1);
  apply(damaged);
  EXPECT_EQ(partition("a", 1), before);
}

TEST_F(ControllerBrokersTest, an_unregistered_broker_is_forgotten_with_what_it_held) {
  start({1, 2, 3});
  create("a", {{{1}, {2}, {3}}, {{1}, {2}, {3}}});
  fence(3);
  fence(2);
  EXPECT_THAT(partition("a").elr, ElementsAre(BrokerId{2}));
  EXPECT_EQ(apply(UnregisterBroker{{2}}), ErrorCode::NONE);
  EXPECT_THAT(partition("a").elr, IsEmpty());
  EXPECT_EQ(apply(UnregisterBroker{{2}}), ErrorCode::BROKER_ID_NOT_REGISTERED);
  EXPECT_EQ(apply(UnregisterBroker{{1}}), ErrorCode::NONE);  // alive, even
  EXPECT_EQ(partition("a").leader, none);
  EXPECT_THAT(partition("a").elr, IsEmpty());
  EXPECT_THAT(partition("a").replicas, ElementsAre(BrokerId{1}, BrokerId{2}, BrokerId{3}));
}

TEST_F(ControllerBrokersTest, a_snapshot_holds_the_cluster) {
  start({1, 2, 3});
  create("a", {{{1}, {2}}});
  fence(2);
  fence(1);
  apply(AlterPartitionReassignments{.topics = {{id_of("a"), {{0, {{1}, {3}}}}}}});
  apply(ChangeBrokerState{{3}, epoch(3), State::controlled_shutdown});
  const auto restored = Controller::restore(controller.snapshot());
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->brokers(), controller.brokers());
  EXPECT_EQ(restored->topic("a")->partitions, controller.topic("a")->partitions);
  EXPECT_EQ(restored->topic("a")->min_insync_replicas, 2);
  EXPECT_EQ(restored->snapshot(), controller.snapshot());
}

}  // namespace
}  // namespace ottla
