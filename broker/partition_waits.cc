// Who waits for a partition, and how they are woken.
#include "broker/partition.h"

namespace ottla {

Partition::Turn::~Turn() {
  lock_.unlock();
  for (const auto& wait : committed_) {
    wait->complete({});
  }
  for (const auto& [wait, error] : refused_) {
    wait->complete(std::unexpected(error));
  }
  for (const auto& wait : woken_) {
    wait->complete(true);
  }
}

void Partition::Turn::commit(CommitWaits& waits, Offset up_to) {
  const auto end = waits.upper_bound(up_to);
  for (auto wait = waits.begin(); wait != end; ++wait) {
    committed_.push_back(std::move(wait->second));
  }
  waits.erase(waits.begin(), end);
}

void Partition::Turn::refuse(CommitWaits& waits, const Error& error) {
  for (auto& [end, wait] : waits) {
    refused_.emplace_back(std::move(wait), error);
  }
  waits.clear();
}

void Partition::Turn::wake(std::vector<std::shared_ptr<Woken>>& waits) {
  for (auto& wait : waits) {
    woken_.push_back(std::move(wait));
  }
  waits.clear();
}

void Partition::refuse_waits(Turn& turn, const Error& error) {
  turn.refuse(all_acks_waits_, error);
  turn.refuse(leader_ack_waits_, error);
  turn.refuse(delete_waits_, error);
  turn.wake(fetch_waits_);
  for (NewsWait& wait : news_waits_) {
    turn.wake(std::move(wait.woken));
  }
  news_waits_.clear();
}

bool Partition::has_news(const replica_effect::AnswerFetch& seen) const {
  return log_->log_end_offset() > seen.read_from || replica_.high_watermark() > seen.high_watermark ||
         log_->log_start_offset() > seen.log_start_offset;
}

void Partition::wake_followers(Turn& turn) {
  std::erase_if(news_waits_, [&](NewsWait& wait) {
    if (!has_news(wait.seen)) {
      return false;
    }
    turn.wake(std::move(wait.woken));
    return true;
  });
}

// What this replica itself vouches for. REQUIRES: mutex_, and a log.
Offset Partition::confirmed_end() const {
  return replica_.metadata().waits_for_disk ? log_->durable_end_offset() : log_->log_end_offset();
}

Awaitable<Result<void>> Partition::wait_until_committed(Core& core, Offset end, LeaderEpoch epoch,
                                                        Clock::duration time_out, bool needs_all_acks) {
  std::shared_ptr<CommitWait> wait;
  {
    const std::lock_guard lock(mutex_);
    const bool is_its_epoch = replica_.metadata().leader_epoch == epoch;  // else the log may have been cut since
    if (log_ && is_its_epoch && end <= (needs_all_acks ? replica_.high_watermark() : confirmed_end())) {
      co_return Result<void>{};
    }
    if (failed_ || ending_waits_ || !is_its_epoch || !replica_.is_leading()) {
      co_return std::unexpected(why_not());
    }
    wait = std::make_shared<CommitWait>();
    (needs_all_acks ? all_acks_waits_ : leader_ack_waits_).emplace(end, wait);
  }
  const auto timer = core.after(time_out, [wait] {
    wait->complete(failure(ErrorCode::REQUEST_TIMED_OUT, "not durable on every in-sync replica within timeout.ms"));
  });
  auto outcome = co_await wait->wait();
  core.cancel(timer);
  co_return outcome;
}

void Partition::wake_on_advance(Offset seen, std::shared_ptr<Woken> woken, ReadFrom read_from) {
  {
    const std::lock_guard lock(mutex_);
    if (may_be_read(read_from) && !ending_waits_ && replica_.high_watermark() <= seen) {
      std::erase_if(fetch_waits_, [](const auto& wait) { return wait->ready(); });  // those that timed out
      fetch_waits_.push_back(std::move(woken));
      return;
    }
  }
  woken->complete(true);
}

Awaitable<Result<void>> Partition::wait_until_deleted(Core& core, Offset to, Clock::duration time_out) {
  const auto wait = std::make_shared<CommitWait>();
  {
    Turn turn(mutex_);
    if (failed_ || ending_waits_ || !replica_.is_leading()) {
      co_return std::unexpected(why_not());
    }
    step(replica_event::RecordsDeleted{to}, turn);
    if (replica_.low_watermark() >= to) {
      co_return Result<void>{};
    }
    std::erase_if(delete_waits_, [](const auto& one) { return one.second->ready(); });  // those that timed out
    delete_waits_.emplace(to, wait);
  }
  const auto timer = core.after(time_out, [wait] {
    wait->complete(failure(ErrorCode::REQUEST_TIMED_OUT, "not deleted on every in-sync replica within timeout.ms"));
  });
  auto outcome = co_await wait->wait();
  core.cancel(timer);
  co_return outcome;
}

void Partition::wake_on_news(const replica_effect::AnswerFetch& seen, std::shared_ptr<Woken> woken) {
  {
    const std::lock_guard lock(mutex_);
    if (log_ && replica_.is_leading() && !ending_waits_ && !has_news(seen)) {
      std::erase_if(news_waits_, [](const auto& wait) { return wait.woken->ready(); });
      news_waits_.push_back({seen, std::move(woken)});
      return;
    }
  }
  woken->complete(true);
}

}  // namespace ottla
