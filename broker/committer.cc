#include "broker/committer.h"

#include <pthread.h>

#include "broker/partition.h"

namespace ottla {

namespace {
constexpr std::size_t thread_count = 4;
}

Committer::Committer(std::function<void(const Error&)> on_failure) : on_failure_(std::move(on_failure)) {
  for (std::size_t i = 0; i < thread_count; ++i) {
    threads_.emplace_back([this] {
      pthread_setname_np(pthread_self(), "committer");
      work();
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

void Committer::work() {
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
    if (const auto synced = partition->sync(); !synced) {
      const std::lock_guard lock(mutex_);
      if (!std::exchange(failed_, true)) {
        on_failure_(synced.error());
      }
    }
  }
}

}  // namespace ottla
