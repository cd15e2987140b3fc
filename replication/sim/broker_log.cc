// The broker's shell around its logs: appends, reads, acknowledgements, and the committer that syncs for all.
#include <algorithm>

#include "replication/sim/broker.h"
#include "replication/sim/simulation.h"

namespace ottla::sim {

void Broker::on_produce(int p, Bytes batch, bool needs_all_acks, const Network::Respond<ProduceReply>& respond) {
  Part& part = parts_[static_cast<std::size_t>(p)];
  if (!part.replica) {
    respond({ErrorCode::NOT_LEADER_OR_FOLLOWER});
    return;
  }
  const auto epoch = part.replica->may_append(needs_all_acks);
  if (!epoch) {
    respond({epoch.error().code});
    return;
  }
  if (refuses_appends) {
    respond({ErrorCode::KAFKA_STORAGE_ERROR});
    step(part, replica_event::NoRoom{});
    return;
  }
  AppendBatch append{batch, {.header = BatchHeader::read(batch)}};
  append.check.true_max_timestamp_ms = append.check.header.max_timestamp_ms;
  const auto appended = part.log->append({&append, 1}, *epoch, simulation_.wall_ms(id_)).front();
  if (appended && !appended->duplicate) {
    has_appended(part, batch);
  }
  if (log_is_lost(part)) {
    return;
  }
  if (!appended) {
    // One that leads no more may lack what the producer has written since, and a copy that was given up may come late.
    const PartitionRegistration& known = simulation_.controller.registrations()[static_cast<std::size_t>(p)];
    const BatchHeader& header = append.check.header;
    if (appended.error().code == ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER && known.leader_epoch == *epoch &&
        header.base_sequence == simulation_.ghost.next_sequence(p, header.producer_id)) {
      simulation_.world.violated(fmt::format("V14: broker {} partition {}: {}", id_, p, appended.error().message));
    }
    respond({appended.error().code});
    return;
  }
  const Offset end = appended->base_offset + append.check.header.records_count;
  part.waits.push_back({end, appended->base_offset, needs_all_acks, respond});
  step(part, replica_event::LogAppended{});
  complete_acks(part);
  plan_sync();
  answer_parked(part);
}

void Broker::complete_acks(Part& part) {
  std::vector<AckWait> due;
  std::erase_if(part.waits, [&](AckWait& wait) {
    const Offset reached = wait.needs_all ? part.replica->high_watermark() : part.log->durable_end_offset();
    if (wait.end > reached) {
      return false;
    }
    due.push_back(std::move(wait));
    return true;
  });
  for (const AckWait& wait : due) {
    if (wait.needs_all) {
      simulation_.ghost.acked(part.index, wait.end, part.replica->metadata().effective_min_isr);
    }
    wait.respond({ErrorCode::NONE, wait.base});
  }
}

void Broker::on_consume(int p, Offset from, const Network::Respond<ConsumeReply>& respond) {
  Part& part = parts_[static_cast<std::size_t>(p)];
  if (!part.replica || !part.replica->is_leading()) {
    respond({ErrorCode::NOT_LEADER_OR_FOLLOWER, {}, {}, {}});
    return;
  }
  const Offset high_watermark = part.replica->high_watermark();
  if (const Offset start = part.log->log_start_offset(); from < start) {
    respond({ErrorCode::OFFSET_OUT_OF_RANGE, high_watermark, {}, start});
    return;
  }
  SharedBytes records;
  if (from < high_watermark) {
    records = read(part, from, high_watermark, 600);
  }
  respond({ErrorCode::NONE, high_watermark, records, {}});
}

SharedBytes Broker::read(Part& part, Offset from, Offset limit, std::int64_t max_bytes) {
  const auto slice = part.log->slice(from, limit, max_bytes, true);
  if (!slice || slice->size_bytes == 0) {
    return nullptr;
  }
  auto bytes = std::make_shared<Bytes>(static_cast<std::size_t>(slice->size_bytes));
  const auto got = slice->read(*bytes);
  if (!got) {
    return nullptr;
  }
  bytes->resize(*got);
  return bytes;
}

// One commit at a time, for all that is dirty when it begins. The disk does it at some moment in between.
void Broker::plan_sync() {
  if (!syncing_.empty() || is_dying_ || has_failed_) {
    return;
  }
  for (Part& part : parts_) {
    if (auto job = part.log->begin_sync()) {
      syncing_.emplace_back(&part, std::move(*job));
    }
  }
  if (syncing_.empty()) {
    return;
  }
  Random& random = simulation_.random(Stream::broker, id_);
  const std::int64_t delay_us = 100 + random.skewed(sync_delay_us);
  const bool at_once = random.one_in(2);
  if (at_once) {
    synced_ = sync();
  }
  simulation_.network.on_process(id_, delay_us, [this, at_once] {
    if (!at_once) {
      synced_ = sync();
    }
    finish_sync();
  });
}

Result<void> Broker::sync() {
  std::vector<SyncJob> jobs;
  jobs.reserve(syncing_.size());
  for (const auto& [part, job] : syncing_) {
    jobs.push_back(job);
  }
  Result<void> synced;
  if (mutant(Mutant::segment_entry_not_synced)) {
    for (const SyncJob& job : jobs) {
      for (const auto& file : job.files) {
        synced = synced ? file->sync_data() : synced;
      }
    }
  } else {
    synced = sync_group({disk_, *files_, directory_->marks()}, "data", jobs);
  }
  if (fault_disk_.changes > fault_disk_.stop_after) {
    has_died({});
  } else if (!synced) {
    simulation_.world.tell("broker {}: a sync fails", id_);
    ++simulation_.world.statistics.sync_failures;
    synced = mutant(Mutant::sync_error_ignored) ? Result<void>{} : synced;
  }
  return synced;
}

void Broker::finish_sync() {
  if (is_dying_ || has_died(synced_)) {
    return;
  }
  const auto jobs = std::move(syncing_);
  syncing_.clear();
  for (const auto& [part, job] : jobs) {
    part->log->finish_sync(job);
    simulation_.ghost.durable(id_, part->index, part->log->durable_end_offset());
  }
  (void)directory_->marks().write();
  for (const auto& [part, job] : jobs) {
    step(*part, replica_event::DurableEndMoved{});
    if (!is_dying_) {
      complete_acks(*part);
    }
  }
  plan_sync();
}

// The log directory is dead until the next start. The process may be, too.
void Broker::fail(const Error& error) {
  if (std::exchange(has_failed_, true)) {
    return;
  }
  simulation_.world.tell("broker {}: the log directory has failed", id_);
  for (Part& part : parts_) {
    part.log->fail(error);
    step(part, replica_event::LogFailed{});
  }
  simulation_.disk_has_failed(id_);
}

}  // namespace ottla::sim
