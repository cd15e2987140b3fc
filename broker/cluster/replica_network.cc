#include "broker/cluster/replica_network.h"

#include <algorithm>
#include <utility>

#include "broker/partition.h"
#include "protocol/api/10002_replica_fetch.h"

namespace ottla {

namespace {

// Beyond the time for which the leader may hold a fetch.
constexpr auto answer_takes_at_most = std::chrono::seconds(10);

FetchDone outcome_of(const replica_effect::SendFetch& asked, const Result<PeerAnswer<ReplicaFetchResponse>>& answer) {
  FetchDone done{.generation = asked.generation,
                 .current_leader_epoch = asked.current_leader_epoch,
                 .fetch_offset = asked.fetch_offset,
                 .error = ErrorCode::NETWORK_EXCEPTION};
  if (answer) {
    const ReplicaFetchResponse& response = answer->response;
    done.error = response.error_code;
    done.diverging_epoch = {.epoch = response.diverging_epoch, .end_offset = response.diverging_end_offset};
    done.high_watermark = response.high_watermark;
    done.log_start_offset = response.log_start_offset;
    done.has_records = !response.records.bytes.empty();
  }
  return done;
}

}  // namespace

ReplicaNetwork::ReplicaNetwork(Core& core, const Config& config, std::string cluster_id,
                               const std::atomic<std::int64_t>& broker_epoch, FindAddress find_address,
                               AlterPartition alter_partition, MakeLogStartsDurable make_log_starts_durable)
    : core_(core),
      self_(config.node_id),
      cluster_id_(std::move(cluster_id)),
      max_wait_ms_(config.replica_fetch_wait_max_ms),
      max_bytes_(config.replica_fetch_max_bytes),
      broker_epoch_(broker_epoch),
      find_address_(std::move(find_address)),
      alter_partition_(std::move(alter_partition)),
      make_log_starts_durable_(std::move(make_log_starts_durable)) {
  limits_.frame_bytes = std::max(limits_.frame_bytes, config.socket_request_max_bytes);
}

void ReplicaNetwork::send_fetch(std::shared_ptr<Partition> partition, const replica_effect::SendFetch& fetch) {
  asio::post(core_.io, [this, partition = std::move(partition), asked = fetch]() mutable {
    if (!closed_) {
      asio::co_spawn(core_.io, this->fetch(std::move(partition), asked), asio::detached);
    }
  });
}

Awaitable<> ReplicaNetwork::fetch(std::shared_ptr<Partition> partition, replica_effect::SendFetch asked) {
  const PartitionKey& key = partition->key();
  const ReplicaFetchRequest request{.cluster_id = cluster_id_,
                                    .replica_id = self_,
                                    .broker_epoch = BrokerEpoch{broker_epoch_.load()},
                                    .topic_id = key.topic_id,
                                    .partition_index = key.index,
                                    .current_leader_epoch = asked.current_leader_epoch,
                                    .fetch_offset = asked.fetch_offset,
                                    .last_fetched_epoch = asked.last_fetched_epoch,
                                    .durable_end_offset = asked.durable_end_offset,
                                    .durable_start_offset = asked.durable_start_offset,
                                    .has_no_room = asked.has_no_room,
                                    .max_wait_ms = asked.may_wait ? max_wait_ms_ : 0,
                                    .max_bytes = max_bytes_};
  const Clock::duration time_out = std::chrono::milliseconds(request.max_wait_ms) + answer_takes_at_most;
  Result<PeerAnswer<ReplicaFetchResponse>> answer =
      failure(ErrorCode::NETWORK_EXCEPTION, "nobody knows where the leader is");
  if (const auto peer = peer_of(asked.leader)) {
    answer = co_await peer->call(request, time_out);
  }
  if (!closed_) {
    partition->fetch_done(outcome_of(asked, answer), answer ? std::span<const std::byte>(answer->response.records.bytes)
                                                            : std::span<const std::byte>());
  }
}

// nullptr: nobody knows where it is.
std::shared_ptr<Peer> ReplicaNetwork::peer_of(BrokerId id) {
  const auto address = find_address_(id);
  auto& peer = peers_[id];
  if (peer && (!address || peer->address() != *address)) {
    peer->close();
    peer.reset();
  }
  if (!peer && address) {
    peer = std::make_shared<Peer>(core_, *address, nullptr, limits_);
  }
  return peer;
}

void ReplicaNetwork::send_alter_partition(std::shared_ptr<Partition> partition,
                                          const replica_effect::SendAlterPartition& request) {
  asio::post(core_.io, [this, partition = std::move(partition), request] {
    if (!closed_) {
      alter_partition_(partition, request);
    }
  });
}

void ReplicaNetwork::arm_timer(std::shared_ptr<Partition> partition, std::int64_t at_ms) {
  asio::post(core_.io, [this, weak = std::weak_ptr(partition), at_ms] {
    const auto left = std::chrono::milliseconds(at_ms) - Clock::now().time_since_epoch();
    core_.after(std::max<Clock::duration>(left, Clock::duration::zero()), [this, weak, at_ms] {
      const auto armed = weak.lock();
      if (armed && !closed_) {
        armed->tick(at_ms);
      }
    });
  });
}

void ReplicaNetwork::close() {
  closed_ = true;
  for (const auto& [id, peer] : peers_) {
    if (peer) {
      peer->close();
    }
  }
}

}  // namespace ottla
