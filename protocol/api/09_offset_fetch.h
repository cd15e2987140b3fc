// OffsetFetch 1-10. Null topics mean all of them (2), stable offsets alone from 7 (KIP-447), many groups at once from 8
// (KIP-709), topics by id from 10.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct OffsetFetchResponse {
  struct OffsetFetchResponseTopic {
    struct OffsetFetchResponsePartition {
      std::int32_t partition_index = 0;
      Offset committed_offset;
      LeaderEpoch committed_leader_epoch;
      std::optional<std::string> metadata = std::string{};
      ErrorCode error_code = ErrorCode::NONE;
      static void fields(auto& v, auto& m) {
        v("PartitionIndex", m.partition_index, until(7));
        v("CommittedOffset", m.committed_offset, until(7));
        v("CommittedLeaderEpoch", m.committed_leader_epoch, since(5), until(7));
        v("Metadata", m.metadata, until(7), nullable_since(0));
        v("ErrorCode", m.error_code, until(7));
      }
    };
    std::string name;
    std::vector<OffsetFetchResponsePartition> partitions;
    static void fields(auto& v, auto& m) {
      v("Name", m.name, until(7));
      v("Partitions", m.partitions, until(7));
    }
  };
  struct OffsetFetchResponseGroup {
    struct OffsetFetchResponseTopics {
      struct OffsetFetchResponsePartitions {
        std::int32_t partition_index = 0;
        Offset committed_offset;
        LeaderEpoch committed_leader_epoch;
        std::optional<std::string> metadata = std::string{};
        ErrorCode error_code = ErrorCode::NONE;
        static void fields(auto& v, auto& m) {
          v("PartitionIndex", m.partition_index, since(8));
          v("CommittedOffset", m.committed_offset, since(8));
          v("CommittedLeaderEpoch", m.committed_leader_epoch, since(8));
          v("Metadata", m.metadata, since(8), nullable_since(8));
          v("ErrorCode", m.error_code, since(8));
        }
      };
      std::string name;
      Uuid topic_id;
      std::vector<OffsetFetchResponsePartitions> partitions;
      static void fields(auto& v, auto& m) {
        v("Name", m.name, since(8), until(9));
        v("TopicId", m.topic_id, since(10));
        v("Partitions", m.partitions, since(8));
      }
    };
    std::string group_id;
    std::vector<OffsetFetchResponseTopics> topics;
    ErrorCode error_code = ErrorCode::NONE;
    static void fields(auto& v, auto& m) {
      v("GroupId", m.group_id, since(8));
      v("Topics", m.topics, since(8));
      v("ErrorCode", m.error_code, since(8));
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetFetchResponseTopic> topics;
  ErrorCode error_code = ErrorCode::NONE;
  std::vector<OffsetFetchResponseGroup> groups;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms, since(3));
    v("Topics", m.topics, until(7));
    v("ErrorCode", m.error_code, since(2), until(7));
    v("Groups", m.groups, since(8));
  }
};

struct OffsetFetchRequest {
  using Response = OffsetFetchResponse;
  static constexpr Api api{.key = 9, .name = "OffsetFetch", .versions = {1, 10}, .flexible = 6};

  struct OffsetFetchRequestTopic {
    std::string name;
    std::vector<std::int32_t> partition_indexes;
    static void fields(auto& v, auto& m) {
      v("Name", m.name, until(7));
      v("PartitionIndexes", m.partition_indexes, until(7));
    }
  };
  struct OffsetFetchRequestGroup {
    struct OffsetFetchRequestTopics {
      std::string name;
      Uuid topic_id;
      std::vector<std::int32_t> partition_indexes;
      static void fields(auto& v, auto& m) {
        v("Name", m.name, since(8), until(9));
        v("TopicId", m.topic_id, since(10));
        v("PartitionIndexes", m.partition_indexes, since(8));
      }
    };
    std::string group_id;
    std::optional<std::string> member_id;
    std::int32_t member_epoch = -1;
    std::optional<std::vector<OffsetFetchRequestTopics>> topics = std::vector<OffsetFetchRequestTopics>{};
    static void fields(auto& v, auto& m) {
      v("GroupId", m.group_id, since(8));
      v("MemberId", m.member_id, since(9), nullable_since(9));
      v("MemberEpoch", m.member_epoch, since(9));
      v("Topics", m.topics, since(8), nullable_since(8));
    }
  };
  std::string group_id;
  std::optional<std::vector<OffsetFetchRequestTopic>> topics = std::vector<OffsetFetchRequestTopic>{};
  std::vector<OffsetFetchRequestGroup> groups;
  bool require_stable = false;
  static void fields(auto& v, auto& m) {
    v("GroupId", m.group_id, until(7));
    v("Topics", m.topics, until(7), nullable_since(2));
    v("Groups", m.groups, since(8));
    v("RequireStable", m.require_stable, since(7));
  }
};

}  // namespace ottla
