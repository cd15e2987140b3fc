#include "broker/metadata_quorum.h"

#include <pthread.h>

#include "broker/log.h"

namespace ottla {

namespace {
constexpr std::uint64_t only_term = 1;  // a quorum of one has no elections; a consensus log goes on from term 1
constexpr std::size_t entries_before_snapshot = 10'000;
}  // namespace

Result<std::unique_ptr<MetadataQuorum>> MetadataQuorum::open(Disk& disk, const std::string& directory,
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
  if (auto cleaned = partitions.remove_strays(controller); !cleaned) {
    return std::unexpected(std::move(cleaned.error()));
  }
  if (auto opened = partitions.open_all(controller); !opened) {
    return std::unexpected(std::move(opened.error()));
  }
  return std::make_unique<MetadataQuorum>(std::move(*log), std::move(controller), partitions);
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

MetadataQuorum::MetadataQuorum(std::unique_ptr<CommandLog> log, Controller controller, Partitions& partitions)
    : log_(std::move(log)), controller_(std::move(controller)), partitions_(partitions), thread_([this] {
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
