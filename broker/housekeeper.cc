#include "broker/housekeeper.h"

#include <malloc.h>
#include <pthread.h>

#include <algorithm>

#include "broker/log.h"
#include "broker/partitions.h"
#include "broker/wall_clock.h"
#include "storage/compaction.h"

namespace ottla {

namespace {

constexpr std::int64_t idle_file_interval_ms = 30'000;
constexpr std::int64_t flush_interval_ms = 1'000;
constexpr std::int64_t high_watermark_interval_ms = 5'000;

void warn(const Partition& partition, const Error& error) { logger().warn("{}: {}", partition.name(), error.message); }

}  // namespace

Housekeeper::Housekeeper(Partitions& partitions, LogDirectory& directory, const LogEnvironment& environment,
                         const Config& config)
    : partitions_(partitions), directory_(directory), environment_(environment) {
  const auto add = [&](std::function<std::int64_t(const Config&)> interval_ms, void (Housekeeper::*action)()) {
    const auto due = Clock::now() + std::chrono::milliseconds(interval_ms(config));
    chores_.push_back({std::move(interval_ms), action, due});
  };
  add(&Config::log_retention_check_interval_ms, &Housekeeper::check_retention);
  add(&Config::log_cleaner_backoff_ms, &Housekeeper::compact_logs);
  add(&Config::log_flush_offset_checkpoint_interval_ms, &Housekeeper::write_recovery_points);
  add([](const Config&) { return high_watermark_interval_ms; }, &Housekeeper::write_high_watermarks);
  add([](const Config&) { return idle_file_interval_ms; }, &Housekeeper::close_idle_files);
  add([](const Config&) { return flush_interval_ms; }, &Housekeeper::sync_what_is_old);
}

void Housekeeper::start() {
  thread_ = std::jthread([this] {
    pthread_setname_np(pthread_self(), "housekeeper");
    work();
  });
}

void Housekeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) {
    thread_.join();
  }
  for (const auto& done : waiting_) {
    if (done) {
      done->complete(failure(ErrorCode::NOT_LEADER_OR_FOLLOWER, "the broker is stopping"));
    }
  }
  waiting_.clear();
}

void Housekeeper::make_log_starts_durable(std::shared_ptr<OneShot<Result<void>>> done) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(done));
  }
  wake_.notify_one();
}

void Housekeeper::work() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      const auto next = std::ranges::min_element(chores_, {}, &Chore::due)->due;
      wake_.wait_until(lock, next, [this] { return stopping_ || !waiting_.empty(); });
    }
    if (!serve_waiting()) {
      return;
    }
    for (Chore& chore : chores_) {
      if (Clock::now() >= chore.due) {
        if (!partitions_.failure()) {  // else a sync that failed would be tried again
          (this->*chore.action)();
        }
        chore.due = Clock::now() + std::chrono::milliseconds(chore.interval_ms(*partitions_.config()));
      }
    }
    if (environment_.disk.has_failed_sync() && !partitions_.failure()) {
      partitions_.fail({ErrorCode::KAFKA_STORAGE_ERROR, "a checkpoint or a directory"});
    }
  }
}

// False: the broker stops.
bool Housekeeper::serve_waiting() {
  std::vector<std::shared_ptr<OneShot<Result<void>>>> waiting;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      return false;
    }
    waiting.swap(waiting_);
  }
  if (!waiting.empty()) {
    const auto persisted = persist_log_starts();
    for (const auto& done : waiting) {
      if (done) {
        done->complete(persisted);
      }
    }
  }
  return true;
}

// The new starts first, durably; then the files: else a crash could bring some of them back and not others.
Result<void> Housekeeper::persist_log_starts() {
  if (auto failed = partitions_.failure()) {
    return std::unexpected(std::move(*failed));
  }
  // A start that is durable says that what was below had been, too.
  OffsetsByDirectory synced;
  partitions_.for_each([&](Partition& partition) {
    if (const auto state = partition.log_state(); state && state->log_start_offset > state->durable_end_offset) {
      synced[partition.name()] = state->log_start_offset;
    }
  });
  auto done = synced.empty() ? Result<void>{} : environment_.disk.sync_all(directory_.path());
  OffsetsByDirectory starts;
  const auto collect = [&](const OffsetsByDirectory& known) {
    partitions_.for_each([&](Partition& partition) {
      const auto before = known.find(partition.name());
      Offset start = before != known.end() ? before->second : Offset{0};
      if (const auto state = partition.log_state()) {
        const auto durable = synced.find(partition.name());
        const Offset most =
            durable != synced.end() ? std::max(durable->second, state->durable_end_offset) : state->durable_end_offset;
        start = std::min(state->log_start_offset, most);
      }
      if (start > Offset{0}) {
        starts[partition.name()] = start;
      }
    });
    return starts;
  };
  done = done ? directory_.write_log_start_offsets(collect) : done;
  if (!done) {
    logger().error("log starts cannot be written: {}", done.error().message);
    return done;
  }
  partitions_.for_each([&](Partition& partition) {
    if (const auto start = starts.find(partition.name()); start != starts.end()) {
      if (const auto removed = partition.remove_deleted_segments(start->second); !removed) {
        warn(partition, removed.error());
      }
    }
  });
  return {};
}

void Housekeeper::check_retention() {
  bool has_moved = false;
  partitions_.for_each([&](Partition& partition) {
    partition.expire_producers(wall_clock_ms());
    const auto moved = partition.apply_retention(wall_clock_ms());
    if (!moved) {
      warn(partition, moved.error());
    }
    has_moved = has_moved || moved.value_or(false);
  });
  if (has_moved) {
    (void)persist_log_starts();
  }
}

void Housekeeper::compact_logs() {
  bool has_compacted = false;
  partitions_.for_each([&](Partition& partition) {
    if (partition.config()->is_compacted) {
      const auto compacted =
          partition.compact(environment_.disk, wall_clock_ms(),
                            static_cast<std::size_t>(partitions_.config()->log_cleaner_dedupe_buffer_size),
                            [this] { return serve_waiting(); });
      if (!compacted) {
        warn(partition, compacted.error());
      }
      has_compacted = has_compacted || compacted.value_or(false);
    }
  });
  if (!has_compacted) {
    return;
  }
  const auto written = directory_.write_cleaned_to([this](const OffsetsByDirectory&) {
    OffsetsByDirectory cleaned;
    partitions_.for_each([&](Partition& partition) {
      if (const auto state = partition.log_state(); state && state->cleaned_to > Offset{0}) {
        cleaned[partition.name()] = state->cleaned_to;
      }
    });
    return cleaned;
  });
  if (!written) {
    logger().warn("{}", written.error().message);
  }
}

void Housekeeper::write_recovery_points() {
  const auto written = directory_.write_recovery_points([this](const OffsetsByDirectory& known) {
    OffsetsByDirectory points;
    partitions_.for_each([&](Partition& partition) {
      const auto state = partition.log_state();
      const auto before = known.find(partition.name());
      points[partition.name()] = state && !state->is_damaged ? state->durable_end_offset
                                 : before != known.end()     ? before->second
                                                             : Offset{0};
    });
    return points;
  });
  if (!written) {
    logger().warn("{}", written.error().message);
  }
}

void Housekeeper::write_high_watermarks() {
  if (const auto written = partitions_.write_high_watermarks(); !written) {
    logger().warn("{}", written.error().message);
  }
}

// And memory: glibc keeps what a crowd once needed, until it is asked.
void Housekeeper::close_idle_files() {
  environment_.files.close_unused();
  partitions_.for_each([](Partition& partition) { partition.drop_closed_indexes(); });
  malloc_trim(0);
}

void Housekeeper::sync_what_is_old() {
  partitions_.for_each([](Partition& partition) { partition.sync_what_is_old(wall_clock_ms()); });
}

}  // namespace ottla
