#include "broker/committer.h"

#include <pthread.h>

#include "broker/log.h"
#include "broker/partition.h"

namespace ottla {

Committer::Committer(const LogEnvironment& environment, std::string root, std::int64_t reserved_bytes,
                     std::function<void(const Error&)> on_failure)
    : environment_(environment),
      root_(std::move(root)),
      disk_space_(environment.disk, root_, reserved_bytes),
      on_failure_(std::move(on_failure)),
      thread_([this] {
        pthread_setname_np(pthread_self(), "committer");
        work();
      }) {}

Committer::~Committer() { stop(); }

void Committer::enqueue(std::shared_ptr<Partition> partition) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(partition));
  }
  wake_.notify_one();
}

void Committer::give_up(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    given_up_ = given_up_.value_or(error);
  }
  wake_.notify_one();
}

void Committer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Committer::work() {
  for (;;) {
    std::vector<std::shared_ptr<Partition>> group;
    std::optional<Error> dead;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || given_up_ || !queue_.empty(); });
      if (stopping_) {
        return;
      }
      dead = given_up_;
      group.swap(queue_);
    }
    if (dead) {
      on_failure_(*dead);
      return;
    }
    const auto began = std::chrono::steady_clock::now();
    const auto committed = commit(group);
    latency_.record(std::chrono::steady_clock::now() - began);
    if (!committed) {
      on_failure_(committed.error());
      return;
    }
  }
}

Result<void> Committer::commit(const std::vector<std::shared_ptr<Partition>>& group) {
  std::vector<SyncJob> jobs;
  std::vector<Partition*> owners;
  for (const auto& partition : group) {
    if (auto job = partition->begin_sync()) {
      jobs.push_back(std::move(*job));
      owners.push_back(partition.get());
    }
  }
  if (jobs.empty()) {
    return {};
  }
  if (auto synced = sync_group(environment_, root_, jobs); !synced) {
    return synced;
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    owners[i]->finish_sync(jobs[i]);
  }
  if (const auto written = environment_.marks.write(); !written) {
    // The marks lag behind for a while: a crash may then take damage for a torn tail. Nothing else depends on them.
    logger().warn("{}", written.error().message);
  }
  return {};
}

}  // namespace ottla
