// Scenes with a cluster: brokers by number, topics by name, every command through the bytes of the log and checked for
// what must hold after it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replication/controller.h"
#include "replication/mutants.h"
#include "replication/partition_invariants.h"

namespace ottla {

class ClusterTest : public testing::Test {
 protected:
  using State = ChangeBrokerState::State;
  using Ids = std::vector<BrokerId>;

  static Uuid uuid(std::uint8_t kind, std::uint8_t number) {
    Uuid made;
    made.bytes[0] = kind;
    made.bytes[15] = number;
    return made;
  }
  ErrorCode apply(const Command& command) {
    const auto decoded = decode_command(encode_command(command));
    EXPECT_TRUE(decoded) << decoded.error().message;
    last = controller.apply(*decoded, ++index);
    for (const auto& [name, topic] : controller.topics()) {
      for (const auto& partition : topic->partitions) {
        if (!controller.brokers().empty()) {  // of a broker on its own nobody knows whether it lives
          EXPECT_EQ(broken_invariant(partition, controller.context_of(*topic)), "") << name;
        }
      }
    }
    return last ? ErrorCode::NONE : last.error().code;
  }

  // A start of broker `id`, the `start`-th of it, in its own directory, after a stop without goodbye.
  static RegisterBroker start_of(std::int32_t id, std::uint8_t start = 1) {
    return {.broker_id = {id},
            .incarnation_id = uuid(static_cast<std::uint8_t>(id), start),
            .log_dirs = {uuid(100, static_cast<std::uint8_t>(id))}};
  }
  ErrorCode unfence(std::int32_t id) { return apply(ChangeBrokerState{{id}, epoch(id), State::active}); }
  ErrorCode fence(std::int32_t id) { return apply(ChangeBrokerState{{id}, epoch(id), State::fenced}); }
  void start(std::initializer_list<std::int32_t> ids) {
    for (const std::int32_t id : ids) {
      EXPECT_EQ(apply(start_of(id)), ErrorCode::NONE);
      EXPECT_EQ(unfence(id), ErrorCode::NONE);
    }
  }
  ErrorCode create(const std::string& name, const std::vector<Ids>& partitions, std::int32_t min_isr = 2) {
    CreateTopic command{.name = name, .topic_id = id_of(name), .min_insync_replicas = min_isr};
    for (const Ids& replicas : partitions) {
      command.partitions.push_back(
          {.partition_index = static_cast<std::int32_t>(command.partitions.size()), .replicas = replicas});
    }
    return apply(command);
  }
  ErrorCode configure(std::int8_t type, const std::string& resource, const std::string& name,
                      const std::string& value) {
    return apply(AlterConfigs{.resource_type = type,
                              .resource_name = resource,
                              .changes = {{name, AlterConfigs::Operation::set, value, ""}}});
  }
  static TopicId id_of(const std::string& name) { return uuid(200, static_cast<std::uint8_t>(name.front())); }
  [[nodiscard]] BrokerEpoch epoch(std::int32_t id) const { return controller.brokers().at({id}).epoch; }
  [[nodiscard]] const PartitionRegistration& partition(const std::string& topic, std::size_t number = 0) const {
    return controller.topic(topic)->partitions.at(number);
  }
  [[nodiscard]] const std::vector<PartitionOutcome>& outcomes() const {
    return std::get<PartitionsChanged>(*last).outcomes;
  }

  Controller controller;
  std::uint64_t index = 0;
  Result<Applied> last = failure(ErrorCode::NONE, "");
};

}  // namespace ottla
