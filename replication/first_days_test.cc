// A data directory of the first days, when there was one broker: the bytes of its metadata log and of an image of it,
// as that program wrote them. They are read for ever, and come to the same.
#include <gtest/gtest.h>

#include "replication/controller.h"
#include "replication/partition_invariants.h"

namespace ottla {
namespace {

constexpr std::array<std::string_view, 8> commands{
    "000100000773746f636b73a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0300000000020000000102000000010000000100000000"
    "000000000102000000010200000001000000010000000000030d726574656e74696f6e2e6d73023500146d696e2e696e7379"
    "6e632e7265706c6963617302310000",
    "0001000005676f6e65101112131415161718191a1b1c1d1e1f02000000000200000001020000000100000001000000000001"
    "00",
    "000300000000000101000800000000000011d7",
    "000300000000000100",
    "0004000004010002146d696e2e696e73796e632e7265706c69636173000232010000",
    "00040000020773746f636b7300030d726574656e74696f6e2e6d73010101000f636c65616e75702e706f6c6963790208636f"
    "6d706163740764656c6574650000",
    "00050000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf02000000020200000001020000000100000001000000000000",
    "00020000101112131415161718191a1b1c1d1e1f00"};

constexpr std::string_view image =
    "000000000000000019a7020773746f636b73a0a1a2a3a4a5a6a7a8a9aaabacadaeaf04020000000102000000010000000100"
    "0000000000000000020000000102000000010000000100000000000000000002000000010200000001000000010000000000"
    "00000000030f636c65616e75702e706f6c6963790f64656c6574652c636f6d7061637400146d696e2e696e73796e632e7265"
    "706c696361730231000001001c02040102146d696e2e696e73796e632e7265706c6963617302320000";

Bytes bytes_of(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Bytes bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return bytes;
}

Controller replayed() {
  Controller controller;
  std::uint64_t index = 0;
  for (const auto hex : commands) {
    const auto command = decode_command(bytes_of(hex));
    EXPECT_TRUE(command) << command.error().message;
    EXPECT_TRUE(controller.apply(*command, ++index)) << index;
    EXPECT_EQ(encode_command(*command), bytes_of(hex)) << "written in another way today";
  }
  return controller;
}

TEST(FirstDays, a_log_is_read_and_comes_to_what_it_was) {
  const Controller controller = replayed();
  EXPECT_EQ(controller.snapshot(), bytes_of(image));
  const auto topic = controller.topic("stocks");
  ASSERT_NE(topic, nullptr);
  ASSERT_EQ(topic->partitions.size(), 3U);
  EXPECT_EQ(topic->partitions[2].leader, BrokerId{1});
  EXPECT_EQ(topic->partitions[2].leader_epoch, LeaderEpoch{0});
  EXPECT_EQ(controller.topic("gone"), nullptr);
}

TEST(FirstDays, an_image_is_read_and_written_as_it_was) {
  const auto restored = Controller::restore(bytes_of(image));
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->snapshot(), bytes_of(image));
}

// The broker of such a directory becomes one of a cluster: leaders and ISR go on from where they were.
TEST(FirstDays, its_broker_registers_one_day_and_leads_on) {
  Controller controller = replayed();
  const auto apply = [&](const Command& command, std::uint64_t index) {
    ASSERT_TRUE(controller.apply(command, index));
  };
  apply(RegisterBroker{.broker_id = {1}, .incarnation_id = {{1}}, .log_dirs = {Uuid{{7}}}}, 20);
  EXPECT_EQ(controller.topic("stocks")->partitions[0].leader, BrokerId{});
  apply(ChangeBrokerState{{1}, {20}, ChangeBrokerState::State::active}, 21);
  for (const auto& partition : controller.topic("stocks")->partitions) {
    EXPECT_EQ(partition.leader, BrokerId{1});
    EXPECT_EQ(partition.leader_recovery_state, LeaderRecoveryState::recovered);
    EXPECT_EQ(broken_invariant(partition, controller.context_of(*controller.topic("stocks"))), "");
  }
}

}  // namespace
}  // namespace ottla
