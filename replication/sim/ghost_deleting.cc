// What the simulator knows of DeleteRecords: what may be gone, where each log begins, and what must not come back.
#include <algorithm>

#include "replication/sim/ghost.h"

namespace ottla::sim {

void Ghost::may_delete(int p, Offset to) {
  Offset& most = partitions_[static_cast<std::size_t>(p)].may_be_deleted_to;
  most = std::max(most, to);
}

// A producer has one batch under way: what comes late of those before has a sequence that is behind its last batch's.
Offset Ghost::last_batches_from(int p) const {
  constexpr std::int64_t batch_records_max = 3;
  const LogEntries& truth = committed(p);
  Offset first{static_cast<std::int64_t>(truth.size())};
  for (const auto& [producer, sequence] : partitions_[static_cast<std::size_t>(p)].last_sequence) {
    for (auto offset = static_cast<std::int64_t>(truth.size()) - 1; offset >= 0; --offset) {
      const LogEntry& entry = truth[static_cast<std::size_t>(offset)];
      if (entry.producer_id == producer && entry.sequence == sequence) {
        first = std::min(first, Offset{std::max<std::int64_t>(0, offset + 1 - batch_records_max)});
        break;
      }
    }
  }
  return first;
}

// V7, V8.
void Ghost::begins_at(int id, int p, Offset start, Offset high_watermark) {
  const Offset allowed = partitions_[static_cast<std::size_t>(p)].may_be_deleted_to;
  if (start > high_watermark || start > allowed) {
    world_.violated(fmt::format("V8: broker {} begins partition {} at offset {}, high watermark {}, may be deleted: {}",
                                id, p, start.value, high_watermark.value, allowed.value));
  }
  at(id, p).start = start;
}

void Ghost::durable_start(int id, int p, Offset start) { at(id, p).durable_start = start; }

// V8. What was claimed is given up before the first file goes.
void Ghost::will_start_anew(int id, int p, Offset start) {
  ReplicaLog& log = at(id, p);
  const PartitionRegistration& known = registrations_[static_cast<std::size_t>(p)];
  const auto is_member = [&](const BrokerIds& ids) { return std::ranges::find(ids, BrokerId{id}) != ids.end(); };
  if (start > partitions_[static_cast<std::size_t>(p)].may_be_deleted_to ||
      (!log.lost && (is_member(known.isr) || is_member(known.elr)))) {
    world_.violated(fmt::format("V8: broker {} gives up partition {} for offset {}", id, p, start.value));
  }
  log.durable = std::min(log.durable, static_cast<std::size_t>(log.durable_start.value));
  log.begins_anew = start;
}

void Ghost::started_anew(int id, int p, Offset start) {
  ReplicaLog& log = at(id, p);
  start_at(log, p, start);
  log.durable = log.entries.size();
  log.begins_anew = Offset{-1};
}

void Ghost::start_at(ReplicaLog& log, int p, Offset start) const {
  const LogEntries& truth = committed(p);
  if (static_cast<std::size_t>(start.value) > truth.size()) {
    world_.violated(fmt::format("V7: partition {} begins at {}, committed are {}", p, start.value, truth.size()));
    return;
  }
  log.entries.assign(truth.begin(), truth.begin() + start.value);
  log.start = start;
}

// Whoever may lead next does not have what was acknowledged as deleted.
void Ghost::check_deleted(int id, int p) {
  const Offset deleted = deleted_to(p);
  const ReplicaLog& log = at(id, p);
  if (!log.lost && log.durable_start < deleted) {
    world_.violated(fmt::format("V9: broker {} is in sync and begins partition {} at {}; below {} is deleted", id, p,
                                log.durable_start.value, deleted.value));
  }
}

void Ghost::deleted(int p, Offset to) {
  Offset& most = partitions_[static_cast<std::size_t>(p)].deleted_to;
  most = std::max(most, to);
  ++world_.statistics.deletions;
  const PartitionRegistration& known = registrations_[static_cast<std::size_t>(p)];
  for (const auto* const members : {&known.isr, &known.elr}) {
    for (const BrokerId member : *members) {
      check_deleted(member.value, p);
    }
  }
}

}  // namespace ottla::sim
