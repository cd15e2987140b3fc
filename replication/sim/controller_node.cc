#include "replication/sim/controller_node.h"

#include <fmt/ranges.h>

namespace ottla::sim {

namespace {

std::string shown(const std::vector<BrokerId>& ids) {
  std::vector<std::int32_t> numbers;
  numbers.reserve(ids.size());
  for (const BrokerId id : ids) {
    numbers.push_back(id.value);
  }
  return fmt::format("{}", numbers);
}

}  // namespace

ControllerNode::ControllerNode(World& world, Network& network, int brokers, int partitions, int min_isr)
    : world_(world), network_(network), min_isr_(min_isr) {
  for (int p = 0; p < partitions; ++p) {
    PartitionRegistration made{.leader_epoch = {0}, .partition_epoch = {0}};
    for (int i = 0; i < std::min(3, brokers); ++i) {
      made.replicas.push_back(BrokerId{1 + (p + i) % brokers});
    }
    made.elr = made.replicas;  // nobody is there yet, and all have all there is: nothing
    registrations_.push_back(made);
    open_batch_.emplace_back(PartitionRecord{p, made, effective_min_isr(p)});
  }
  commit();
}

void ControllerNode::commit() {
  if (!open_batch_.empty()) {
    log_.push_back(std::exchange(open_batch_, {}));
  }
}

std::size_t ControllerNode::effective_min_isr(int p) const {
  return ottla::effective_min_isr(registrations_[static_cast<std::size_t>(p)], min_isr_);
}

void ControllerNode::publish(BrokerId id) {
  open_batch_.emplace_back(BrokerRecord{id, brokers_.at(id).epoch, is_active(brokers_, id)});
}

// Whatever `how` does to the record is one entry of the log.
template <class Change>
void ControllerNode::change(int p, const Change& how) {
  const PartitionRegistration before = partition(p);
  how(partition(p));
  const PartitionRegistration& after = partition(p);
  if (after == before) {
    return;
  }
  open_batch_.emplace_back(PartitionRecord{p, after, effective_min_isr(p)});
  world_.statistics.elections += after.leader_epoch != before.leader_epoch ? 1 : 0;
  world_.statistics.isr_changes += after.isr != before.isr ? 1 : 0;
  world_.tell("controller: partition {} has leader {}, epochs {}/{}, ISR {}, ELR {}", p, after.leader.value,
              after.leader_epoch.value, after.partition_epoch.value, shown(after.isr), shown(after.elr));
  ghost_->changed(p, before, context());
}

// A new incarnation starts fenced, and leaves the ISRs; what it lost it may not be elected with.
std::optional<RegisterReply> ControllerNode::on_register(int id, std::uint64_t incarnation, bool has_lost_storage) {
  const BrokerId broker{id};
  const std::uint64_t known = incarnations_[broker];
  if (incarnation <= known) {
    return incarnation == known ? std::optional(RegisterReply{brokers_[broker].epoch}) : std::nullopt;
  }
  incarnations_[broker] = incarnation;
  const BrokerEpoch epoch{static_cast<std::int64_t>(log_.size())};
  brokers_[broker] = {.epoch = epoch, .fenced = true};
  last_heard_ms_[broker] = network_.clock_ms(0);
  publish(broker);
  world_.tell("controller: broker {} registers with epoch {}{}", id, epoch.value,
              has_lost_storage ? ", its disk is new" : "");
  for (int p = 0; p < static_cast<int>(registrations_.size()); ++p) {
    change(p, [&](PartitionRegistration& one) {
      has_lost_storage ? storage_lost(one, broker, context()) : broker_left(one, broker, context());
    });
  }
  commit();
  return RegisterReply{epoch};
}

void ControllerNode::fence(BrokerId id) {
  brokers_[id].fenced = true;
  publish(id);
  for (int p = 0; p < static_cast<int>(registrations_.size()); ++p) {
    change(p, [&](PartitionRegistration& one) { broker_left(one, id, context()); });
  }
}

HeartbeatReply ControllerNode::on_heartbeat(int id, BrokerEpoch epoch, std::size_t metadata_end, bool wants_shutdown,
                                            bool has_failed) {
  const BrokerId broker{id};
  const auto found = brokers_.find(broker);
  if (found == brokers_.end() || found->second.epoch != epoch) {
    return {.error = ErrorCode::STALE_BROKER_EPOCH};
  }
  BrokerRegistration& known = found->second;
  last_heard_ms_[broker] = network_.clock_ms(0);
  if (wants_shutdown && !known.in_controlled_shutdown) {
    known.in_controlled_shutdown = true;
    world_.tell("controller: broker {} is shutting down", id);
    publish(broker);
    for (int p = 0; p < static_cast<int>(registrations_.size()); ++p) {
      change(p, [&](PartitionRegistration& one) { broker_left(one, broker, context()); });
    }
  }
  if (has_failed && !known.fenced) {
    world_.tell("controller: broker {} says that its disk has failed", id);
    fence(broker);
  }
  if (known.fenced && !has_failed && !wants_shutdown && static_cast<std::int64_t>(metadata_end) > epoch.value) {
    known.fenced = false;
    world_.tell("controller: broker {} is unfenced", id);
    publish(broker);
    for (int p = 0; p < static_cast<int>(registrations_.size()); ++p) {
      change(p, [&](PartitionRegistration& one) { broker_returned(one, context()); });
    }
  }
  commit();
  return {.may_shut_down = known.in_controlled_shutdown};
}

AlterPartitionReply ControllerNode::on_alter_partition(int id, BrokerEpoch epoch, const IsrChange& wanted) {
  const auto found = brokers_.find(BrokerId{id});
  if (found == brokers_.end() || found->second.epoch != epoch) {
    return {.error = ErrorCode::STALE_BROKER_EPOCH};
  }
  Result<void> done;
  change(wanted.partition_index,
         [&](PartitionRegistration& one) { done = alter_isr(one, BrokerId{id}, wanted, context()); });
  commit();
  const PartitionRegistration& now = partition(wanted.partition_index);
  return {.error = done ? ErrorCode::NONE : done.error().code,
          .leader_epoch = now.leader_epoch,
          .partition_epoch = now.partition_epoch,
          .isr = now.isr};
}

MetadataReply ControllerNode::on_metadata(std::size_t from) const {
  constexpr std::size_t batches_max = 2000;
  MetadataReply reply{.from = from, .batches = {}};
  for (std::size_t i = from; i < std::min(log_.size(), from + batches_max); ++i) {
    reply.batches.push_back(log_[i]);
  }
  return reply;
}

void ControllerNode::prefer_and_elect(int p, std::vector<BrokerId> replicas) {
  change(p, [&](PartitionRegistration& one) { (void)reassign(one, replicas, context()); });
  commit();
  change(p, [&](PartitionRegistration& one) { (void)elect_leader(one, Election::preferred, context()); });
  commit();
}

void ControllerNode::set_min_isr(int min_isr) {
  min_isr_ = min_isr;
  world_.tell("operator: min.insync.replicas is {}", min_isr);
  for (int p = 0; p < static_cast<int>(registrations_.size()); ++p) {
    change(p, [&](PartitionRegistration& one) { min_isr_changed(one, context()); });
  }
  commit();
}

void ControllerNode::expire_sessions() {
  for (const auto& [id, broker] : brokers_) {
    if (!broker.fenced && network_.clock_ms(0) - last_heard_ms_[id] > session_ms) {
      world_.tell("controller: the session of broker {} has expired", id.value);
      fence(id);
      commit();
    }
  }
}

}  // namespace ottla::sim
