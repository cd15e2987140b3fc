// A partition as a leader among followers that a test speaks for: who waits for what, and what is asked of the
// controller.
#include "broker/replica_test_fixture.h"

namespace ottla {
namespace {

class LeadingPartition : public ReplicaPartitionTest {};

TEST_F(LeadingPartition, all_acks_wait_until_every_follower_has_synced) {
  leads(1);
  auto done = write(true);
  EXPECT_EQ(fetched_by(2, 1, 1).error, ErrorCode::NONE);
  fetched_by(3, 1, 1, 0);
  EXPECT_FALSE(is_over(done));
  EXPECT_EQ(partition->view().high_watermark, Offset{0});
  fetched_by(3, 1, 1, 1);
  EXPECT_EQ(code_of(done), ErrorCode::NONE);
  EXPECT_EQ(partition->view().high_watermark, Offset{1});
}

TEST_F(LeadingPartition, one_ack_waits_for_the_leaders_disk_alone) {
  leads(1);
  auto done = write(false);
  EXPECT_EQ(code_of(done), ErrorCode::NONE);
  EXPECT_EQ(durable_end(), Offset{1});
  EXPECT_EQ(partition->view().high_watermark, Offset{0});
}

TEST_F(LeadingPartition, too_few_in_sync_refuse_all_acks_and_no_others) {
  min_isr = 2;
  leads(1, {1});
  EXPECT_EQ(append(true).error().code, ErrorCode::NOT_ENOUGH_REPLICAS);
  auto done = write(false);
  EXPECT_EQ(code_of(done), ErrorCode::NONE);
}

TEST_F(LeadingPartition, who_waits_when_another_leads_is_told) {
  leads(1);
  auto all = write(true);
  follows(2, 2);
  EXPECT_EQ(code_of(all), ErrorCode::NOT_LEADER_OR_FOLLOWER);
  EXPECT_EQ(append(true).error().code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
}

// KAFKA-20634: the offsets may be those of other records by now.
TEST_F(LeadingPartition, a_wait_that_begins_after_the_epoch_is_refused_wherever_the_high_watermark_is) {
  leads(1);
  const auto written = append(true);
  follows(2, 2);
  FetchDone done = answer(outside.next_fetch());
  done.diverging_epoch = {LeaderEpoch{1}, Offset{0}};
  partition->fetch_done(done, {});
  brings(outside.next_fetch(), 1, 2, 1);
  EXPECT_EQ(high_watermark(), Offset{1});
  auto all = committed(*written, true);
  EXPECT_EQ(code_of(all), ErrorCode::NOT_LEADER_OR_FOLLOWER);
  leads(3, {1});
  auto one = committed(*written, false);
  EXPECT_EQ(code_of(one), ErrorCode::NOT_LEADER_OR_FOLLOWER);
}

TEST_F(LeadingPartition, gives_followers_what_is_not_committed_and_consumers_what_is) {
  leads(1);
  ASSERT_TRUE(append(true));
  EXPECT_EQ(partition->slice(Offset{0}, 1, true)->size_bytes, 0);
  EXPECT_GT(partition->replica_slice(Offset{0}, 1)->size_bytes, 0);
  EXPECT_TRUE(partition->leads_in(LeaderEpoch{1}));
  follows(2, 2);
  EXPECT_EQ(partition->replica_slice(Offset{0}, 1).error().code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
  EXPECT_FALSE(partition->leads_in(LeaderEpoch{1}));
  leads(3);
  EXPECT_FALSE(partition->leads_in(LeaderEpoch{1}));
}

TEST_F(LeadingPartition, a_followers_wait_ends_with_news_and_nothing_else) {
  leads(1);
  const auto wait = [&](int end, int seen_high_watermark) {
    auto woken = std::make_shared<Woken>();
    partition->wake_on_news({.diverging_epoch = {},
                             .high_watermark = Offset{seen_high_watermark},
                             .log_start_offset = Offset{0},
                             .read_from = Offset{end}},
                            woken);
    return woken;
  };
  const auto first = wait(0, 0);
  EXPECT_FALSE(first->ready());
  auto done = write(true);
  EXPECT_TRUE(first->ready());
  EXPECT_TRUE(wait(0, 0)->ready());  // it has been
  const auto second = wait(1, 0);
  fetched_by(2, 1, 1);
  EXPECT_FALSE(second->ready());
  fetched_by(3, 1, 1);
  EXPECT_EQ(code_of(done), ErrorCode::NONE);
  for (int i = 0; i < 1000 && !second->ready(); ++i) {  // woken a moment after the writer
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(second->ready());
  const auto third = wait(1, 1);
  EXPECT_FALSE(third->ready());
  EXPECT_EQ(partition->delete_records(Offset{1}), Offset{1});
  EXPECT_TRUE(third->ready());
  EXPECT_TRUE(wait(1, 1)->ready());
  leads(2);
  const auto fourth = wait(2, 1);
  follows(2, 3);
  EXPECT_TRUE(fourth->ready());
  EXPECT_TRUE(wait(1, 1)->ready());
}

TEST_F(LeadingPartition, deleted_records_are_waited_for_until_no_replica_in_sync_has_them) {
  leads(1);
  auto written = write(true);
  fetched_by(2, 1, 1);
  fetched_by(3, 1, 1);
  EXPECT_EQ(code_of(written), ErrorCode::NONE);
  ASSERT_EQ(partition->delete_records(Offset{-1}), Offset{1});
  auto deleted = run(partition->wait_until_deleted(core, Offset{1}, FakeOutside::patience));
  ASSERT_TRUE(partition->remove_deleted_segments(Offset{1}));
  fetched_by(2, 1, 1, {}, 1);
  fetched_by(3, 1, 1, {}, 0);
  EXPECT_FALSE(is_over(deleted));
  fetched_by(3, 1, 1, {}, 1);
  EXPECT_EQ(code_of(deleted), ErrorCode::NONE);
  auto again = run(partition->wait_until_deleted(core, Offset{1}, FakeOutside::patience));
  EXPECT_EQ(code_of(again), ErrorCode::NONE);
  leads(2);  // what was asked in another epoch is asked again in this one
  fetched_by(2, 1, 2, {}, 1);
  fetched_by(3, 1, 2, {}, 1);
  auto anew = run(partition->wait_until_deleted(core, Offset{1}, FakeOutside::patience));
  EXPECT_EQ(code_of(anew), ErrorCode::NONE);
  auto late = run(partition->wait_until_deleted(core, Offset{2}, std::chrono::milliseconds(1)));
  EXPECT_EQ(code_of(late), ErrorCode::REQUEST_TIMED_OUT);
  auto refused = run(partition->wait_until_deleted(core, Offset{2}, FakeOutside::patience));
  follows(2, 3);
  EXPECT_EQ(code_of(refused), ErrorCode::NOT_LEADER_OR_FOLLOWER);
}

TEST_F(LeadingPartition, asks_the_controller_for_a_follower_that_has_caught_up) {
  leads(1, {1, 2});
  fetched_by(3, 0, 1);
  const auto request = outside.next_request();
  EXPECT_EQ(request.change.partition_index, 0);
  EXPECT_EQ(request.change.leader_epoch, LeaderEpoch{1});
  ASSERT_EQ(request.change.new_isr.size(), 3U);
  EXPECT_EQ(request.change.new_isr.back().broker_epoch, BrokerEpoch{103});
  partition->isr_answered({.token = request.token,
                           .leader_epoch = LeaderEpoch{1},
                           .partition_epoch = PartitionEpoch{partition_epoch + 1},
                           .isr = {BrokerId{1}, BrokerId{2}, BrokerId{3}}});
  auto done = write(true);
  fetched_by(2, 1, 1);
  EXPECT_FALSE(is_over(done));  // 3 counts now
  fetched_by(3, 1, 1);
  EXPECT_EQ(code_of(done), ErrorCode::NONE);
}

// KIP-207.
TEST_F(LeadingPartition, a_new_leader_does_not_know_the_end_until_its_followers_have_told) {
  follows(2, 1);
  brings(outside.next_fetch(), 3, 1, 1);
  leads(2);
  EXPECT_FALSE(partition->view().knows_end);
  for (const int follower : {2, 3}) {
    partition->fetched_by({.replica = BrokerId{follower},
                           .broker_epoch = BrokerEpoch{100 + follower},
                           .current_leader_epoch = LeaderEpoch{2},
                           .fetch_offset = Offset{3},
                           .last_fetched_epoch = LeaderEpoch{1},
                           .durable_end_offset = Offset{3}});
  }
  for (int i = 0; i < 100 && !partition->view().knows_end; ++i) {  // its own sync may not be over
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(partition->view().knows_end);
  EXPECT_EQ(partition->view().high_watermark, Offset{3});
}

TEST_F(LeadingPartition, a_dead_disk_is_read_until_another_leads) {
  leads(1, {1});
  auto before = write(true);
  EXPECT_EQ(code_of(before), ErrorCode::NONE);
  disk.fail_sync_after = 0;
  auto after = write(true);
  EXPECT_EQ(code_of(after), ErrorCode::KAFKA_STORAGE_ERROR);
  EXPECT_EQ(partition->view().error, ErrorCode::NONE);
  EXPECT_GT(partition->slice(Offset{0}, 1, true)->size_bytes, 0);
  EXPECT_EQ(fetched_by(2, 1, 1).error, ErrorCode::KAFKA_STORAGE_ERROR);
  follows(2, 2);
  EXPECT_EQ(partition->view().error, ErrorCode::KAFKA_STORAGE_ERROR);
}

}  // namespace
}  // namespace ottla
