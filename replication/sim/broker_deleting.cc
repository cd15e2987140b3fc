// DeleteRecords at a broker: where its logs begin, as the others hear of it and as the disk has it.
#include <algorithm>

#include "replication/sim/broker.h"
#include "replication/sim/simulation.h"

namespace ottla::sim {

// Never the last batch of a producer: a broker that has not even that takes a late copy of it for a new one.
void Broker::delete_records(int p, Random& random) {
  Part& part = parts_[static_cast<std::size_t>(p)];
  if (!part.replica || !part.replica->is_leading() || is_dying_ || has_failed_) {
    return;
  }
  const Offset start = part.log->log_start_offset();
  const Offset end = std::min(part.replica->high_watermark(), simulation_.ghost.last_batches_from(p));
  if (end <= start) {
    return;
  }
  const Offset to = random.one_in(3) ? end : start + random.between(1, end - start);
  simulation_.world.tell("operator: DeleteRecords of partition {} to {}, at broker {}", p, to.value, id_);
  simulation_.ghost.may_delete(p, to);
  simulation_.history.may_delete(p, to);
  part.log->advance_log_start(to);
  simulation_.ghost.begins_at(id_, p, to, part.replica->high_watermark());
  part.delete_waits.push_back(to);
  step(part, replica_event::RecordsDeleted{to});
  complete_deletions(part);
  answer_parked(part);
  want_durable_start();
}

void Broker::run(Part& part, const replica_effect::LowWatermarkMoved& /*effect*/) { complete_deletions(part); }

void Broker::complete_deletions(Part& part) {
  const Offset reached = part.replica->low_watermark();
  for (const Offset to : part.delete_waits) {
    if (to <= reached) {
      simulation_.ghost.deleted(part.index, to);
    }
  }
  std::erase_if(part.delete_waits, [&](Offset to) { return to <= reached; });
}

void Broker::run(Part& part, const replica_effect::AdvanceLogStart& effect) {
  part.log->advance_log_start(effect.to);
  simulation_.ghost.begins_at(id_, part.index, part.log->log_start_offset(), part.replica->high_watermark());
  want_durable_start();
}

void Broker::run(Part& part, const replica_effect::StartAnew& effect) {
  simulation_.world.tell("broker {} gives up partition {} up to {}: it begins at {}", id_, part.index,
                         part.log->log_end_offset().value, effect.at.value);
  simulation_.ghost.will_start_anew(id_, part.index, effect.at);
  if (!has_died(part.log->start_anew_at(effect.at))) {
    simulation_.ghost.started_anew(id_, part.index, effect.at);
    want_durable_start();
    step(part, replica_event::Truncated{});
  }
}

// Soon, for all that ask until then.
void Broker::want_durable_start() {
  if (!std::exchange(wants_durable_start_, true)) {
    const std::int64_t delay_us = simulation_.random(Stream::broker, id_).skewed(20'000);
    simulation_.network.on_process(id_, delay_us, [this] { make_log_starts_durable(); });
  }
}

// As the real broker's housekeeper: a start is never ahead of the durable end, and the files go once it is durable.
void Broker::make_log_starts_durable() {
  wants_durable_start_ = false;
  if (is_dying_ || has_failed_) {
    return;
  }
  const bool is_ahead = std::ranges::any_of(
      parts_, [](const Part& part) { return part.log->log_start_offset() > part.log->durable_end_offset(); });
  OffsetsByDirectory starts;
  for (const Part& part : parts_) {
    if (part.log->log_start_offset() > Offset{0}) {
      starts[name_of(part.index)] = part.log->log_start_offset();
    }
  }
  auto done = is_ahead ? fault_disk_.sync_all(std::string(root)) : Result<void>{};
  done = done ? directory_->write_log_start_offsets([&](const auto&) { return starts; }) : done;
  for (Part& part : parts_) {
    const Offset before = part.log->durable_start_offset();
    const auto start = starts.find(name_of(part.index));
    done = done && start != starts.end() ? part.log->remove_deleted_segments(start->second) : done;
    if (has_died(done)) {
      return;
    }
    if (part.log->durable_start_offset() != before) {
      simulation_.ghost.durable_start(id_, part.index, part.log->durable_start_offset());
      step(part, replica_event::DurableStartMoved{});
    }
  }
}

}  // namespace ottla::sim
