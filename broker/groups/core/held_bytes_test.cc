#include "broker/groups/core/held_bytes.h"

#include <gtest/gtest.h>

namespace ottla::groups {
namespace {

constexpr std::size_t metadata_bytes = 10'000;

Join join(const std::string& member_id, std::int16_t version) {
  Join event{.version = version, .client_id = "client", .new_member_id = "new"};
  event.request.member_id = member_id;
  event.request.session_timeout_ms = 10'000;
  event.request.protocol_type = "consumer";
  event.request.protocols = {{"range", Bytes(metadata_bytes)}};
  return event;
}

TEST(HeldBytes, a_member_adds_what_it_is_then_counted_with) {
  AnyGroup group("group", {});
  const std::size_t added = bytes_to_add(&group, join("", 3));
  EXPECT_GT(added, metadata_bytes);
  EXPECT_EQ(bytes_to_add(nullptr, join("", 3)), added);
  EXPECT_EQ(held_bytes(group), 0U);
  (void)group.step(0, join("", 3));
  EXPECT_EQ(held_bytes(group), added);
  EXPECT_EQ(bytes_to_add(&group, join("new", 3)), 0U);  // it is there
}

TEST(HeldBytes, one_that_was_only_told_its_id_counts) {
  AnyGroup group("group", {});
  (void)group.step(0, join("", 4));
  EXPECT_GT(held_bytes(group), 0U);
  EXPECT_LT(held_bytes(group), metadata_bytes);
}

TEST(HeldBytes, a_member_of_the_new_protocol_counts) {
  AnyGroup group("group", {});
  ConsumerHeartbeat beat{.topics = std::make_shared<const Topics>()};
  beat.request.member_id = "member";
  beat.request.member_epoch = ConsumerGroupHeartbeatRequest::join_epoch;
  beat.request.rebalance_timeout_ms = 1000;
  beat.request.subscribed_topic_names = {{std::string(1000, 'a'), std::string(2000, 'b')}};
  const std::size_t added = bytes_to_add(nullptr, beat);
  EXPECT_GT(added, 3000U);
  (void)group.step(0, beat);
  ASSERT_NE(group.consumer(), nullptr);
  EXPECT_EQ(held_bytes(group), added);
  EXPECT_EQ(bytes_to_add(&group, beat), 0U);
}

TEST(HeldBytes, who_is_here_may_come_again_but_not_with_much_more) {
  AnyGroup group("group", {});
  (void)group.step(0, join("", 3));
  Join again = join("new", 3);
  again.request.protocols.front().metadata.resize(2 * metadata_bytes);
  EXPECT_EQ(bytes_to_add(&group, again), 0U);
  again.request.protocols.front().metadata.resize(100 * metadata_bytes);
  EXPECT_EQ(bytes_to_add(&group, again), 99 * metadata_bytes);
}

TEST(HeldBytes, a_static_member_that_comes_back_is_here_already) {
  AnyGroup group("group", {});
  Join first = join("", 5);
  first.request.group_instance_id = "instance";
  (void)group.step(0, first);
  Join back = join("", 5);
  back.new_member_id = "newer";
  EXPECT_GT(bytes_to_add(&group, back), 0U);
  back.request.group_instance_id = "instance";
  EXPECT_EQ(bytes_to_add(&group, back), 0U);
}

TEST(HeldBytes, one_that_was_told_its_id_adds_what_it_brings) {
  AnyGroup group("group", {});
  (void)group.step(0, join("", 4));
  EXPECT_EQ(bytes_to_add(&group, join("new", 4)), metadata_bytes + std::string("range").size());
}

TEST(HeldBytes, large_assignments_count) {
  Sync sync;
  sync.request.assignments = {{"a", Bytes(100'000)}, {"b", Bytes(100'000)}};
  EXPECT_EQ(bytes_to_add(nullptr, sync), 0U);
  sync.request.assignments.push_back({"c", Bytes(100'000)});
  EXPECT_EQ(bytes_to_add(nullptr, sync), 300'000U);
}

TEST(HeldBytes, a_heartbeat_adds_nothing) { EXPECT_EQ(bytes_to_add(nullptr, Heartbeat{}), 0U); }

}  // namespace
}  // namespace ottla::groups
