// OffsetCommit 2-10. Acknowledged when durable. A partition that cannot be committed gets its own error; the others are
// committed together, or not at all. Topics by id from version 10.
#include "broker/groups/handler_help.h"

namespace ottla {

namespace {

constexpr std::int16_t member_epochs_since = 9;
constexpr std::int16_t topic_ids_since = 10;

using TopicAnswer = OffsetCommitResponse::OffsetCommitResponseTopic;

// Kafka measures a string as Java does: what takes four bytes in UTF-8 takes two units in UTF-16, all else one.
std::int64_t utf16_length(std::string_view utf8) {
  std::int64_t units = 0;
  for (const char one : utf8) {
    const auto byte = static_cast<unsigned char>(one);
    units += byte >= 0xF0 ? 2 : (byte & 0xC0U) != 0x80 ? 1 : 0;
  }
  return std::max(units, (std::ssize(utf8) + 2) / 3);  // more than three bytes for a unit are no UTF-8
}

// Why one partition cannot be committed, whatever the group says.
ErrorCode check(const Broker& broker, const NamedTopic& topic, bool by_id,
                const OffsetCommitRequest::OffsetCommitRequestTopic::OffsetCommitRequestPartition& asked) {
  if (!topic.exists) {
    return by_id ? ErrorCode::UNKNOWN_TOPIC_ID : ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
  }
  if (!topic.has(asked.partition_index)) {
    return ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
  }
  if (asked.committed_metadata && utf16_length(*asked.committed_metadata) > broker.config.offset_metadata_max_bytes) {
    return ErrorCode::OFFSET_METADATA_TOO_LARGE;
  }
  return ErrorCode::NONE;
}

// Answers for every partition asked for, in order; those without an error go into `event`.
OffsetCommitResponse prepare(const RequestContext& context, OffsetCommitRequest& request, groups::Commit& event) {
  const bool by_id = context.header.api_version >= topic_ids_since;
  OffsetCommitResponse response;
  for (auto& topic : request.topics) {
    const NamedTopic named = resolve_topic(context.broker, topic.name, topic.topic_id, by_id);
    TopicAnswer& answer = response.topics.emplace_back();
    answer.name = topic.name;
    answer.topic_id = topic.topic_id;
    for (auto& asked : topic.partitions) {
      const auto error = check(context.broker, named, by_id, asked);
      answer.partitions.push_back({.partition_index = asked.partition_index, .error_code = error});
      if (error == ErrorCode::NONE) {
        event.offsets.push_back({{named.name, asked.partition_index},
                                 {.topic_id = named.id,
                                  .offset = asked.committed_offset,
                                  .leader_epoch = asked.committed_leader_epoch,
                                  .metadata = std::move(asked.committed_metadata).value_or(""),
                                  .commit_timestamp_ms = GroupShard::now_ms()}});
      }
    }
  }
  return response;
}

void refuse_rest(OffsetCommitResponse& response, ErrorCode error) {
  for (auto& topic : response.topics) {
    for (auto& partition : topic.partitions) {
      partition.error_code = partition.error_code == ErrorCode::NONE ? error : partition.error_code;
    }
  }
}

}  // namespace

template <>
Awaitable<OffsetCommitResponse> handle(RequestContext& context, OffsetCommitRequest& request) {
  groups::Commit commit{.member_id = std::move(request.member_id),
                        .group_instance_id = std::move(request.group_instance_id),
                        .generation_id = request.generation_id_or_member_epoch,
                        .offsets = {},
                        .version = context.header.api_version};
  OffsetCommitResponse response = prepare(context, request, commit);
  // A group is made by the first commit that does not claim to be a member's. One without a name is legal there
  // (Kafka).
  const auto if_absent = commit.generation_id < 0 ? IfAbsent::create : IfAbsent::refuse;
  groups::Event event = std::move(commit);
  const auto answer = co_await context.broker.groups->ask(request.group_id, std::move(event), if_absent);
  if (!answer) {
    const bool is_absent = answer.error().code == ErrorCode::GROUP_ID_NOT_FOUND;
    const bool knows_the_error = context.header.api_version >= member_epochs_since;
    refuse_rest(response, is_absent && !knows_the_error ? ErrorCode::ILLEGAL_GENERATION : answer.error().code);
  } else {
    refuse_rest(response, std::get<ErrorCode>(*answer));
  }
  co_return response;
}

}  // namespace ottla
