// What a broker comes back with after a crash, a truncation or the loss of its disk, beside what it should have.
#include <algorithm>

#include "replication/sim/ghost.h"

namespace ottla::sim {

namespace {

std::size_t index(Offset offset) { return static_cast<std::size_t>(offset.value); }

}  // namespace

// What was claimed is there after every start (V4 on the disk itself), and nothing else (V2, V3).
void Ghost::recovered(int id, int p, Offset start, const LogEntries& found, const LeaderEpochs& epochs) {
  ReplicaLog& log = at(id, p);
  const std::size_t end = index(start) + found.size();
  // Where it was starting anew, files of the old log may be gone, from its front on.
  const Offset latest_start = std::max(log.start, log.begins_anew);
  if (start == log.begins_anew) {
    start_at(log, p, start);
  }
  if (end < log.durable || start < log.durable_start || start > latest_start) {
    world_.violated(fmt::format("V4: broker {} claimed partition {} from {} up to {} and comes back with {} to {}", id,
                                p, log.durable_start.value, log.durable, start.value, end));
    return;
  }
  log.begins_anew = Offset{-1};
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (index(start) + i >= log.entries.size() || found[i] != log.entries[index(start) + i]) {
      world_.violated(fmt::format("V2: broker {} comes back with another record at offset {} of partition {}", id,
                                  index(start) + i, p));
      return;
    }
  }
  log.entries.resize(end);
  log.start = start;
  log.durable = end;
  check_epochs(id, p, epochs);
}

// V13: where the batches say that an epoch begins, and nowhere else below the end.
void Ghost::check_epochs(int id, int p, const LeaderEpochs& epochs) {
  const LogEntries& log = at(id, p).entries;
  std::int32_t last = -1;
  auto known = epochs.entries().begin();
  const auto wrong = [&](std::size_t offset) {
    world_.violated(fmt::format("V13: broker {} partition {}: the leader epochs are not those of the records at {}", id,
                                p, offset));
  };
  const std::size_t start = index(at(id, p).start);
  // Of what is deleted entries may be left.
  while (known != epochs.entries().end() && std::next(known) != epochs.entries().end() &&
         index(std::next(known)->start) <= start) {
    ++known;
  }
  for (std::size_t offset = start; offset < log.size(); ++offset) {
    if (log[offset].leader_epoch == last) {
      continue;
    }
    last = log[offset].leader_epoch;
    if (known == epochs.entries().end() || known->epoch.value != last ||
        (offset == start ? index(known->start) > start : index(known->start) != offset)) {
      wrong(offset);
      return;
    }
    ++known;
  }
  if (start < log.size() && known != epochs.entries().end() && index(known->start) < log.size()) {
    wrong(log.size());
  }
}

void Ghost::lost_disk(int id) {
  for (Partition& partition : partitions_) {
    partition.replicas[static_cast<std::size_t>(id)] = {
        .entries = {}, .start = {}, .durable_start = {}, .durable = 0, .lost = true, .begins_anew = Offset{-1}};
  }
}

void Ghost::has_told_of_lost_disk(int id, BrokerEpoch epoch) {
  epoch_with_new_disk_[static_cast<std::size_t>(id)] = epoch;
  for (Partition& partition : partitions_) {
    partition.replicas[static_cast<std::size_t>(id)].lost = false;
  }
}

}  // namespace ottla::sim
