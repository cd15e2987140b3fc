#include "replication/sim/exhaustive/control.h"

#include <algorithm>

#include "replication/partition_invariants.h"
#include "replication/partition_metadata.h"

namespace ottla::exhaustive {

namespace {

BrokerId id_of(std::size_t broker) { return {static_cast<std::int32_t>(broker) + 1}; }

Brokers brokers_of(const Image& image) {
  Brokers brokers;
  for (std::size_t i = 0; i < broker_count; ++i) {
    BrokerRegistration& one = brokers[id_of(i)];
    one.epoch = image.epochs[i];
    one.fenced = image.fenced[i];
  }
  return brokers;
}

bool is_complete(const PartitionRegistration& partition, BrokerId id) {
  return std::ranges::count(partition.isr, id) + std::ranges::count(partition.elr, id) > 0;
}

}  // namespace

Image first_image() {
  return {.partition = {.replicas = {id_of(0), id_of(1), id_of(2)},
                        .isr = {id_of(0), id_of(1), id_of(2)},
                        .leader = id_of(1),
                        .leader_epoch = {0},
                        .partition_epoch = {0}},
          .epochs = {BrokerEpoch{1}, BrokerEpoch{1}, BrokerEpoch{1}}};
}

bool fence(Image& image, std::size_t broker) {
  if (std::exchange(image.fenced[broker], true)) {
    return false;
  }
  const Brokers brokers = brokers_of(image);
  if (std::ranges::count(image.partition.isr, id_of(broker)) > 0) {
    broker_left(image.partition, id_of(broker), {brokers, min_insync_replicas});
  }
  return true;
}

bool unfence(Image& image, std::size_t broker) {
  if (!std::exchange(image.fenced[broker], false)) {
    return false;
  }
  const Brokers brokers = brokers_of(image);
  broker_returned(image.partition, {brokers, min_insync_replicas});
  return true;
}

bool elect_preferred(Image& image) {
  const Brokers brokers = brokers_of(image);
  return elect_leader(image.partition, Election::preferred, {brokers, min_insync_replicas}).has_value();
}

// With directories that were there before, or with others.
void register_again(Image& image, std::size_t broker, bool has_lost_disk) {
  ++image.epochs[broker].value;
  image.fenced[broker] = true;
  const Brokers brokers = brokers_of(image);
  const PartitionContext context{brokers, min_insync_replicas};
  if (!is_complete(image.partition, id_of(broker))) {
    return;
  }
  if (has_lost_disk) {
    storage_lost(image.partition, id_of(broker), context);
  } else {
    broker_left(image.partition, id_of(broker), context);
  }
}

AlterPartitionReply alter_partition(Image& image, const AlterRequest& request) {
  if (image.epochs[static_cast<std::size_t>(request.sender.value - 1)] != request.broker_epoch) {
    return {.error = ErrorCode::STALE_BROKER_EPOCH};
  }
  const Brokers brokers = brokers_of(image);
  const auto done = alter_isr(image.partition, request.sender, request.change, {brokers, min_insync_replicas});
  return {.error = done ? ErrorCode::NONE : done.error().code,
          .leader_epoch = image.partition.leader_epoch,
          .partition_epoch = image.partition.partition_epoch,
          .isr = image.partition.isr};
}

PartitionMetadata metadata_of(const Image& image) {
  return partition_metadata(image.partition, brokers_of(image), min_insync_replicas);
}

std::string broken_rule(const Image& before, const Image& after) {
  const Brokers brokers = brokers_of(after);
  const PartitionContext context{brokers, min_insync_replicas};
  const std::string broken = broken_invariant(after.partition, context);
  return broken.empty() ? broken_transition(before.partition, after.partition, context) : broken;
}

Key key_of(const Image& image) {
  Key key;
  const PartitionRegistration& partition = image.partition;
  key.add(partition.leader.value);
  key.add(partition.leader_epoch.value);
  key.add(partition.partition_epoch.value);
  for (const auto* const list : {&partition.isr, &partition.elr, &partition.last_known_elr}) {
    key.add(static_cast<std::int64_t>(list->size()));
    for (const BrokerId id : *list) {
      key.add(id.value);
    }
  }
  for (std::size_t i = 0; i < broker_count; ++i) {
    key.add(image.epochs[i].value);
    key.add(image.fenced[i] ? 1 : 0);
  }
  return key;
}

}  // namespace ottla::exhaustive
