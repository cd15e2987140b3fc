#include "broker/partition.h"

#include <utility>

#include "broker/wall_clock.h"

namespace ottla {

namespace {

Error stopping() { return {ErrorCode::NOT_LEADER_OR_FOLLOWER, "the broker is stopping"}; }

}  // namespace

Partition::Partition(std::string name, std::unique_ptr<Log> log, LeaderEpoch epoch, TopicConfig config,
                     Committer& committer)
    : name_(std::move(name)),
      committer_(committer),
      config_(std::make_shared<const TopicConfig>(config)),
      log_(std::move(log)) {
  leader_.step(BecomeLeader{.epoch = epoch,
                            .log_end_offset = log_->log_end_offset(),
                            .durable_end_offset = log_->durable_end_offset(),
                            .waits_for_disk = config.flush_messages == 1});
}

Partition::Partition(std::string name, Error error, TopicConfig config, Committer& committer)
    : name_(std::move(name)),
      committer_(committer),
      config_(std::make_shared<const TopicConfig>(config)),
      failed_(std::move(error)) {}

Awaitable<Result<Appended>> Partition::append(AppendBatch batch) {
  auto mine = std::make_shared<Waiting>(batch);
  bool is_writer = false;
  {
    const std::lock_guard lock(queue_mutex_);
    waiting_.push_back(mine);
    is_writer = !std::exchange(has_writer_, true);
  }
  if (is_writer) {
    write_all_waiting();
  } else {
    co_await mine->done.wait();
  }
  co_return std::move(mine->result);
}

void Partition::write_all_waiting() {
  for (;;) {
    std::vector<std::shared_ptr<Waiting>> group;
    {
      const std::lock_guard lock(queue_mutex_);
      if (waiting_.empty()) {
        has_writer_ = false;
        return;
      }
      group.swap(waiting_);
    }
    write_group(group);
    for (const auto& one : group) {
      one->done.complete(true);
    }
  }
}

void Partition::write_group(std::vector<std::shared_ptr<Waiting>>& group) {
  std::vector<std::shared_ptr<CommitWait>> commits;
  std::vector<std::shared_ptr<Woken>> fetches;
  {
    const std::lock_guard lock(mutex_);
    if (failed_) {
      for (const auto& one : group) {
        one->result = std::unexpected(*failed_);
      }
      return;
    }
    std::vector<AppendBatch> batches;
    std::int64_t size = 0;
    batches.reserve(group.size());
    for (const auto& one : group) {
      batches.push_back(one->batch);
      size += static_cast<std::int64_t>(one->batch.bytes.size());
    }
    if (const auto room = committer_.disk_space().take(size); !room) {
      for (const auto& one : group) {
        one->result = std::unexpected(room.error());
      }
      return;
    }
    auto results = log_->append(batches, leader_.epoch(), wall_clock_ms());
    for (std::size_t i = 0; i < group.size(); ++i) {
      group[i]->result = std::move(results[i]);
    }
    if (leader_.step(LogAppended{log_->log_end_offset()})) {
      take_due(commits, fetches);
    }
    plan_sync();
  }
  wake_all(commits, fetches);
}

// REQUIRES: mutex_. With flush.messages above 1 the sync is not what an acknowledgement waits for, but still due.
void Partition::plan_sync() {
  const std::int64_t unsynced = log_->log_end_offset() - log_->durable_end_offset();
  if (unsynced == 0) {
    unsynced_since_ms_.reset();
  } else if (!unsynced_since_ms_) {
    unsynced_since_ms_ = wall_clock_ms();
  }
  if (unsynced >= config()->flush_messages && !queued_for_sync_ && !failed_) {
    queued_for_sync_ = true;
    committer_.enqueue(shared_from_this());
  }
}

std::optional<SyncJob> Partition::begin_sync() {
  const std::lock_guard lock(mutex_);
  queued_for_sync_ = false;
  return log_ && !failed_ ? log_->begin_sync() : std::nullopt;
}

void Partition::finish_sync(const SyncJob& job) {
  std::vector<std::shared_ptr<CommitWait>> commits;
  std::vector<std::shared_ptr<Woken>> fetches;
  {
    const std::lock_guard lock(mutex_);
    if (!log_ || failed_) {
      return;
    }
    log_->finish_sync(job);
    if (leader_.step(DiskDone{log_->durable_end_offset()})) {
      take_due(commits, fetches);
    }
    plan_sync();
  }
  wake_all(commits, fetches);
}

// REQUIRES: mutex_. Those whose wait the new high watermark ends.
void Partition::take_due(std::vector<std::shared_ptr<CommitWait>>& commits,
                         std::vector<std::shared_ptr<Woken>>& fetches) {
  const auto end = commit_waits_.upper_bound(leader_.high_watermark());
  for (auto wait = commit_waits_.begin(); wait != end; ++wait) {
    commits.push_back(std::move(wait->second));
  }
  commit_waits_.erase(commit_waits_.begin(), end);
  fetches.swap(fetch_waits_);
}

void Partition::wake_all(const std::vector<std::shared_ptr<CommitWait>>& commits,
                         const std::vector<std::shared_ptr<Woken>>& fetches) {
  for (const auto& wait : commits) {
    wait->complete({});
  }
  for (const auto& wait : fetches) {
    wait->complete(true);
  }
}

Awaitable<Result<void>> Partition::wait_until_committed(Core& core, Offset end, Clock::duration time_out) {
  std::shared_ptr<CommitWait> wait;
  {
    const std::lock_guard lock(mutex_);
    if (end <= leader_.high_watermark()) {
      co_return Result<void>{};
    }
    if (failed_ || ending_waits_) {
      co_return std::unexpected(failed_.value_or(stopping()));
    }
    wait = std::make_shared<CommitWait>();
    commit_waits_.emplace(end, wait);
  }
  const auto timer = core.after(time_out, [wait] {
    wait->complete(failure(ErrorCode::REQUEST_TIMED_OUT, "not durable on every in-sync replica within timeout.ms"));
  });
  auto outcome = co_await wait->wait();
  core.cancel(timer);
  co_return outcome;
}

void Partition::wake_on_advance(Offset seen, std::shared_ptr<Woken> woken) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_gone() && !ending_waits_ && leader_.high_watermark() <= seen) {
      std::erase_if(fetch_waits_, [](const auto& wait) { return wait->ready(); });  // those that timed out
      fetch_waits_.push_back(std::move(woken));
      return;
    }
  }
  woken->complete(true);
}

void Partition::fail(const Error& error) {
  std::multimap<Offset, std::shared_ptr<CommitWait>> commits;
  std::vector<std::shared_ptr<Woken>> fetches;
  {
    const std::lock_guard lock(mutex_);
    if (failed_) {
      return;
    }
    failed_ = error;
    if (log_) {
      log_->fail(error);
    }
    commits.swap(commit_waits_);
    fetches.swap(fetch_waits_);
  }
  fail_all(commits, fetches, error);
}

void Partition::end_waits() {
  std::multimap<Offset, std::shared_ptr<CommitWait>> commits;
  std::vector<std::shared_ptr<Woken>> fetches;
  {
    const std::lock_guard lock(mutex_);
    ending_waits_ = true;
    commits.swap(commit_waits_);
    fetches.swap(fetch_waits_);
  }
  fail_all(commits, fetches, stopping());
}

void Partition::fail_all(const std::multimap<Offset, std::shared_ptr<CommitWait>>& commits,
                         const std::vector<std::shared_ptr<Woken>>& fetches, const Error& error) {
  for (const auto& [end, wait] : commits) {
    wait->complete(std::unexpected(error));
  }
  wake_all({}, fetches);
}

Result<std::optional<DurableMark>> Partition::close() {
  const std::lock_guard lock(mutex_);
  if (!log_) {
    return std::nullopt;
  }
  if (failed_) {
    return std::unexpected(*failed_);
  }
  failed_ = stopping();
  const bool is_damaged = !log_->damaged().empty();
  const auto closed = is_damaged ? Result<void>{} : log_->close();
  const DurableMark end = log_->end_mark();
  log_.reset();
  if (!closed) {
    return std::unexpected(closed.error());
  }
  return is_damaged ? std::nullopt : std::optional(end);
}

}  // namespace ottla
