// The oracle of what clients saw, and nothing else: no look at brokers, so that a wrong idea of the simulator's cannot
// hide a fault. The anomalies are those of Jepsen's Kafka workload.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "protocol/ids.h"
#include "replication/sim/world.h"

namespace ottla::sim {

// What a record says: who sent it, and as its how manieth.
struct Value {
  std::int32_t producer = -1;
  std::int32_t number = -1;
  friend auto operator<=>(const Value&, const Value&) = default;
};

class History {
 public:
  History(World& world, int partitions) : world_(world), partitions_(static_cast<std::size_t>(partitions)) {}

  void acked(int p, Offset base, Value first, int count);
  // `position`: where the reader stood; `from`: the offset of the first value.
  void read(int p, Offset position, Offset from, const std::vector<Value>& values);
  // DeleteRecords was asked for: readers may be sent that far.
  void may_delete(int p, Offset to) {
    Offset& most = partitions_[static_cast<std::size_t>(p)].may_be_deleted_to;
    most = std::max(most, to);
  }
  // A reader was sent on to where the log begins.
  void skipped(int p, Offset to);
  // All has been read: every acknowledged record must have been seen.
  void finish();
  [[nodiscard]] Offset read_to(int p) const { return Offset{static_cast<std::int64_t>(at(p).by_offset_read)}; }

 private:
  struct Partition {
    std::vector<Value> by_offset;  // as far as anybody was told; producer -1: not known
    std::map<Value, std::int64_t> offsets;
    std::map<std::int32_t, std::int64_t> last_acked;  // by producer
    std::map<std::int64_t, Value> acked;
    std::size_t by_offset_read = 0;  // everything below was read, or may be deleted
    Offset may_be_deleted_to;
  };
  [[nodiscard]] const Partition& at(int p) const { return partitions_[static_cast<std::size_t>(p)]; }
  void learn(int p, std::int64_t offset, Value value);

  World& world_;
  std::vector<Partition> partitions_;
};

}  // namespace ottla::sim
