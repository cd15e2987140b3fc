// What must hold of a broker's logs at the end.
#include "replication/sim/broker.h"
#include "replication/sim/simulation.h"
#include "storage/producer_state.h"

namespace ottla::sim {

std::string Broker::unsettled(int p) const {
  const Part& part = parts_[static_cast<std::size_t>(p)];
  if (!part.log || !part.replica) {
    return "has no log";
  }
  const Offset end = part.log->log_end_offset();
  if (part.replica->high_watermark() != end || part.log->durable_end_offset() != end) {
    return fmt::format("has high watermark {} and durable end {}, log end {}", part.replica->high_watermark().value,
                       part.log->durable_end_offset().value, end.value);
  }
  if (const Offset deleted = simulation_.ghost.deleted_to(p); part.log->durable_start_offset() < deleted) {
    return fmt::format("begins at {}, and below {} was deleted", part.log->durable_start_offset().value, deleted.value);
  }
  return {};
}

std::string Broker::describe(int p) const {
  const Part& part = parts_[static_cast<std::size_t>(p)];
  if (!part.log || !part.replica) {
    return "no log";
  }
  return fmt::format("role {}, epoch {}, log end {}, durable {}, high watermark {}{}",
                     static_cast<int>(part.replica->role()), part.replica->metadata().leader_epoch.value,
                     part.log->log_end_offset().value, part.log->durable_end_offset().value,
                     part.replica->high_watermark().value, has_failed_ ? ", its disk has failed" : "");
}

void Broker::check_log(int p) {
  Part& part = parts_[static_cast<std::size_t>(p)];
  const LogEntries& truth = simulation_.ghost.entries(id_, p);
  for (auto offset = static_cast<std::size_t>(part.log->log_start_offset().value); offset < truth.size(); ++offset) {
    const auto at = static_cast<std::int64_t>(offset);
    const SharedBytes bytes = read(part, Offset{at}, part.log->log_end_offset(), 1);
    const LogEntries found = bytes ? entries_of(*bytes) : LogEntries{};
    const std::int64_t base = bytes ? BatchHeader::read(*bytes).base_offset.value : -1;
    const auto behind = static_cast<std::size_t>(at - base);
    if (base < 0 || base > at || behind >= found.size() || found[behind] != truth[offset]) {
      simulation_.world.violated(fmt::format("V16: broker {} partition {}: offset {} is not found", id_, p, offset));
      return;
    }
  }
  std::map<std::int64_t, std::int32_t> last;
  for (const LogEntry& entry : truth) {
    if (entry.sequence >= 0) {
      last[entry.producer_id] = entry.sequence;
    }
  }
  for (const auto& known : part.log->producers().last_batches()) {
    if (const auto found = last.find(known.producer_id); found == last.end() || found->second != known.last_sequence) {
      simulation_.world.violated(fmt::format("V14: broker {} partition {}: producer {} is at sequence {}", id_, p,
                                             known.producer_id, known.last_sequence));
    }
  }
}

}  // namespace ottla::sim
