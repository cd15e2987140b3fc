// The broker's shell around the replica rules: effects are carried out, completions told.
#include <algorithm>

#include "replication/sim/broker.h"
#include "replication/sim/simulation.h"

namespace ottla::sim {

void Broker::step(Part& part, const ReplicaEvent& event) {
  if (is_dying_ || !part.replica || !part.log) {
    return;
  }
  ReplicaEffects effects;
  if (!spare_effects_.empty()) {
    effects = std::move(spare_effects_.back());
    spare_effects_.pop_back();
  }
  const Offset before = part.replica->high_watermark();
  const Log& log = *part.log;
  part.replica->step(simulation_.network.clock_ms(id_), event,
                     {log.log_start_offset(), log.durable_start_offset(), log.log_end_offset(),
                      log.durable_end_offset(), log.leader_epochs(), !log.damaged().empty(), refuses_appends},
                     effects);
  // One that starts anew gets its log and its high watermark from the leader's start.
  const bool starts_anew = std::ranges::any_of(
      effects, [](const auto& one) { return std::holds_alternative<replica_effect::StartAnew>(one); });
  if (starts_anew && part.replica->high_watermark() < before) {
    simulation_.world.violated(fmt::format("V7: broker {} partition {}: the high watermark falls", id_, part.index));
  }
  if (part.replica->high_watermark() != before && !starts_anew) {
    Offset shown_from = before;
    for (const ReplicaEffect& effect : effects) {
      if (const auto* const advance = std::get_if<replica_effect::AdvanceLogStart>(&effect)) {
        shown_from = std::max(shown_from, advance->to);
      }
    }
    simulation_.ghost.high_watermark(id_, part.index, before, *part.replica);
    simulation_.ghost.shows(id_, part.index, shown_from, part.replica->high_watermark());
  }
  for (const ReplicaEffect& effect : effects) {
    if (is_dying_) {
      break;
    }
    std::visit([&](const auto& one) { run(part, one); }, effect);
  }
  effects.clear();
  spare_effects_.push_back(std::move(effects));
}

void Broker::run(Part& part, const replica_effect::AssignEpoch& effect) {
  simulation_.world.tell("broker {} leads partition {} in epoch {}, from offset {}", id_, part.index,
                         effect.epoch.value, part.log->log_end_offset().value);
  simulation_.ghost.leads(id_, part.index, effect.epoch);
  if (!has_died(part.log->assign_epoch(effect.epoch))) {
    step(part, replica_event::EpochAssigned{});
  }
}

void Broker::run(Part& part, const replica_effect::Truncate& effect) {
  const Offset end = part.log->log_end_offset();
  if (effect.to < end) {
    simulation_.world.tell("broker {} cuts partition {} from {} to {}", id_, part.index, end.value, effect.to.value);
    ++simulation_.world.statistics.truncations;
  }
  simulation_.ghost.will_truncate(id_, part.index, effect.to);
  if (sim_disk_) {
    sim_disk_->truncates = true;
  }
  const auto done = part.log->truncate_to(effect.to);
  if (sim_disk_) {
    sim_disk_->truncates = false;
  }
  if (has_died(done)) {  // a batch that the cut lies within goes whole
    simulation_.ghost.will_truncate(id_, part.index, std::min(effect.to, part.log->log_end_offset()));
  } else {
    simulation_.ghost.truncated(id_, part.index, part.log->log_end_offset(), part.log->leader_epochs());
    step(part, replica_event::Truncated{});
  }
}

void Broker::has_appended(Part& part, std::span<const std::byte> batches) {
  const auto had = simulation_.ghost.log_end(id_, part.index);
  const auto now = static_cast<std::size_t>(part.log->log_end_offset().value);
  const LogEntries entries = entries_from(batches, Offset{static_cast<std::int64_t>(had)});
  simulation_.ghost.appended(id_, part.index, std::span(entries).first(std::min(entries.size(), now - had)));
}

void Broker::run(Part& part, const replica_effect::AppendFetched& /*effect*/) {
  const Offset before = part.log->log_end_offset();
  const auto done = refuses_appends ? Result<void>(failure(ErrorCode::KAFKA_STORAGE_ERROR, "full"))
                                    : part.log->append_replicated(*part.fetched, simulation_.wall_ms(id_));
  if (part.log->log_end_offset() != before) {
    has_appended(part, *part.fetched);
  }
  if (log_is_lost(part)) {
    return;
  }
  plan_sync();
  done ? step(part, replica_event::LogAppended{}) : step(part, replica_event::AppendFailed{});
}

void Broker::run(Part& part, const replica_effect::SendFetch& effect) {
  FollowerFetch fetch{.token = 0,
                      .replica = BrokerId{id_},
                      .broker_epoch = epoch_,
                      .current_leader_epoch = effect.current_leader_epoch,
                      .fetch_offset = effect.fetch_offset,
                      .last_fetched_epoch = effect.last_fetched_epoch,
                      .durable_end_offset = effect.durable_end_offset,
                      .durable_start_offset = effect.durable_start_offset,
                      .has_no_room = effect.has_no_room};
  simulation_.network.call<FetchReply>(
      id_, effect.leader.value, Channel::fetch, simulation_.fetch_timeout_us,
      [fetch, p = part.index, waits = effect.may_wait, leader = effect.leader.value,
       &simulation = simulation_](const auto& respond) {
        if (Broker* const broker = simulation.broker(leader)) {
          FollowerFetch received = fetch;
          received.received_ms = simulation.network.clock_ms(leader);
          broker->on_fetch(p, received, waits, respond);
        }
      },
      [this, effect, &part](const FetchReply* reply) {
        FetchDone done{.generation = effect.generation,
                       .current_leader_epoch = effect.current_leader_epoch,
                       .fetch_offset = effect.fetch_offset,
                       .error = ErrorCode::NETWORK_EXCEPTION,
                       .diverging_epoch = {}};
        if (reply != nullptr) {
          done.error = reply->error;
          done.diverging_epoch = reply->diverging_epoch;
          done.high_watermark = reply->high_watermark;
          done.log_start_offset = reply->log_start_offset;
          done.has_records = reply->records && !reply->records->empty();
          part.fetched = reply->records;
        }
        step(part, done);
      },
      true);
}

void Broker::on_fetch(int p, const FollowerFetch& fetch, bool may_wait, const Network::Respond<FetchReply>& respond) {
  Part& part = parts_[static_cast<std::size_t>(p)];
  if (!part.replica) {
    respond({.error = ErrorCode::NOT_LEADER_OR_FOLLOWER, .diverging_epoch = {}});
    return;
  }
  const ParkedFetch asking{fetch, respond};
  part.asking = &asking;
  part.asking_may_wait = may_wait;
  step(part, fetch);
  part.asking = nullptr;
}

void Broker::run(Part& part, const replica_effect::AnswerFetch& effect) {
  const ParkedFetch& asking = *part.asking;
  FetchReply reply{.error = effect.error,
                   .diverging_epoch = effect.diverging_epoch,
                   .high_watermark = effect.high_watermark,
                   .log_start_offset = effect.log_start_offset,
                   .records = {}};
  const bool reads = effect.error == ErrorCode::NONE && effect.diverging_epoch.epoch.value < 0;
  const Offset end = part.log->log_end_offset();
  if (reads && effect.read_from == end && part.asking_may_wait) {
    const std::uint64_t parked_id = next_parked_id_++;
    part.parked.push_back({asking.fetch, asking.respond, parked_id});
    simulation_.network.on_process(id_, 500'000, [this, &part, parked_id] { answer_parked(part, parked_id); });
    return;
  }
  if (reads && effect.read_from < end) {
    reply.records = read(part, effect.read_from, end, simulation_.random(Stream::broker, id_).between(1, 400));
  }
  asking.respond(reply);
}

// There is more for them all, or one has waited long enough.
void Broker::answer_parked(Part& part, std::optional<std::uint64_t> only) {
  std::vector<ParkedFetch> due;
  std::erase_if(part.parked, [&](ParkedFetch& one) {
    if (only && one.id != *only) {
      return false;
    }
    due.push_back(std::move(one));
    return true;
  });
  for (const ParkedFetch& one : due) {
    on_fetch(part.index, one.fetch, false, one.respond);
  }
}

void Broker::run(Part& part, const replica_effect::SendAlterPartition& effect) {
  IsrChange change = effect.change;
  change.partition_index = part.index;
  simulation_.network.call<AlterPartitionReply>(
      id_, 0, Channel::alter_partition, 3'000'000,
      [id = id_, epoch = epoch_, change, &simulation = simulation_](const auto& respond) {
        respond(simulation.controller.on_alter_partition(id, epoch, change));
      },
      [this, &part, token = effect.token](const AlterPartitionReply* reply) {
        if (reply != nullptr) {
          AlterPartitionReply answer = *reply;
          answer.token = token;
          step(part, answer);
        }
      });
}

void Broker::run(Part& part, const replica_effect::HighWatermarkMoved& /*effect*/) { complete_acks(part); }

void Broker::run(Part& part, const replica_effect::StepDown& /*effect*/) {
  auto waits = std::move(part.waits);
  part.waits.clear();
  part.delete_waits.clear();
  for (const AckWait& wait : waits) {
    wait.respond({ErrorCode::NOT_LEADER_OR_FOLLOWER});
  }
  auto parked = std::move(part.parked);
  part.parked.clear();
  for (const ParkedFetch& one : parked) {
    one.respond({.error = ErrorCode::NOT_LEADER_OR_FOLLOWER, .diverging_epoch = {}});
  }
}

void Broker::run(Part& part, const replica_effect::ArmTimer& effect) {
  const std::int64_t delay_ms = std::max<std::int64_t>(0, effect.at_ms - simulation_.network.clock_ms(id_)) + 1;
  simulation_.network.on_process(id_, delay_ms * 1000 + simulation_.timer_lateness_us(id_),
                                 [this, &part, at_ms = effect.at_ms] { step(part, replica_event::Tick{at_ms}); });
}

void Broker::run(Part& part, const replica_effect::InvariantBroken& effect) {
  simulation_.world.violated(fmt::format("V8: broker {} partition {}: {} ({}, {})", id_, part.index, effect.what,
                                         effect.offset.value, effect.limit.value));
}

}  // namespace ottla::sim
