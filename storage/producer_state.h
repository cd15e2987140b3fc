// What a partition remembers of its idempotent producers: epoch and the last five batches of each (KIP-98, KIP-360).
//
// A snapshot is written at every roll and clean stop, in Kafka's format (<offset>.snapshot: the last batch only) and in
// one of our own (.ottla-<offset>.producers: all five), so that a retry of any of them is known after a restart.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/primitives.h"
#include "protocol/record_batch.h"

namespace ottla {

class ProducerState {
 public:
  // Judges a batch before it is appended. A value: an exact repeat of one of the last five; the offset it has. Errors:
  // OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH.
  //
  // A producer that is not known may begin anywhere where it may have been forgotten (KIP-360). Where nobody ever was
  // (`log_is_whole`: it has every offset from 0 on, and another leader may have had more), one that does not begin with
  // 0 has lost what came before: it was never written here, or a failover cut it. Kafka takes it, and the client takes
  // that for an acknowledgement of all before it. Here the client is told, and sends the lost batch again, or begins
  // anew.
  [[nodiscard]] Result<std::optional<Offset>> check(const BatchHeader& header, bool log_is_whole) const;
  // Remembers a batch that was appended (or read back at recovery) with its final offset.
  void remember(const BatchHeader& header, std::int64_t now_ms);
  void expire(std::int64_t before_ms);
  // What some of them wrote could not be read: from here on a producer that is not known may begin anywhere.
  void forget_some() { has_forgotten_ = true; }
  // Forgets batches at or above `offset`, and producers that have none left.
  void truncate(Offset offset);

  // What is remembered of a producer's last batch; no sequence if only its epoch is known.
  struct LastBatch {
    std::int64_t producer_id = no_producer_id;
    std::int16_t producer_epoch = -1;
    std::int32_t last_sequence = no_sequence;
    Offset base_offset{-1};
    Offset last_offset{-1};
    std::int64_t timestamp_ms = -1;
  };
  [[nodiscard]] std::vector<LastBatch> last_batches() const;  // by producer id

  [[nodiscard]] Bytes encode() const;  // ours, whole
  static std::optional<ProducerState> decode(std::span<const std::byte> bytes);
  [[nodiscard]] Bytes encode_for_kafka() const;
  static std::optional<ProducerState> decode_from_kafka(std::span<const std::byte> bytes);

  [[nodiscard]] std::size_t size() const { return producers_.size(); }

 private:
  struct Batch {
    std::int32_t base_sequence = 0;
    std::int32_t last_sequence = 0;
    Offset base_offset;
    std::int32_t last_offset_delta = 0;
    std::int64_t timestamp_ms = 0;
  };
  struct Producer {
    std::int16_t epoch = 0;
    std::int64_t last_seen_ms = 0;
    std::deque<Batch> batches;  // at most five, the oldest first
  };
  std::unordered_map<std::int64_t, Producer> producers_;
  bool has_forgotten_ = false;  // somebody
};

}  // namespace ottla
