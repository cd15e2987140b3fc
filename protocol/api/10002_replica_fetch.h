// ReplicaFetch 0: a follower asks the leader of one partition for what comes after the end of its log. Between brokers
// only, never listed by ApiVersions. It says what Kafka's Fetch says in a replica's request (KIP-320, KIP-595,
// KIP-903), and what the follower has synced. The answers of a connection may overtake one another, so that each
// partition waits for its own records.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct ReplicaFetchResponse {
  ErrorCode error_code = ErrorCode::NONE;
  // Set: the logs differ from here on, and there are no records.
  LeaderEpoch diverging_epoch;
  Offset diverging_end_offset{-1};
  Offset high_watermark{-1};
  Offset log_start_offset{-1};
  Records records;
  static void fields(auto& v, auto& m) {
    v("ErrorCode", m.error_code);
    v("DivergingEpoch", m.diverging_epoch);
    v("DivergingEndOffset", m.diverging_end_offset);
    v("HighWatermark", m.high_watermark);
    v("LogStartOffset", m.log_start_offset);
    v("Records", m.records);
  }
};

struct ReplicaFetchRequest {
  using Response = ReplicaFetchResponse;
  static constexpr Api api{.key = 10002, .name = "ReplicaFetch", .versions = {0, 0}, .flexible = 0};

  std::string cluster_id;
  BrokerId replica_id;
  BrokerEpoch broker_epoch;
  TopicId topic_id;
  std::int32_t partition_index = 0;
  LeaderEpoch current_leader_epoch;
  Offset fetch_offset;             // the follower's log end offset
  LeaderEpoch last_fetched_epoch;  // of its last batch; -1: its log is empty
  Offset durable_end_offset;
  Offset durable_start_offset;  // of its log
  bool has_no_room = false;     // its disk is full
  std::int32_t max_wait_ms = 0;
  std::int32_t max_bytes = 0;
  static void fields(auto& v, auto& m) {
    v("ClusterId", m.cluster_id);
    v("ReplicaId", m.replica_id);
    v("BrokerEpoch", m.broker_epoch);
    v("TopicId", m.topic_id);
    v("PartitionIndex", m.partition_index);
    v("CurrentLeaderEpoch", m.current_leader_epoch);
    v("FetchOffset", m.fetch_offset);
    v("LastFetchedEpoch", m.last_fetched_epoch);
    v("DurableEndOffset", m.durable_end_offset);
    v("DurableStartOffset", m.durable_start_offset);
    v("HasNoRoom", m.has_no_room);
    v("MaxWaitMs", m.max_wait_ms);
    v("MaxBytes", m.max_bytes);
  }
};

}  // namespace ottla
