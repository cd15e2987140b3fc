// OffsetCommit 2-10. Leader epochs from version 6 (KIP-320), static members from 7 (KIP-345), topics by id from 10.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct OffsetCommitResponse {
  struct OffsetCommitResponseTopic {
    struct OffsetCommitResponsePartition {
      std::int32_t partition_index = 0;
      ErrorCode error_code = ErrorCode::NONE;
      static void fields(auto& v, auto& m) {
        v("PartitionIndex", m.partition_index);
        v("ErrorCode", m.error_code);
      }
    };
    std::string name;
    Uuid topic_id;
    std::vector<OffsetCommitResponsePartition> partitions;
    static void fields(auto& v, auto& m) {
      v("Name", m.name, until(9));
      v("TopicId", m.topic_id, since(10));
      v("Partitions", m.partitions);
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetCommitResponseTopic> topics;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms, since(3));
    v("Topics", m.topics);
  }
};

struct OffsetCommitRequest {
  using Response = OffsetCommitResponse;
  static constexpr Api api{.key = 8, .name = "OffsetCommit", .versions = {2, 10}, .flexible = 8};

  struct OffsetCommitRequestTopic {
    struct OffsetCommitRequestPartition {
      std::int32_t partition_index = 0;
      Offset committed_offset;
      LeaderEpoch committed_leader_epoch;
      std::optional<std::string> committed_metadata = std::string{};
      static void fields(auto& v, auto& m) {
        v("PartitionIndex", m.partition_index);
        v("CommittedOffset", m.committed_offset);
        v("CommittedLeaderEpoch", m.committed_leader_epoch, since(6));
        v("CommittedMetadata", m.committed_metadata, nullable_since(0));
      }
    };
    std::string name;
    Uuid topic_id;
    std::vector<OffsetCommitRequestPartition> partitions;
    static void fields(auto& v, auto& m) {
      v("Name", m.name, until(9));
      v("TopicId", m.topic_id, since(10));
      v("Partitions", m.partitions);
    }
  };
  std::string group_id;
  std::int32_t generation_id_or_member_epoch = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::int64_t retention_time_ms = -1;
  std::vector<OffsetCommitRequestTopic> topics;
  static void fields(auto& v, auto& m) {
    v("GroupId", m.group_id);
    v("GenerationIdOrMemberEpoch", m.generation_id_or_member_epoch);
    v("MemberId", m.member_id);
    v("GroupInstanceId", m.group_instance_id, since(7), nullable_since(7));
    v("RetentionTimeMs", m.retention_time_ms, until(4));
    v("Topics", m.topics);
  }
};

}  // namespace ottla
