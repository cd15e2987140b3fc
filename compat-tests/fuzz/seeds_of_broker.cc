// The first inputs of the target that runs a whole broker: requests that follow one another as clients' do.
#include "compat-tests/fuzz/messages.h"
#include "compat-tests/fuzz/seeds.h"
#include "storage/test_batches.h"

namespace ottla {

Bytes broker_step(std::uint8_t index, std::uint8_t version, const Bytes& body) {
  Writer writer;
  writer.integer(broker_step_request);
  writer.integer(static_cast<std::uint16_t>(body.size() + 2));
  writer.integer(index);
  writer.integer(version);
  writer.raw(body);
  return writer.flatten();
}

namespace {

// The latest version of it, by the first connection.
template <class Message>
Bytes step_of(const Message& message) {
  std::uint8_t index = 0;
  std::uint8_t at = 0;
  for_each_request(AllRequests{}, [&]<class Request>() {
    index = std::is_same_v<Request, Message> ? at : index;
    ++at;
  });
  const VersionRange versions = Message::api.versions;
  return broker_step(index, static_cast<std::uint8_t>(versions.max - versions.min),
                     encoded(message, versions.max, Message::api));
}

// A topic is made, written, read and deleted.
std::vector<Bytes> topic_life() {
  CreateTopicsRequest create;
  create.topics.push_back({.name = "t", .num_partitions = 2, .replication_factor = 1});
  ListOffsetsRequest offsets;
  offsets.topics.push_back({.name = "t", .partitions = {{.timestamp = -1}}});
  DeleteTopicsRequest remove;
  remove.topics.push_back({.name = "t"});
  DescribeConfigsRequest describe;
  describe.resources.push_back({.resource_type = 2, .resource_name = "t"});
  return {{std::byte{0}},
          step_of(create),
          step_of(MetadataRequest{}),
          step_of(offsets),
          step_of(describe),
          {std::byte{broker_step_honest_write}},
          step_of(remove),
          {std::byte{broker_step_finish}}};
}

std::vector<Bytes> group_life() {
  FindCoordinatorRequest find;
  find.coordinator_keys = {"g"};
  JoinGroupRequest join{.group_id = "g", .session_timeout_ms = 10'000, .rebalance_timeout_ms = 10'000};
  join.protocol_type = "consumer";
  join.protocols.push_back({.name = "range"});
  ConsumerGroupHeartbeatRequest heartbeat;
  heartbeat.group_id = "h";
  heartbeat.member_id = "m";
  heartbeat.rebalance_timeout_ms = 10'000;
  heartbeat.subscribed_topic_names.emplace().push_back("t");
  heartbeat.topic_partitions.emplace();
  return {{std::byte{1}},
          step_of(find),
          step_of(join),
          step_of(heartbeat),
          step_of(ListGroupsRequest{}),
          {std::byte{broker_step_finish}}};
}

}  // namespace

void of_broker(Seeds& seeds) {
  seeds.add(topic_life());
  seeds.add(group_life());
  ProduceRequest produce{.acks = -1, .timeout_ms = 1000};
  Bytes batch = make_batch({{.key = "k", .value = "v"}});
  produce.topic_data.push_back({.topic_id = Uuid{}, .partition_data = {{.records = {batch, false}}}});
  seeds.add({{std::byte{0}}, step_of(produce), {std::byte{broker_step_finish}}});
}

}  // namespace ottla
