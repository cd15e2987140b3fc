// A small language for stories about a group of the new protocol: topic "t" has four partitions, the log answers at
// once unless told not to.
#pragma once

#include <gtest/gtest.h>

#include "broker/groups/core/any_group.h"
#include "broker/groups/core/consumer_protocol.h"
#include "broker/groups/core/consumer_request.h"

namespace ottla::groups {

using Beaten = ConsumerGroupHeartbeatResponse;

class ConsumerStory : public testing::Test {
 protected:
  static constexpr std::int32_t rebalance_ms = 60'000;

  ConsumerStory() { topic("t", 1, 4); }
  void topic(const std::string& name, std::uint8_t id, std::int32_t partitions) {
    auto changed = std::make_shared<Topics>(*topics);
    ++changed->version;
    changed->add(name, {.id = TopicId{{id}}, .partitions = partitions});
    topics = changed;
  }
  static TopicIdPartition t(std::int32_t partition) { return {TopicId{{1}}, partition}; }

  ConsumerHeartbeat full(const std::string& id, std::int32_t epoch, const Partitions& owned) const {
    ConsumerHeartbeat event{.token = 0, .request = {}, .client_id = "app", .client_host = "/h", .topics = topics};
    event.request.member_id = id;
    event.request.member_epoch = epoch;
    event.request.rebalance_timeout_ms = rebalance_ms;
    event.request.subscribed_topic_names = {{"t"}};
    event.request.topic_partitions.emplace();
    for (const auto& partition : owned) {
      add_to(*event.request.topic_partitions, partition);
    }
    return event;
  }
  Beaten bring(ConsumerHeartbeat event) { return std::get<Beaten>(tell(std::move(event))); }
  Beaten join(const std::string& id) { return bring(full(id, 0, {})); }
  Beaten beat(const std::string& id, std::int32_t epoch) {
    ConsumerHeartbeat event{.token = 0, .request = {}, .client_id = "app", .client_host = "/h", .topics = topics};
    event.request.member_id = id;
    event.request.member_epoch = epoch;
    return bring(event);
  }
  Beaten let_go(const std::string& id, std::int32_t epoch, const Partitions& owned) {
    return bring(full(id, epoch, owned));
  }
  ErrorCode commit(const std::string& id, std::int32_t epoch, std::int32_t partition) {
    Commit event{.token = 0, .member_id = id, .generation_id = epoch, .offsets = {}};
    event.offsets.push_back({{"t", partition}, {.topic_id = TopicId{{1}}, .offset = Offset{7}}});
    return std::get<ErrorCode>(tell(std::move(event)));
  }
  Join classic(const std::string& id, const std::vector<NamedPartitions>& owned) const {
    Join event{.token = 0, .request = {}, .version = 9, .client_id = "old", .client_host = "/h", .topics = topics};
    event.new_member_id = "c" + std::to_string(last_token);
    event.request.member_id = id;
    event.request.protocol_type = "consumer";
    event.request.session_timeout_ms = 10'000;
    event.request.rebalance_timeout_ms = rebalance_ms;
    Writer writer;  // a subscription of version 1, as in ConsumerProtocolSubscription.json
    writer.integer<std::int16_t>(1);
    writer.integer<std::int32_t>(1);
    writer.integer<std::int16_t>(1);
    writer.raw(std::string_view("t"));
    writer.integer<std::int32_t>(-1);
    writer.integer(static_cast<std::int32_t>(owned.size()));
    for (const auto& one : owned) {
      writer.integer<std::int16_t>(1);
      writer.raw(std::string_view(one.topic));
      writer.integer(static_cast<std::int32_t>(one.partitions.size()));
      for (const auto partition : one.partitions) {
        writer.integer(partition);
      }
    }
    event.request.protocols = {{"cooperative-sticky", writer.flatten()}};
    return event;
  }
  JoinGroupResponse join_classic(const std::string& id, const std::vector<NamedPartitions>& owned) {
    return std::get<JoinGroupResponse>(tell(classic(id, owned)));
  }
  SyncGroupResponse sync_classic(const std::string& id, std::int32_t generation, const Bytes& assignment = {}) {
    Sync event{.token = 0, .request = {}, .topics = topics};
    event.request.member_id = id;
    event.request.generation_id = generation;
    if (!assignment.empty()) {
      event.request.assignments.push_back({.member_id = id, .assignment = assignment});
    }
    return std::get<SyncGroupResponse>(tell(std::move(event)));
  }
  ErrorCode beat_classic(const std::string& id, std::int32_t generation) {
    Heartbeat event{.token = 0, .request = {}};
    event.request.member_id = id;
    event.request.generation_id = generation;
    return std::get<HeartbeatResponse>(tell(std::move(event))).error_code;
  }

  Response tell(auto event) {
    event.token = ++last_token;
    step(event);
    return answers.contains(last_token) ? answers.at(last_token) : Response{Beaten{.member_epoch = waits}};
  }
  void step(const Event& event) {
    Effects effects = group.step(now, event);
    for (auto& answer : effects.answers) {
      answers[answer.token] = answer.response;
    }
    for (auto& write : effects.writes) {
      log.push_back(write);
      if (log_is_quick) {
        step(Written{write.id, true});
      }
    }
  }
  void wait(Millis duration) {
    for (const Millis end = now + duration; now < end; now = std::min(end, std::max(now + 1, group.deadline()))) {
      step(Tick{});
    }
    step(Tick{});
  }
  void restart() {
    group = AnyGroup("g", settings);
    for (const Write& write : log) {
      for (const LogRecord& record : write.records) {
        const auto value = record.value ? std::optional(std::span<const std::byte>(*record.value)) : std::nullopt;
        group.restore(*read_record(record.key, value));
      }
    }
    group.loaded(now, topics);
  }
  static Partitions given(const Beaten& response) {
    return response.assignment ? partitions_of(response.assignment->topic_partitions) : Partitions{};
  }

  static constexpr std::int32_t waits = -100;
  TopicsView topics = std::make_shared<const Topics>();
  Settings settings;
  AnyGroup group{"g", settings};
  Millis now = 1'000'000;
  std::map<Token, Response> answers;
  std::vector<Write> log;
  bool log_is_quick = true;
  Token last_token = 0;
};

}  // namespace ottla::groups
