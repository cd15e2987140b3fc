#include "replication/sim/exhaustive/node.h"

#include <fmt/format.h>

#include <algorithm>

#include "replication/replica_state.h"

namespace ottla::exhaustive {

namespace {

// Lag time and the time after which AlterPartition is sent again pass together, as one event; what waits for less is
// woken by a Tick.
constexpr ReplicaTimes times{
    .lag_time_max_ms = 0, .alter_partition_retry_ms = 1, .fetch_backoff_ms = 0, .metadata_backoff_ms = 0};

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

}  // namespace

void Node::step(const ReplicaEvent& event, const Records& fetched, Outcome& outcome) {
  ReplicaEffects effects;
  replica_->step(now_ms_, event, {{}, {}, log_end(), {static_cast<std::int64_t>(durable_)}, epochs_}, effects);
  for (const ReplicaEffect& effect : effects) {
    run(effect, event, fetched, outcome);
  }
}

void Node::run(const ReplicaEffect& effect, const ReplicaEvent& cause, const Records& fetched, Outcome& outcome) {
  std::visit(Overloaded{
                 [&](const replica_effect::AssignEpoch& one) {
                   epochs_.add(one.epoch, log_end());
                   step(replica_event::EpochAssigned{}, {}, outcome);
                 },
                 [&](const replica_effect::Truncate& one) {
                   cut(static_cast<std::size_t>(one.to.value));
                   step(replica_event::Truncated{}, {}, outcome);
                 },
                 [&](const replica_effect::AppendFetched&) {
                   if (append_fetched(fetched)) {
                     step(replica_event::LogAppended{}, {}, outcome);
                   } else {
                     step(replica_event::AppendFailed{}, {}, outcome);
                   }
                 },
                 [&](const replica_effect::SendFetch& one) {
                   outcome.sent.emplace_back(FetchRequest{{.token = 0,
                                                           .replica = id_,
                                                           .broker_epoch = broker_epoch_,
                                                           .current_leader_epoch = one.current_leader_epoch,
                                                           .fetch_offset = one.fetch_offset,
                                                           .last_fetched_epoch = one.last_fetched_epoch,
                                                           .durable_end_offset = one.durable_end_offset,
                                                           .durable_start_offset = one.durable_start_offset,
                                                           .has_no_room = one.has_no_room},
                                                          one.leader});
                 },
                 [&](const replica_effect::AnswerFetch& one) { run(one, std::get<FollowerFetch>(cause), outcome); },
                 [&](const replica_effect::SendAlterPartition& one) {
                   outcome.sent.emplace_back(AlterRequest{id_, broker_epoch_, one.change});
                 },
                 [&](const replica_effect::InvariantBroken& one) {
                   outcome.broken =
                       fmt::format("broker {}: {} ({}, {})", id_.value, one.what, one.offset.value, one.limit.value);
                 },
                 [&](const replica_effect::StartAnew&) {
                   outcome.broken = fmt::format("broker {} gives up its log, and nothing was deleted", id_.value);
                 },
                 [&](const replica_effect::AdvanceLogStart&) {
                   outcome.broken = fmt::format("broker {} moves its log start, and nothing was deleted", id_.value);
                 },
                 [](const replica_effect::HighWatermarkMoved&) {},
                 [](const replica_effect::LowWatermarkMoved&) {},
                 [](const replica_effect::StepDown&) {},
                 [](const replica_effect::ArmTimer&) {},
             },
             effect);
}

void Node::run(const replica_effect::AnswerFetch& effect, const FollowerFetch& fetch, Outcome& outcome) const {
  FetchReply reply{fetch.replica,
                   {.current_leader_epoch = fetch.current_leader_epoch,
                    .fetch_offset = fetch.fetch_offset,
                    .error = effect.error,
                    .diverging_epoch = effect.diverging_epoch,
                    .high_watermark = effect.high_watermark,
                    .log_start_offset = effect.log_start_offset},
                   {}};
  if (effect.error == ErrorCode::NONE && effect.diverging_epoch.epoch.value < 0) {
    reply.records.assign(log_.begin() + std::min(effect.read_from, log_end()).value, log_.end());
    reply.done.has_records = !reply.records.empty();
  }
  outcome.sent.emplace_back(std::move(reply));
}

// As Log::truncate_to does, also where there is nothing to cut.
void Node::cut(std::size_t end) {
  log_.resize(std::min(log_.size(), end));
  durable_ = std::min(durable_, log_.size());
  epochs_.truncate(log_end());
}

// Epochs do not fall along a log.
bool Node::append_fetched(const Records& fetched) {
  if (!log_.empty() && fetched.front().epoch < log_.back().epoch) {
    return false;
  }
  for (const Record& record : fetched) {
    epochs_.add(record.epoch, log_end());
    log_.push_back(record);
  }
  return true;
}

void Node::deliver(const FetchReply& message, Outcome& outcome) {
  FetchDone done = message.done;
  done.generation = replica_->generation();
  step(done, message.records, outcome);
}

void Node::deliver(const AlterReply& message, Outcome& outcome) {
  AlterPartitionReply reply = message.reply;
  const IsrRequest* const pending = replica_->isr().pending();
  reply.token = message.is_void || pending == nullptr ? 0 : pending->token;
  step(reply, {}, outcome);
}

// The log is as it was when it asked.
void Node::give_up_fetch(Outcome& outcome) {
  step(FetchDone{.generation = replica_->generation(),
                 .current_leader_epoch = replica_->metadata().leader_epoch,
                 .fetch_offset = log_end(),
                 .error = ErrorCode::NETWORK_EXCEPTION,
                 .diverging_epoch = {}},
       {}, outcome);
}

void Node::append(std::int32_t record, Outcome& outcome) {
  log_.push_back({record, *replica_->may_append(true)});
  step(replica_event::LogAppended{}, {}, outcome);
}

void Node::sync(Outcome& outcome) {
  durable_ = log_.size();
  step(replica_event::DurableEndMoved{}, {}, outcome);
}

void Node::tick(bool lag_time_has_passed, Outcome& outcome) {
  now_ms_ += lag_time_has_passed ? 1 : 0;
  step(replica_event::Tick{}, {}, outcome);
}

// Recovery keeps an epoch that begins at the end of the log, and none behind it.
void Node::crash(Remains remains, bool has_checkpoint) {
  checkpoint_ = has_checkpoint ? replica_->high_watermark() : Offset{0};
  replica_.reset();
  now_ms_ = 0;
  if (remains == Remains::nothing) {
    log_.clear();
    epochs_ = {};
    has_lost_disk_ = true;
  } else if (remains == Remains::synced) {
    log_.resize(durable_);
  }
  durable_ = log_.size();
  epochs_.truncate(log_end() + 1);
  checkpoint_ = std::min(checkpoint_, log_end());
}

void Node::start(BrokerEpoch broker_epoch) {
  broker_epoch_ = broker_epoch;
  has_lost_disk_ = false;
  replica_.emplace(id_, times, 1, std::exchange(checkpoint_, Offset{0}));
}

Key Node::key() const {
  Key key;
  const auto add = [&](std::int64_t number) { key.add(number); };
  add(id_.value);
  add(broker_epoch_.value);
  add(static_cast<std::int64_t>(log_.size()));
  for (const Record& record : log_) {
    add(record.id);
    add(record.epoch.value);
  }
  add(static_cast<std::int64_t>(durable_));
  add(static_cast<std::int64_t>(epochs_.entries().size()));
  for (const auto& entry : epochs_.entries()) {
    add(entry.epoch.value);
    add(entry.start.value);
  }
  add(checkpoint_.value);
  add(has_lost_disk_ ? 1 : 0);
  add(replica_ ? 1 : 0);
  if (replica_) {
    replica_->add_state(now_ms_, add);
  }
  return key;
}

std::string Node::in_words() const {
  const std::string log = fmt::format("{}, durable {}", exhaustive::in_words(log_), durable_);
  if (!replica_) {
    return fmt::format("broker {} is down{}: log {}", id_.value, has_lost_disk_ ? ", its disk is lost" : "", log);
  }
  constexpr const char* roles[] = {"has no part", "leads", "follows", "has failed"};
  return fmt::format("broker {} {} in epoch {}: log {}, high watermark {}, ISR {} of partition epoch {}", id_.value,
                     roles[static_cast<std::size_t>(replica_->role())], replica_->metadata().leader_epoch.value, log,
                     replica_->high_watermark().value, exhaustive::in_words(replica_->metadata().isr),
                     replica_->metadata().partition_epoch.value);
}

}  // namespace ottla::exhaustive
