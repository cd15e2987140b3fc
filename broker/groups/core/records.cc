#include "broker/groups/core/records.h"

#include "protocol/codec.h"

namespace ottla::groups {

namespace {

constexpr std::int16_t key_version = 0;
constexpr std::int16_t group_value_version = 3;   // as Apache Kafka 4.3.1 writes it
constexpr std::int16_t offset_value_version = 4;  // the first with the topic's id
// What a record becomes in memory: no struct of these messages is larger than this for each byte that it takes.
constexpr std::size_t decoded_for_each_byte = 64;

template <class Key>
Bytes key_bytes(const Key& key) {
  Writer writer;
  writer.integer(Key::kind);
  encode_message(writer, key, key_version, never);
  return writer.flatten();
}

template <class Value>
Bytes value_bytes(const Value& value, std::int16_t version) {
  Writer writer;
  writer.integer(version);
  encode_message(writer, value, version, Value::flexible);
  return writer.flatten();
}

template <class Message>
Result<Message> decode(std::span<const std::byte> bytes, std::int16_t version, std::int16_t flexible) {
  // The decoder gives views of what it reads and changes nothing; none of these messages keeps one.
  const std::span<std::byte> mutable_bytes{const_cast<std::byte*>(bytes.data()), bytes.size()};
  DecodeBudget budget{decoded_for_each_byte * (bytes.size() + 1)};
  auto message = decode_message<Message>(mutable_bytes, version, flexible, budget);
  if (!message) {
    return failure(ErrorCode::CORRUPT_MESSAGE, "__consumer_offsets: " + message.error().message);
  }
  return message;
}

template <class Value>
Result<Value> decode_value(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(std::int16_t)) {
    return failure(ErrorCode::CORRUPT_MESSAGE, "__consumer_offsets: a value without a version");
  }
  const auto version = load_big_endian<std::int16_t>(bytes);
  if (version < Value::versions.min || version > Value::versions.max) {
    return failure(ErrorCode::CORRUPT_MESSAGE, "__consumer_offsets: a value of an unknown version");
  }
  return decode<Value>(bytes.subspan(sizeof version), version, Value::flexible);
}

using NullableBytes = std::optional<std::span<const std::byte>>;

Result<Said> read_offset(std::span<const std::byte> key_rest, const NullableBytes& value) {
  auto key = decode<OffsetCommitKey>(key_rest, key_version, never);
  if (!key) {
    return std::unexpected(key.error());
  }
  OffsetSaid said{
      .group = std::move(key->group), .partition = {std::move(key->topic), key->partition}, .committed = {}};
  if (value) {
    auto read = decode_value<OffsetCommitValue>(*value);
    if (!read) {
      return std::unexpected(read.error());
    }
    said.committed = CommittedOffset{.topic_id = read->topic_id,
                                     .offset = read->offset,
                                     .leader_epoch = read->leader_epoch,
                                     .metadata = std::move(read->metadata),
                                     .commit_timestamp_ms = read->commit_timestamp};
  }
  return said;
}

Result<Said> read_group(std::span<const std::byte> key_rest, const NullableBytes& value) {
  auto key = decode<GroupMetadataKey>(key_rest, key_version, never);
  if (!key) {
    return std::unexpected(key.error());
  }
  GroupSaid said{.group = std::move(key->group), .value = {}};
  if (value) {
    auto read = decode_value<GroupMetadataValue>(*value);
    if (!read) {
      return std::unexpected(read.error());
    }
    said.value = std::move(*read);
  }
  return said;
}

}  // namespace

LogRecord offset_record(const std::string& group, const TopicPartition& partition, const CommittedOffset& committed) {
  const OffsetCommitValue value{.offset = committed.offset,
                                .leader_epoch = committed.leader_epoch,
                                .metadata = committed.metadata,
                                .commit_timestamp = committed.commit_timestamp_ms,
                                .topic_id = committed.topic_id};
  return {offset_tombstone(group, partition).key, value_bytes(value, offset_value_version)};
}

LogRecord offset_tombstone(const std::string& group, const TopicPartition& partition) {
  return {key_bytes(OffsetCommitKey{group, partition.topic, partition.partition}), std::nullopt};
}

LogRecord group_record(const std::string& group, const GroupMetadataValue& value) {
  return {key_bytes(GroupMetadataKey{group}), value_bytes(value, group_value_version)};
}

LogRecord group_tombstone(const std::string& group) { return {key_bytes(GroupMetadataKey{group}), std::nullopt}; }

Result<Said> read_record(std::span<const std::byte> key, NullableBytes value) {
  if (key.size() < sizeof(std::int16_t)) {
    return failure(ErrorCode::CORRUPT_MESSAGE, "__consumer_offsets: a key without a kind");
  }
  const auto kind = load_big_endian<std::int16_t>(key);
  const auto rest = key.subspan(sizeof kind);
  if (kind == OffsetCommitKey::kind || kind == OffsetCommitKey::legacy_kind) {
    return read_offset(rest, value);
  }
  if (kind == GroupMetadataKey::kind) {
    return read_group(rest, value);
  }
  return NothingKnown{};
}

}  // namespace ottla::groups
