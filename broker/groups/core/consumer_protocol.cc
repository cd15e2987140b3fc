#include "broker/groups/core/consumer_protocol.h"

#include <algorithm>

#include "protocol/codec.h"

namespace ottla::groups {

namespace {

constexpr std::int16_t last_version = 3;
constexpr std::size_t most_bytes = std::size_t{16} * 1024 * 1024;

std::int16_t version_of(const Bytes& bytes) {
  return bytes.size() < sizeof(std::int16_t) ? std::int16_t{-1}
                                             : std::min(load_big_endian<std::int16_t>(std::span(bytes)), last_version);
}

// A newer version has more at its end: what is left over is no error.
template <class Message>
std::optional<Message> read(const Bytes& bytes) {
  const std::int16_t version = version_of(bytes);
  if (version < 0) {
    return std::nullopt;
  }
  Bytes copy(bytes.begin() + sizeof version, bytes.end());
  Reader reader(copy);
  DecodeBudget budget{most_bytes};
  Message message;
  Decoder(reader, version, false, budget).structure(message);
  return reader.ok() ? std::optional(std::move(message)) : std::nullopt;
}

}  // namespace

std::optional<ConsumerProtocolSubscription> read_subscription(const Bytes& bytes) {
  return read<ConsumerProtocolSubscription>(bytes);
}

std::optional<ConsumerProtocolAssignment> read_assignment(const Bytes& bytes) {
  return bytes.empty() ? ConsumerProtocolAssignment{} : read<ConsumerProtocolAssignment>(bytes);
}

Partitions with_ids(const std::vector<NamedPartitions>& named, const Topics& topics) {
  Partitions partitions;
  for (const NamedPartitions& one : named) {
    if (const Topics::Topic* topic = topics.find(one.topic)) {
      for (const std::int32_t partition : one.partitions) {
        partitions.insert({topic->id, partition});
      }
    }
  }
  return partitions;
}

Bytes assignment_bytes(const Partitions& partitions, const Topics& topics, const Bytes& subscription) {
  ConsumerProtocolAssignment assignment;
  std::optional<TopicId> last;
  for (const TopicIdPartition& one : partitions) {
    const std::string* name = topics.name_of(one.topic_id);
    if (name != nullptr && last != one.topic_id) {
      assignment.assigned_partitions.push_back({*name, {}});
      last = one.topic_id;
    }
    if (name != nullptr) {
      assignment.assigned_partitions.back().partitions.push_back(one.partition);
    }
  }
  const std::int16_t version = std::max<std::int16_t>(0, version_of(subscription));
  Writer writer;
  writer.integer(version);
  encode_message(writer, assignment, version, never);
  return writer.flatten();
}

}  // namespace ottla::groups
