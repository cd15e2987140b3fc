// Brokers that come, go and are given up, and what that does to the partitions they have replicas of.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "replication/controller.h"
#include "replication/mutants.h"
#include "replication/partition_change.h"

namespace ottla {

namespace {

using State = ChangeBrokerState::State;

bool is_complete(const PartitionRegistration& partition, BrokerId broker) {
  return contains(partition.isr, broker) || contains(partition.elr, broker);
}

bool is_degraded(const RegisterBroker& command, TopicId topic, std::int32_t partition) {
  return std::ranges::any_of(command.degraded, [&](const auto& degraded) {
    return degraded.topic_id == topic && std::ranges::find(degraded.partitions, partition) != degraded.partitions.end();
  });
}

// Kafka keeps the first hundred for names like "lost" and "unassigned".
bool is_reserved(const Uuid& directory) {
  return std::ranges::all_of(std::span(directory.bytes).first(15), [](auto byte) { return byte == 0; }) &&
         directory.bytes[15] < 100;
}

BrokerRegistration registration_of(const RegisterBroker& command) {
  BrokerRegistration made{.incarnation_id = command.incarnation_id,
                          .endpoints = command.endpoints,
                          .features = command.features,
                          .log_dirs = command.log_dirs,
                          .rack = command.rack,
                          .flush_messages = command.flush_messages};
  std::ranges::sort(made.log_dirs);
  return made;
}

}  // namespace

Result<void> Controller::check_registration(const RegisterBroker& command) const {
  const auto existing = brokers_.find(command.broker_id);
  if (existing != brokers_.end() && !existing->second.fenced &&
      existing->second.incarnation_id != command.incarnation_id) {
    return failure(ErrorCode::DUPLICATE_BROKER_REGISTRATION,
                   fmt::format("Another broker is registered with id {}.", command.broker_id.value));
  }
  if (command.broker_id.value < 0 || command.incarnation_id.is_zero() || command.log_dirs.empty()) {
    return failure(ErrorCode::INVALID_REGISTRATION, "A broker has an id, an incarnation and a log directory.");
  }
  std::set<Uuid> seen;
  for (const Uuid& directory : command.log_dirs) {
    if (is_reserved(directory) || !seen.insert(directory).second) {
      return failure(ErrorCode::INVALID_REGISTRATION,
                     fmt::format("Directory id {} is reserved or named twice.", directory.to_string()));
    }
    for (const auto& [id, broker] : brokers_) {
      if (id != command.broker_id && std::ranges::binary_search(broker.log_dirs, directory)) {
        return failure(ErrorCode::INVALID_REGISTRATION, fmt::format("Broker {} is already registered with directory {}",
                                                                    id.value, directory.to_string()));
      }
    }
  }
  return {};
}

// Those of whose records the process that is registered now may not have synced all that it claimed.
std::set<TopicId> Controller::topics_in_page_cache(BrokerId id) const {
  std::set<TopicId> topics;
  const BrokerRegistration& broker = brokers_.at(id);
  for (const auto& [name, topic] : by_name_) {
    const std::int64_t until = std::max(topic->page_cache_until, broker.page_cache_until);
    if (until > broker.epoch.value || !waits_for_disk(*topic, id)) {
      topics.insert(topic->id);
    }
  }
  return topics;
}

// What the replicas may have lost counts from the registration on, in the same step (KAFKA-18106): nobody may find the
// new broker in the ISR of what the old one held.
Result<Applied> Controller::apply_one(const RegisterBroker& command) {
  if (auto valid = check_registration(command); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  const BrokerId id = command.broker_id;
  BrokerRegistration next = registration_of(command);
  const auto existing = brokers_.find(id);
  if (existing != brokers_.end() && existing->second.incarnation_id == command.incarnation_id) {  // asked once more
    next.epoch = existing->second.epoch;
    next.fenced = existing->second.fenced;
    next.in_controlled_shutdown = existing->second.in_controlled_shutdown;
    next.controlled_shutdown_index = existing->second.controlled_shutdown_index;
    next.page_cache_until = existing->second.page_cache_until;
    existing->second = std::move(next);
    // Damage is found when the logs are opened, after the first registration of a start and before it is unfenced.
    auto degraded = change_partitions([id](const auto& partition) { return is_complete(partition, id); },
                                      [&](const Topic& topic, std::int32_t index, PartitionRegistration& partition) {
                                        if (is_degraded(command, topic.id, index) && partition.replicas.size() > 1) {
                                          storage_lost(partition, id, context_of(topic));
                                        }
                                      });
    return BrokerChanged{id, existing->second.epoch, std::move(degraded)};
  }
  next.epoch = {static_cast<std::int64_t>(index_)};
  const bool is_first = existing == brokers_.end();
  const bool lost_directory = !is_first && !std::ranges::includes(next.log_dirs, existing->second.log_dirs) &&
                              !mutant(Mutant::other_directory_unnoticed);
  const bool was_clean = is_first || command.previous_broker_epoch == existing->second.epoch;
  const auto not_synced = was_clean ? std::set<TopicId>{} : topics_in_page_cache(id);
  BrokerRegistration& now = brokers_[id] = std::move(next);
  const auto has_lost = [&](const Topic& topic, std::int32_t index, const PartitionRegistration& partition) {
    const bool may_have_lost = is_degraded(command, topic.id, index) ||
                               (not_synced.contains(topic.id) && !mutant(Mutant::page_cache_trusted_after_crash));
    return lost_directory || (may_have_lost && partition.replicas.size() > 1);  // an only replica is the best there is
  };
  auto changed = change_partitions([id](const auto& partition) { return is_complete(partition, id); },
                                   [&](const Topic& topic, std::int32_t index, PartitionRegistration& partition) {
                                     if (has_lost(topic, index, partition)) {
                                       storage_lost(partition, id, context_of(topic));
                                     } else {
                                       broker_left(partition, id, context_of(topic));
                                     }
                                   });
  return BrokerChanged{id, now.epoch, std::move(changed)};
}

Result<Applied> Controller::apply_one(const ChangeBrokerState& command) {
  const auto found = brokers_.find(command.broker_id);
  if (found == brokers_.end() || found->second.epoch != command.broker_epoch) {
    return failure(ErrorCode::STALE_BROKER_EPOCH, fmt::format("Broker {} is not registered with epoch {}.",
                                                              command.broker_id.value, command.broker_epoch.value));
  }
  BrokerRegistration& broker = found->second;
  BrokerChanged changed{command.broker_id, broker.epoch, {}};
  const bool was_active = is_active(brokers_, command.broker_id);
  if (command.state == State::active) {
    broker.fenced = broker.in_controlled_shutdown;  // who shuts down comes back as another registration only
    if (!was_active && !broker.fenced) {
      changed.partitions =
          change_partitions([](const auto& partition) { return partition.leader == BrokerId{}; },
                            [this](const Topic& topic, std::int32_t, PartitionRegistration& partition) {
                              broker_returned(partition, context_of(topic));
                            });
    }
    return changed;
  }
  if (command.state == State::fenced) {
    broker.fenced = true;
  } else if (!broker.in_controlled_shutdown) {
    broker.in_controlled_shutdown = true;
    broker.controlled_shutdown_index = static_cast<std::int64_t>(index_);
  }
  changed.partitions =
      change_partitions([&](const auto& partition) { return contains(partition.isr, command.broker_id); },
                        [&](const Topic& topic, std::int32_t, PartitionRegistration& partition) {
                          broker_left(partition, command.broker_id, context_of(topic));
                        });
  return changed;
}

Result<Applied> Controller::apply_one(const UnregisterBroker& command) {
  const auto found = brokers_.find(command.broker_id);
  if (found == brokers_.end()) {
    return failure(ErrorCode::BROKER_ID_NOT_REGISTERED,
                   fmt::format("Broker ID {} is not currently registered", command.broker_id.value));
  }
  BrokerChanged changed{command.broker_id, found->second.epoch, {}};
  found->second.fenced = true;
  changed.partitions =
      change_partitions([&](const auto& partition) { return is_complete(partition, command.broker_id); },
                        [&](const Topic& topic, std::int32_t, PartitionRegistration& partition) {
                          storage_lost(partition, command.broker_id, context_of(topic));
                        });
  brokers_.erase(found);
  return changed;
}

}  // namespace ottla
