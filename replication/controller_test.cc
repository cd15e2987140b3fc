#include "replication/controller.h"

#include <gtest/gtest.h>

namespace ottla {
namespace {

class ControllerTest : public testing::Test {
 protected:
  static TopicId id(std::uint8_t number) {
    TopicId made;
    made.bytes[15] = number;
    return made;
  }
  static CreateTopic topic(std::string name, std::uint8_t number) {
    CreateTopic command{.name = std::move(name), .topic_id = id(number)};
    command.partitions.push_back({.replicas = {{1}}, .isr = {{1}}, .leader = {1}, .leader_epoch = {0}});
    command.configs.push_back({"segment.bytes", "1048576"});
    return command;
  }
  // As a broker does it: through the bytes of the log.
  ErrorCode apply(const Command& command) {
    const auto decoded = decode_command(encode_command(command));
    EXPECT_TRUE(decoded) << decoded.error().message;
    last = controller.apply(*decoded, ++index);
    return last ? ErrorCode::NONE : last.error().code;
  }

  Controller controller;
  std::uint64_t index = 0;
  Result<Applied> last = failure(ErrorCode::NONE, "");
};

TEST_F(ControllerTest, a_topic_is_found_by_name_and_by_id) {
  EXPECT_EQ(apply(topic("stocks", 7)), ErrorCode::NONE);
  ASSERT_NE(controller.topic("stocks"), nullptr);
  EXPECT_EQ(controller.topic(id(7))->name, "stocks");
  EXPECT_EQ(controller.topic("stocks")->configs.at("segment.bytes"), "1048576");
  EXPECT_EQ(controller.partition_count(), 1);
}

TEST_F(ControllerTest, what_cannot_be_done_changes_nothing) {
  apply(topic("a.b", 1));
  const Bytes before = controller.snapshot();
  EXPECT_EQ(apply(topic("a.b", 2)), ErrorCode::TOPIC_ALREADY_EXISTS);
  EXPECT_EQ(apply(topic("a_b", 2)), ErrorCode::INVALID_TOPIC_EXCEPTION);
  EXPECT_EQ(apply(topic("other", 1)), ErrorCode::INVALID_PARTITIONS);
  EXPECT_EQ(apply(DeleteTopic{id(9)}), ErrorCode::UNKNOWN_TOPIC_ID);
  EXPECT_EQ(controller.snapshot(), before);
}

TEST_F(ControllerTest, names_are_kafkas) {
  for (const char* bad : {"", ".", "..", "a b", "a/b", "\xc3\xa4"}) {
    EXPECT_EQ(apply(topic(bad, 3)), ErrorCode::INVALID_TOPIC_EXCEPTION) << bad;
  }
  EXPECT_EQ(apply(topic(std::string(250, 'x'), 3)), ErrorCode::INVALID_TOPIC_EXCEPTION);
  EXPECT_EQ(apply(topic(std::string(249, 'x'), 3)), ErrorCode::NONE);
}

TEST_F(ControllerTest, a_deleted_topic_is_gone_and_its_name_free) {
  apply(topic("stocks", 1));
  EXPECT_EQ(apply(DeleteTopic{id(1)}), ErrorCode::NONE);
  EXPECT_EQ(controller.topic("stocks"), nullptr);
  EXPECT_EQ(apply(topic("stocks", 2)), ErrorCode::NONE);
  EXPECT_EQ(controller.partition_count(), 1);
}

TEST_F(ControllerTest, no_producer_id_is_given_twice_not_even_after_a_snapshot) {
  apply(AllocateProducerIds{{1}});
  const auto first = std::get<ProducerIdBlock>(*last);
  controller = *Controller::restore(controller.snapshot());
  apply(AllocateProducerIds{{1}});
  EXPECT_EQ(std::get<ProducerIdBlock>(*last).first_producer_id, first.first_producer_id + first.count);
}

TEST_F(ControllerTest, producer_ids_in_use_elsewhere_are_passed_over) {
  apply(AllocateProducerIds{.broker_id = {1}, .min_producer_id = 4567});
  EXPECT_EQ(std::get<ProducerIdBlock>(*last).first_producer_id, 4567);
  apply(AllocateProducerIds{{1}});
  EXPECT_EQ(std::get<ProducerIdBlock>(*last).first_producer_id, 5567);
}

TEST_F(ControllerTest, a_snapshot_holds_the_whole_state) {
  apply(topic("stocks", 1));
  apply(topic("bonds", 2));
  const auto restored = Controller::restore(controller.snapshot());
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->snapshot(), controller.snapshot());
  EXPECT_EQ(restored->topic(id(2))->partitions.front().leader, BrokerId{1});
}

TEST_F(ControllerTest, settings_are_set_removed_and_replaced_and_survive_a_snapshot) {
  using Operation = AlterConfigs::Operation;
  apply(topic("stocks", 1));
  const auto alter = [&](std::int8_t type, std::string name, bool all, std::vector<AlterConfigs::Change> changes) {
    return apply(AlterConfigs{type, std::move(name), all, std::move(changes)});
  };
  EXPECT_EQ(alter(config_resource::topic, "stocks", false, {{"retention.ms", Operation::set, "5"}}), ErrorCode::NONE);
  EXPECT_EQ(controller.topic(id(1))->configs, (Configs{{"retention.ms", "5"}, {"segment.bytes", "1048576"}}));
  EXPECT_EQ(controller.topic("stocks"), controller.topic(id(1)));
  alter(config_resource::topic, "stocks", false, {{"segment.bytes", Operation::remove}});
  EXPECT_EQ(controller.topic("stocks")->configs, (Configs{{"retention.ms", "5"}}));
  alter(config_resource::topic, "stocks", true, {{"flush.ms", Operation::set, "1"}});
  EXPECT_EQ(controller.topic("stocks")->configs, (Configs{{"flush.ms", "1"}}));
  EXPECT_EQ(alter(config_resource::topic, "bonds", false, {}), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
  alter(config_resource::broker, "", false, {{"message.max.bytes", Operation::set, "7"}});
  alter(config_resource::group, "g", false, {{"consumer.session.timeout.ms", Operation::set, "8"}});
  controller = *Controller::restore(controller.snapshot());
  EXPECT_EQ(controller.configs(config_resource::broker, ""), (Configs{{"message.max.bytes", "7"}}));
  EXPECT_EQ(controller.configs(config_resource::broker, "1"), Configs{});
  alter(config_resource::group, "g", false, {{"consumer.session.timeout.ms", Operation::remove}});
  EXPECT_FALSE(controller.configs().contains({config_resource::group, "g"}));
}

TEST_F(ControllerTest, a_list_grows_and_shrinks_by_elements) {
  using Operation = AlterConfigs::Operation;
  const auto after = [](const Configs& before, Operation operation, const char* value) {
    return changed_configs(before, {.changes = {{"list", operation, value, "a"}}}).at("list");
  };
  EXPECT_EQ(after({}, Operation::append, "b"), "a,b");
  EXPECT_EQ(after({{"list", "b,c"}}, Operation::append, "c,d"), "b,c,d");
  EXPECT_EQ(after({{"list", "b,c"}}, Operation::subtract, "c,x"), "b");
  EXPECT_EQ(after({{"list", "b"}}, Operation::subtract, "b"), "");
}

TEST_F(ControllerTest, partitions_are_added_after_those_there_are) {
  apply(topic("stocks", 1));
  AddPartitions more{.topic_id = id(1)};
  more.partitions.push_back({.partition_index = 1, .replicas = {{1}}, .isr = {{1}}, .leader = {1}});
  EXPECT_EQ(apply(more), ErrorCode::NONE);
  EXPECT_EQ(controller.topic("stocks")->partitions.size(), 2U);
  EXPECT_EQ(controller.partition_count(), 2);
  EXPECT_EQ(apply(more), ErrorCode::INVALID_PARTITIONS);  // somebody else was first
  EXPECT_EQ(apply(AddPartitions{.topic_id = id(2)}), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
}

// Taken when there were no resources in an image: version, next producer id 3000, no topics, no tags.
TEST_F(ControllerTest, an_image_of_the_first_days_is_read) {
  Writer old;
  old.integer<std::int16_t>(0);
  old.integer<std::int64_t>(3000);
  old.integer<std::int8_t>(1);
  old.integer<std::int8_t>(0);
  auto restored = Controller::restore(old.flatten());
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(std::get<ProducerIdBlock>(*restored->apply(AllocateProducerIds{}, 1)).first_producer_id, 3000);
}

TEST_F(ControllerTest, damaged_bytes_are_refused) {
  const Bytes whole = encode_command(topic("stocks", 1));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_command(std::span(whole).first(size))) << size;
  }
  const Bytes image = controller.snapshot();
  EXPECT_FALSE(Controller::restore(std::span(image).first(image.size() - 1)));
}

}  // namespace
}  // namespace ottla
