// Who waits for the outcome of a command that another broker has committed.
#include "broker/metadata_follower.h"

namespace ottla {

void MetadataFollower::expect() {
  const std::lock_guard lock(mutex_);
  ++expected_;
}

void MetadataFollower::expect_no_more() {
  const std::lock_guard lock(mutex_);
  if (--expected_ == 0) {
    kept_.clear();
  }
}

void MetadataFollower::wait_for(std::uint64_t index, const Done& done) {
  Result<Applied> outcome = failure(ErrorCode::REQUEST_TIMED_OUT, "the command is part of a snapshot");
  std::unique_lock lock(mutex_);
  const bool is_over = index <= index_ || ending_waits_;
  if (!is_over) {
    waiting_.emplace(index, done);
  } else if (const auto kept = kept_.find(index); kept != kept_.end()) {
    outcome = kept->second;
  }
  if (--expected_ == 0) {
    kept_.clear();
  }
  lock.unlock();
  if (is_over) {
    done(index, std::move(outcome));
  }
}

void MetadataFollower::end_waits() {
  std::multimap<std::uint64_t, Done> waiting;
  {
    const std::lock_guard lock(mutex_);
    ending_waits_ = true;
    waiting.swap(waiting_);
  }
  for (const auto& [index, done] : waiting) {
    done(index, failure(ErrorCode::REQUEST_TIMED_OUT, "the broker is stopping"));
  }
}

}  // namespace ottla
