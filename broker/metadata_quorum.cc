#include "broker/metadata_quorum.h"

#include <pthread.h>

#include "broker/log.h"

namespace ottla {

namespace {
constexpr std::uint64_t only_term = 1;  // a quorum of one has no elections; a consensus log goes on from term 1
constexpr std::size_t entries_before_snapshot = 10'000;

Result<void> apply_broker_changes(const Controller& controller, BrokerId node_id, Partitions& partitions) {
  return partitions.set_broker_changes(controller.configs(config_resource::broker, ""),
                                       controller.configs(config_resource::broker, std::to_string(node_id.value)));
}
}  // namespace

Result<std::unique_ptr<MetadataQuorum>> MetadataQuorum::open(Disk& disk, const std::string& directory, BrokerId node_id,
                                                             Partitions& partitions) {
  auto log = CommandLog::open(disk, directory);
  if (!log) {
    return std::unexpected(std::move(log.error()));
  }
  Controller controller;
  if (const auto& snapshot = (*log)->snapshot()) {
    auto restored = Controller::restore(snapshot->bytes);
    if (!restored) {
      return std::unexpected(std::move(restored.error()));
    }
    controller = std::move(*restored);
  }
  for (const auto& entry : (*log)->entries()) {
    const auto command = decode_command(entry.bytes);
    if (!command) {
      return std::unexpected(command.error());
    }
    (void)controller.apply(*command);  // what it refused then, it refuses now
  }
  if (auto changed = apply_broker_changes(controller, node_id, partitions); !changed) {
    logger().error("the changed settings of this broker do not count: {}", changed.error().message);
  }
  if (auto cleaned = partitions.remove_strays(controller, (*log)->cut_bytes() > 0); !cleaned) {
    return std::unexpected(std::move(cleaned.error()));
  }
  if (auto opened = partitions.open_all(controller); !opened) {
    return std::unexpected(std::move(opened.error()));
  }
  return std::make_unique<MetadataQuorum>(std::move(*log), std::move(controller), node_id, partitions);
}

Result<void> MetadataQuorum::seed(Disk& disk, const std::string& directory, std::span<const Command> commands) {
  auto log = CommandLog::open(disk, directory);
  if (!log) {
    return std::unexpected(std::move(log.error()));
  }
  std::vector<CommandLog::Entry> entries;
  for (const Command& command : commands) {
    entries.push_back(
        {.index = (*log)->last_index() + entries.size() + 1, .term = only_term, .bytes = encode_command(command)});
  }
  return (*log)->append(entries);
}

MetadataQuorum::MetadataQuorum(std::unique_ptr<CommandLog> log, Controller controller, BrokerId node_id,
                               Partitions& partitions)
    : log_(std::move(log)),
      controller_(std::move(controller)),
      node_id_(node_id),
      partitions_(partitions),
      thread_([this] {
        pthread_setname_np(pthread_self(), "metadata");
        work();
      }) {}

MetadataQuorum::~MetadataQuorum() {
  {
    const std::lock_guard lock(queue_mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
}

void MetadataQuorum::propose(Command command, std::function<void(Result<Applied>)> committed) {
  {
    const std::lock_guard lock(queue_mutex_);
    queue_.push_back({std::move(command), std::move(committed)});
  }
  wake_.notify_one();
}

Awaitable<Result<Applied>> MetadataQuorum::propose(Command command) {
  auto done = std::make_shared<OneShot<Result<Applied>>>();
  propose(std::move(command), [done](Result<Applied> applied) { done->complete(std::move(applied)); });
  co_return co_await done->wait();
}

void MetadataQuorum::work() {
  for (;;) {
    Proposal proposal;
    {
      std::unique_lock lock(queue_mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) {
        return;
      }
      proposal = std::move(queue_.front());
      queue_.pop_front();
    }
    proposal.committed(commit(proposal.command));
    snapshot_if_long();
  }
}

Result<Applied> MetadataQuorum::commit(const Command& command) {
  const std::uint64_t index = log_->last_index() + 1;
  const CommandLog::Entry entry{.index = index, .term = only_term, .bytes = encode_command(command)};
  if (auto appended = log_->append({&entry, 1}); !appended) {
    logger().error("the metadata log cannot be written: {}", appended.error().message);
    return std::unexpected(std::move(appended.error()));
  }
  auto applied = [&] {
    const std::unique_lock lock(state_mutex_);
    return controller_.apply(command);
  }();
  if (applied) {
    if (auto followed = follow(*applied); !followed) {
      logger().error("metadata is committed but not followed here: {}", followed.error().message);
      return std::unexpected(std::move(followed.error()));
    }
  }
  return applied;
}

Result<void> MetadataQuorum::follow(const Applied& applied) {
  if (const auto* created = std::get_if<TopicCreated>(&applied)) {
    return partitions_.open(*created->topic);
  }
  if (const auto* deleted = std::get_if<TopicDeleted>(&applied)) {
    return partitions_.remove(deleted->topic->id);
  }
  if (const auto* added = std::get_if<PartitionsAdded>(&applied)) {
    return partitions_.add_partitions(*added->topic, added->first_added);
  }
  if (const auto* changed = std::get_if<ConfigsChanged>(&applied)) {
    return follow_configs(*changed);
  }
  return {};
}

Result<void> MetadataQuorum::follow_configs(const ConfigsChanged& changed) {
  if (changed.topic != nullptr) {
    return partitions_.configure(*changed.topic);
  }
  if (changed.resource_type != config_resource::broker) {
    return {};
  }
  if (auto applied = apply_broker_changes(controller_, node_id_, partitions_); !applied) {
    return applied;
  }
  for (const auto& [name, topic] : controller_.topics()) {  // the broker's settings are the defaults of its topics
    if (auto configured = partitions_.configure(*topic); !configured) {
      return configured;
    }
  }
  return {};
}

// The log is bounded: now and then an image takes the place of what led to it.
void MetadataQuorum::snapshot_if_long() {
  if (log_->entries().size() < entries_before_snapshot) {
    return;
  }
  if (auto written = log_->write_snapshot(log_->last_index(), only_term, controller_.snapshot()); !written) {
    logger().error("the metadata snapshot cannot be written: {}", written.error().message);
  }
}

}  // namespace ottla
