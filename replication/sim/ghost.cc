#include "replication/sim/ghost.h"

#include <algorithm>

#include "protocol/record_batch.h"
#include "replication/partition_invariants.h"

namespace ottla::sim {

namespace {

std::size_t index(Offset offset) { return static_cast<std::size_t>(offset.value); }

bool contains(const std::vector<BrokerId>& ids, int id) { return std::ranges::find(ids, BrokerId{id}) != ids.end(); }

}  // namespace

LogEntries entries_of(std::span<const std::byte> batches) {
  LogEntries entries;
  while (batches.size() >= batch_header_bytes) {
    const BatchHeader header = BatchHeader::read(batches);
    if (header.size_bytes() > static_cast<std::int64_t>(batches.size()) ||
        header.size_bytes() < static_cast<std::int64_t>(batch_header_bytes)) {
      break;  // cut, or what a disk whose sync has just failed has behind the high watermark
    }
    for (std::int32_t i = 0; i <= header.last_offset_delta; ++i) {
      entries.push_back({.leader_epoch = header.partition_leader_epoch.value,
                         .crc = header.crc + static_cast<std::uint32_t>(i),
                         .producer_id = header.producer_id,
                         .sequence = header.base_sequence < 0 ? -1 : header.base_sequence + i});
    }
    batches = batches.subspan(static_cast<std::size_t>(header.size_bytes()));
  }
  return entries;
}

LogEntries entries_from(std::span<const std::byte> batches, Offset from) {
  LogEntries entries = entries_of(batches);
  if (!entries.empty()) {
    const std::int64_t before = std::max<std::int64_t>(0, from - BatchHeader::read(batches).base_offset);
    entries.erase(entries.begin(), entries.begin() + std::min(before, static_cast<std::int64_t>(entries.size())));
  }
  return entries;
}

Ghost::Ghost(World& world, const std::vector<PartitionRegistration>& registrations, int brokers)
    : world_(world),
      registrations_(registrations),
      partitions_(registrations.size()),
      epoch_with_new_disk_(static_cast<std::size_t>(brokers) + 1) {
  for (Partition& partition : partitions_) {
    partition.replicas.resize(static_cast<std::size_t>(brokers) + 1);
  }
}

// V2, V3.
void Ghost::appended(int id, int p, std::span<const LogEntry> entries) {
  ReplicaLog& log = at(id, p);
  auto& seen = partitions_[static_cast<std::size_t>(p)].seen;
  for (const LogEntry& entry : entries) {
    const std::size_t offset = log.entries.size();
    if (!log.entries.empty() && entry.leader_epoch < log.entries.back().leader_epoch) {
      world_.violated(fmt::format("V3: partition {} on broker {}: epoch {} follows {} at offset {}", p, id,
                                  entry.leader_epoch, log.entries.back().leader_epoch, offset));
    }
    if (seen.size() <= offset) {
      seen.resize(offset + 1);
    }
    const auto same =
        std::ranges::find(seen[offset], entry.leader_epoch, &std::pair<std::int32_t, std::uint32_t>::first);
    if (same == seen[offset].end()) {
      seen[offset].emplace_back(entry.leader_epoch, entry.crc);
    } else if (same->second != entry.crc) {
      world_.violated(fmt::format("V2: partition {} offset {} of epoch {} differs on broker {}", p, offset,
                                  entry.leader_epoch, id));
    }
    log.entries.push_back(entry);
  }
}

// V1.
void Ghost::leads(int id, int p, LeaderEpoch epoch) {
  const auto [known, is_new] = partitions_[static_cast<std::size_t>(p)].leaders.emplace(epoch, id);
  if (!is_new && known->second != id) {
    world_.violated(
        fmt::format("V1: partition {} epoch {} is led by brokers {} and {}", p, epoch.value, known->second, id));
  }
}

// V8.
void Ghost::will_truncate(int id, int p, Offset to) {
  ReplicaLog& log = at(id, p);
  const PartitionRegistration& known = registrations_[static_cast<std::size_t>(p)];
  if (!log.lost && index(to) < committed(p).size() && index(to) < log.entries.size() &&
      (contains(known.isr, id) || contains(known.elr, id))) {
    world_.violated(fmt::format("V8: broker {} of ISR or ELR cuts partition {} to {}, committed are {}", id, p,
                                to.value, committed(p).size()));
  }
  log.durable = std::min(log.durable, index(to));
}

void Ghost::truncated(int id, int p, Offset to, const LeaderEpochs& epochs) {
  ReplicaLog& log = at(id, p);
  log.entries.resize(std::min(log.entries.size(), index(to)));
  log.durable = std::min(log.durable, log.entries.size());
  check_epochs(id, p, epochs);
}

// V7.
void Ghost::durable(int id, int p, Offset end) {
  ReplicaLog& log = at(id, p);
  if (index(end) > log.entries.size()) {
    world_.violated(
        fmt::format("V7: broker {} claims offset {} of partition {} and has {}", id, end.value, p, log.entries.size()));
  }
  log.durable = std::max(log.durable, index(end));
}

void Ghost::check_holds(int id, int p, std::size_t from, std::size_t end, std::string_view rule) {
  const ReplicaLog& log = at(id, p);
  if (log.lost) {
    return;
  }
  if (log.durable < end) {
    world_.violated(
        fmt::format("{}: broker {} has partition {} durably up to {}, not to {}", rule, id, p, log.durable, end));
    return;
  }
  const LogEntries& truth = committed(p);
  for (std::size_t offset = std::max(from, index(log.durable_start)); offset < std::min(end, truth.size()); ++offset) {
    if (log.entries[offset] != truth[offset]) {
      world_.violated(fmt::format("{}: broker {} has another record at offset {} of partition {} than was committed",
                                  rule, id, offset, p));
      return;
    }
  }
}

// V6, V14: what is committed for the first time, as broker `id` has it.
void Ghost::commit(int id, int p, std::size_t end) {
  Partition& partition = partitions_[static_cast<std::size_t>(p)];
  const LogEntries& entries = at(id, p).entries;
  for (std::size_t offset = partition.committed.size(); offset < end; ++offset) {
    const LogEntry& entry = entries[offset];
    if (entry.sequence >= 0) {
      auto [last, is_first] = partition.last_sequence.emplace(entry.producer_id, -1);
      if (entry.sequence != last->second + 1) {
        world_.violated(fmt::format("V14: partition {} offset {}: sequence {} of producer {} follows {}", p, offset,
                                    entry.sequence, entry.producer_id, last->second));
      }
      last->second = entry.sequence;
    }
    partition.committed.push_back(entry);
  }
}

// V4, V5, V7.
void Ghost::high_watermark(int id, int p, Offset before, const Replica& replica) {
  const std::size_t end = index(replica.high_watermark());
  if (end > log_end(id, p) || replica.high_watermark() < before) {
    world_.violated(fmt::format("V7: broker {} partition {}: high watermark {} after {}, log end {}", id, p, end,
                                before.value, log_end(id, p)));
    return;
  }
  const std::size_t committed_before = committed(p).size();
  if (!replica.is_leading()) {
    if (end > committed_before) {
      world_.violated(fmt::format("V7: follower {} has high watermark {} of partition {}, committed are {}", id, end, p,
                                  committed_before));
      return;
    }
  } else {
    commit(id, p, end);
    const PartitionRegistration& known = registrations_[static_cast<std::size_t>(p)];
    for (const auto* const members : {&known.isr, &known.elr}) {
      for (const BrokerId member : *members) {
        check_holds(member.value, p, committed_before, end, "V4");
      }
    }
    for (const BrokerId member : replica.isr().committed()) {
      // It may not have heard yet that one has lost its disk.
      const auto& replicas = replica.metadata().replicas;
      const auto broker = std::ranges::find(replicas, member, &ReplicaBroker::id);
      if (broker != replicas.end() &&
          broker->broker_epoch >= epoch_with_new_disk_[static_cast<std::size_t>(member.value)]) {
        check_holds(member.value, p, committed_before, end, "V5");
      }
    }
  }
}

// V6.
void Ghost::shows(int id, int p, Offset from, Offset high_watermark) {
  const LogEntries& truth = committed(p);
  const std::size_t end = std::min({index(high_watermark), truth.size(), log_end(id, p)});
  for (std::size_t offset = index(from); offset < end; ++offset) {
    if (at(id, p).entries[offset] != truth[offset]) {
      world_.violated(fmt::format("V6: broker {} shows another record at offset {} of partition {}", id, offset, p));
      return;
    }
  }
}

// V9.
void Ghost::acked(int p, Offset end, std::size_t min_isr) {
  const PartitionRegistration& known = registrations_[static_cast<std::size_t>(p)];
  std::size_t holders = 0;
  for (const BrokerId replica : known.replicas) {
    const ReplicaLog& log = at(replica.value, p);
    // One that has lost its disk since may have been counted: the leader need not have heard of it.
    const bool has_been_lost = epoch_with_new_disk_[static_cast<std::size_t>(replica.value)].value >= 0;
    holders += log.lost || has_been_lost || log.durable >= index(end) ? 1 : 0;
  }
  if (holders < min_isr || index(end) > committed(p).size()) {
    world_.violated(fmt::format("V9: partition {} acknowledged up to {}, {} replicas have it, committed are {}", p,
                                end.value, holders, committed(p).size()));
  }
  for (const BrokerId member : known.isr) {
    check_holds(member.value, p, index(end) - 1, index(end), "V9");
  }
}

// V6: a reader sees what was committed and nothing else.
void Ghost::consumed(int p, Offset from, const LogEntries& entries, Offset high_watermark) {
  const LogEntries& truth = committed(p);
  for (std::size_t i = 0; i < entries.size() && index(from) + i < index(high_watermark); ++i) {
    if (index(from) + i >= truth.size() || truth[index(from) + i] != entries[i]) {
      world_.violated(
          fmt::format("V6: a consumer reads at offset {} of partition {} what was not committed", index(from) + i, p));
      return;
    }
  }
}

// V4, V10, V11, V12: the controller's record after a change.
void Ghost::changed(int p, const PartitionRegistration& before, const PartitionContext& context) {
  const PartitionRegistration& after = registrations_[static_cast<std::size_t>(p)];
  for (const std::string& broken : {broken_invariant(after, context), broken_transition(before, after, context)}) {
    if (!broken.empty()) {
      world_.violated(fmt::format("V10-V12: partition {}: {}", p, broken));
    }
  }
  for (const auto* const members : {&after.isr, &after.elr}) {
    for (const BrokerId member : *members) {
      if (contains(before.isr, member.value) || contains(before.elr, member.value)) {
        continue;
      }
      check_holds(member.value, p, 0, committed(p).size(), "V4");
      check_deleted(member.value, p);
    }
  }
}

}  // namespace ottla::sim
