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

bool is_about_group(ConsumerRecordKind kind) {
  return kind == ConsumerRecordKind::group || kind == ConsumerRecordKind::partition_metadata ||
         kind == ConsumerRecordKind::target_metadata;
}

// All of them have version 0 alone, and are flexible.
template <class Value>
Result<void> read_value(std::span<const std::byte> bytes, ConsumerSaid& said) {
  if (bytes.size() < sizeof(std::int16_t) || load_big_endian<std::int16_t>(bytes) != 0) {
    return failure(ErrorCode::CORRUPT_MESSAGE, "__consumer_offsets: a value of an unknown version");
  }
  auto value = decode<Value>(bytes.subspan(sizeof(std::int16_t)), 0, 0);
  if (!value) {
    return std::unexpected(value.error());
  }
  said.value = std::move(*value);
  return {};
}

Result<void> read_consumer_value(std::span<const std::byte> bytes, ConsumerSaid& said) {
  switch (said.kind) {
    case ConsumerRecordKind::group:
      return read_value<ConsumerGroupMetadataValue>(bytes, said);
    case ConsumerRecordKind::member:
      return read_value<ConsumerGroupMemberMetadataValue>(bytes, said);
    case ConsumerRecordKind::target_metadata:
      return read_value<ConsumerGroupTargetAssignmentMetadataValue>(bytes, said);
    case ConsumerRecordKind::target:
      return read_value<ConsumerGroupTargetAssignmentMemberValue>(bytes, said);
    case ConsumerRecordKind::current:
      return read_value<ConsumerGroupCurrentMemberAssignmentValue>(bytes, said);
    case ConsumerRecordKind::regular_expression:
      return read_value<ConsumerGroupRegularExpressionValue>(bytes, said);
    case ConsumerRecordKind::partition_metadata:
      break;
  }
  return {};
}

Result<Said> read_consumer(ConsumerRecordKind kind, std::span<const std::byte> key_rest, const NullableBytes& value) {
  ConsumerSaid said{.group = {}, .kind = kind, .part = {}, .is_tombstone = !value, .value = {}};
  if (is_about_group(kind)) {
    auto key = decode<ConsumerGroupKey>(key_rest, key_version, never);
    if (!key) {
      return std::unexpected(key.error());
    }
    said.group = std::move(key->group_id);
  } else {
    auto key = decode<ConsumerGroupPartKey>(key_rest, key_version, never);
    if (!key) {
      return std::unexpected(key.error());
    }
    said.group = std::move(key->group_id);
    said.part = std::move(key->part);
  }
  if (value) {
    if (auto read = read_consumer_value(*value, said); !read) {
      return std::unexpected(read.error());
    }
  }
  return said;
}

bool is_consumer_kind(std::int16_t kind) {
  constexpr auto last_of_row = std::to_underlying(ConsumerRecordKind::current);
  return (kind >= std::to_underlying(ConsumerRecordKind::group) && kind <= last_of_row) ||
         kind == std::to_underlying(ConsumerRecordKind::regular_expression);
}

}  // namespace

LogRecord consumer_record(const ConsumerSaid& said) {
  Writer key;
  key.integer(std::to_underlying(said.kind));
  if (is_about_group(said.kind)) {
    encode_message(key, ConsumerGroupKey{said.group}, key_version, never);
  } else {
    encode_message(key, ConsumerGroupPartKey{said.group, said.part}, key_version, never);
  }
  LogRecord record{.key = key.flatten(), .value = {}};
  if (!said.is_tombstone) {
    Writer value;
    value.integer<std::int16_t>(0);
    std::visit(
        [&value]<class Value>(const Value& one) {
          if constexpr (!std::is_same_v<Value, std::monostate>) {
            encode_message(value, one, 0, 0);
          }
        },
        said.value);
    record.value = value.flatten();
  }
  return record;
}

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
  if (is_consumer_kind(kind)) {
    return read_consumer(static_cast<ConsumerRecordKind>(kind), rest, value);
  }
  return NothingKnown{};
}

}  // namespace ottla::groups
