#include "replication/sim/history.h"

namespace ottla::sim {

void History::learn(int p, std::int64_t offset, Value value) {
  Partition& partition = partitions_[static_cast<std::size_t>(p)];
  const auto index = static_cast<std::size_t>(offset);
  if (partition.by_offset.size() <= index) {
    partition.by_offset.resize(index + 1);
  }
  Value& known = partition.by_offset[index];
  if (known.producer >= 0 && known != value) {
    world_.violated(fmt::format("client: inconsistent-offsets: partition {} offset {} is {}/{} and {}/{}", p, offset,
                                known.producer, known.number, value.producer, value.number));
  }
  known = value;
  const auto [at, is_new] = partition.offsets.emplace(value, offset);
  if (!is_new && at->second != offset) {
    world_.violated(fmt::format("client: duplicate: partition {} has {}/{} at {} and {}", p, value.producer,
                                value.number, at->second, offset));
  }
}

void History::acked(int p, Offset base, Value first, int count) {
  Partition& partition = partitions_[static_cast<std::size_t>(p)];
  auto [last, is_first] = partition.last_acked.emplace(first.producer, -1);
  if (base.value <= last->second) {
    world_.violated(fmt::format("client: nonmonotonic-send: producer {} gets offset {} after {} in partition {}",
                                first.producer, base.value, last->second, p));
  }
  last->second = base.value;
  for (std::int32_t i = 0; i < count; ++i) {
    const Value value{first.producer, first.number + i};
    learn(p, base.value + i, value);
    partition.acked[base.value + i] = value;
  }
  world_.statistics.acked_records += count;
}

void History::read(int p, Offset position, Offset from, const std::vector<Value>& values) {
  if (from != position) {
    world_.violated(fmt::format("client: {}: a reader at {} of partition {} gets {}",
                                from < position ? "nonmonotonic-poll" : "poll-skip", position.value, p, from.value));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    learn(p, from.value + static_cast<std::int64_t>(i), values[i]);
  }
  Partition& partition = partitions_[static_cast<std::size_t>(p)];
  partition.by_offset_read = std::max(partition.by_offset_read, static_cast<std::size_t>(from.value) + values.size());
}

void History::skipped(int p, Offset to) {
  Partition& partition = partitions_[static_cast<std::size_t>(p)];
  if (to > partition.may_be_deleted_to) {
    world_.violated(fmt::format("client: a reader of partition {} is sent to {}, deletion was asked for up to {}", p,
                                to.value, partition.may_be_deleted_to.value));
  }
  partition.by_offset_read = std::max(partition.by_offset_read, static_cast<std::size_t>(to.value));
}

void History::finish() {
  for (std::size_t p = 0; p < partitions_.size(); ++p) {
    for (const auto& [offset, value] : partitions_[p].acked) {
      if (static_cast<std::size_t>(offset) >= partitions_[p].by_offset_read) {
        world_.violated(fmt::format("client: unseen: {}/{} was acknowledged at offset {} of partition {}",
                                    value.producer, value.number, offset, p));
        return;
      }
    }
  }
}

}  // namespace ottla::sim
