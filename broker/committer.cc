#include "broker/committer.h"

#include <pthread.h>

#include "broker/partition.h"

namespace ottla {

Committer::Committer(std::function<void(const Error&)> on_failure) : on_failure_(std::move(on_failure)) {
  for (std::size_t i = 0; i < thread_count; ++i) {
    threads_.emplace_back([this, i] {
      pthread_setname_np(pthread_self(), "committer");
      work(latencies_[i]);
    });
  }
}

Committer::~Committer() { stop(); }

void Committer::enqueue(std::shared_ptr<Partition> partition) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(partition));
  }
  wake_.notify_one();
}

void Committer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  threads_.clear();  // joins
}

std::vector<const LatencyHistogram*> Committer::latencies() const {
  std::vector<const LatencyHistogram*> all;
  all.reserve(latencies_.size());
  for (const LatencyHistogram& one : latencies_) {
    all.push_back(&one);
  }
  return all;
}

void Committer::work(LatencyHistogram& latency) {
  for (;;) {
    std::shared_ptr<Partition> partition;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) {
        return;
      }
      partition = std::move(queue_.front());
      queue_.pop_front();
    }
    const auto began = std::chrono::steady_clock::now();
    const auto synced = partition->sync();
    latency.record(std::chrono::steady_clock::now() - began);
    if (!synced) {
      const std::lock_guard lock(mutex_);
      if (!std::exchange(failed_, true)) {
        on_failure_(synced.error());
      }
    }
  }
}

}  // namespace ottla
