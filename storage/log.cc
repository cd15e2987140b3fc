#include "storage/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "storage/leader_epochs.h"
#include "storage/producer_state.h"
#include "storage/segment.h"

namespace ottla {

namespace {

Result<void> cannot_write(const Error& reason) {
  return failure(ErrorCode::KAFKA_STORAGE_ERROR, "the log takes no more writes: " + reason.message);
}

}  // namespace

Result<void> SyncJob::run() const {
  for (const auto& file : files) {
    if (auto synced = file->sync_data(); !synced) {
      return synced;
    }
  }
  for (const auto& directory : directories) {
    if (auto synced = disk->sync_directory(directory); !synced) {
      return synced;
    }
  }
  return {};
}

Log::Log(Disk& disk, std::string directory, const LogConfig& config)
    : disk_(disk),
      directory_(std::move(directory)),
      config_(config),
      epochs_(std::make_unique<LeaderEpochs>()),
      producers_(std::make_unique<ProducerState>()) {}

Log::~Log() = default;

Offset Log::log_start_offset() const { return log_start_offset_; }
Offset Log::log_end_offset() const { return log_end_offset_; }
Offset Log::durable_end_offset() const { return durable_end_offset_; }
LeaderEpoch Log::latest_epoch() const { return epochs_->latest(); }
EpochEndOffset Log::end_offset_for(LeaderEpoch epoch) const { return epochs_->end_offset_for(epoch, log_end_offset_); }

std::int64_t Log::size_bytes() const {
  std::int64_t size = 0;
  for (const auto& segment : segments_) {
    size += segment->size_bytes();
  }
  return size;
}

std::vector<Result<Appended>> Log::append(std::span<AppendBatch> batches, LeaderEpoch epoch, std::int64_t now_ms) {
  std::vector<Result<Appended>> results(batches.size(), failure(ErrorCode::KAFKA_STORAGE_ERROR, "not written"));
  const Offset end_before = log_end_offset_;
  auto written = failed_ ? cannot_write(*failed_) : write_batches(batches, results, epoch, now_ms);
  if (!written) {
    // What the failed write had remembered of its producers must not answer their retries.
    producers_->truncate(log_end_offset_);
    for (auto& result : results) {
      if (!result || (!result->duplicate && result->base_offset >= std::max(end_before, log_end_offset_))) {
        result = std::unexpected(written.error());
      }
    }
  }
  return results;
}

// Batches are collected and leave in one gathered write; a roll in between makes it two.
Result<void> Log::write_batches(std::span<AppendBatch> batches, std::span<Result<Appended>> results, LeaderEpoch epoch,
                                std::int64_t now_ms) {
  std::vector<std::span<const std::byte>> parts;
  std::vector<const AppendBatch*> pending;
  std::int64_t pending_bytes = 0;
  Offset next = log_end_offset_;
  const auto flush = [&]() -> Result<void> {
    if (parts.empty()) {
      return {};
    }
    if (auto written = active().append(parts); !written) {
      fail(written.error());
      return written;
    }
    for (const AppendBatch* batch : pending) {
      active().account(batch->check.header, active().size_bytes(),
                       batch->check.header.base_offset + (batch->check.offset_of_max_timestamp - Offset{0}));
    }
    const auto file = active().file();
    mark_dirty(*file);
    log_end_offset_ = next;
    parts.clear();
    pending.clear();
    pending_bytes = 0;
    return {};
  };
  for (std::size_t i = 0; i < batches.size(); ++i) {
    AppendBatch& batch = batches[i];
    BatchHeader& header = batch.check.header;
    if (header.has_producer()) {
      const auto known = producers_->check(header);
      if (!known || *known) {
        results[i] = known ? Result<Appended>(Appended{**known, true}) : std::unexpected(known.error());
        continue;
      }
    }
    header.base_offset = next;
    if (must_roll(header, pending_bytes, now_ms)) {
      if (auto flushed = flush(); !flushed) {
        return flushed;
      }
      if (auto rolled = roll(now_ms); !rolled) {
        fail(rolled.error());
        return rolled;
      }
    }
    header.partition_leader_epoch = epoch;
    patch_base_offset(batch.bytes, next);
    patch_leader_epoch(batch.bytes, epoch);
    if (!header.has_log_append_time() && header.max_timestamp_ms != batch.check.true_max_timestamp_ms) {
      header.max_timestamp_ms = batch.check.true_max_timestamp_ms;
      patch_timestamps(batch.bytes, header.max_timestamp_ms, false);
    }
    if (header.has_producer()) {
      producers_->remember(header, now_ms);
    }
    results[i] = Appended{next};
    parts.emplace_back(batch.bytes);
    pending.push_back(&batch);
    pending_bytes += header.size_bytes();
    next = header.next_offset();
  }
  return flush();
}

bool Log::must_roll(const BatchHeader& header, std::int64_t pending_bytes, std::int64_t now_ms) {
  const std::int64_t held = active().size_bytes() + pending_bytes;
  if (held == 0) {
    return false;
  }
  const std::int64_t since_ms =
      active().first_timestamp_ms() == no_timestamp ? active_since_ms_ : active().first_timestamp_ms();
  const std::int64_t until_ms = active().first_timestamp_ms() == no_timestamp ? now_ms : header.max_timestamp_ms;
  return held + header.size_bytes() > config_.segment_bytes || until_ms - since_ms > config_.segment_ms ||
         active().index_bytes() + sizeof(OffsetEntry) > static_cast<std::size_t>(config_.segment_index_bytes) ||
         header.last_offset() - active().base_offset() > std::numeric_limits<std::int32_t>::max();
}

Result<void> Log::roll(std::int64_t now_ms) {
  if (auto written = active().write_indexes(); !written) {
    return written;
  }
  if (auto written = write_snapshots(); !written) {
    return written;
  }
  auto segment = Segment::create(disk_, directory_, log_end_offset_, config_.index_interval_bytes);
  if (!segment) {
    return std::unexpected(std::move(segment.error()));
  }
  segments_.push_back(std::move(*segment));
  directory_dirty_ = true;
  active_since_ms_ = now_ms;
  return {};
}

void Log::mark_dirty(const std::shared_ptr<File>& file) {
  if (std::ranges::find(dirty_files_, file) == dirty_files_.end()) {
    dirty_files_.push_back(file);
  }
}

std::optional<SyncJob> Log::begin_sync() {
  if (failed_ || sync_under_way_ || (dirty_files_.empty() && !directory_dirty_)) {
    return std::nullopt;
  }
  sync_under_way_ = true;
  SyncJob job{.generation = generation_, .end_offset = log_end_offset_, .disk = &disk_};
  job.files.swap(dirty_files_);
  if (std::exchange(directory_dirty_, false)) {
    job.directories.push_back(directory_);
  }
  return job;
}

void Log::finish_sync(const SyncJob& job) {
  sync_under_way_ = false;
  if (job.generation == generation_ && !failed_) {
    durable_end_offset_ = std::max(durable_end_offset_, job.end_offset);
  }
}

void Log::fail(const Error& error) {
  if (!failed_) {
    failed_ = error;
  }
}

Result<void> Log::assign_epoch(LeaderEpoch epoch) {
  if (!epochs_->add(epoch, log_end_offset_)) {
    return {};
  }
  return epochs_->write(disk_, directory_);
}

void Log::expire_producers(std::int64_t now_ms) { producers_->expire(now_ms - config_.producer_id_expiration_ms); }

Result<void> Log::truncate_to(Offset offset) {
  if (failed_) {
    return cannot_write(*failed_);
  }
  if (offset >= log_end_offset_) {
    return {};
  }
  ++generation_;
  const std::size_t index = segment_of(offset);
  while (segments_.size() > index + 1) {
    if (auto removed = disk_.remove(active().path("log")); !removed) {
      return removed;
    }
    segments_.pop_back();
    directory_dirty_ = true;
  }
  const auto batch = active().find(offset);
  if (!batch) {
    return std::unexpected(batch.error());
  }
  const std::int64_t position = *batch ? (*batch)->position : active().size_bytes();
  if (auto cut = active().truncate(position, offset); !cut) {
    return cut;
  }
  const auto file = active().file();
  if (auto synced = (*file)->sync_data(); !synced) {  // before anything is appended behind the cut
    fail(synced.error());
    return synced;
  }
  log_end_offset_ = *batch ? (*batch)->header.base_offset : offset;
  durable_end_offset_ = std::min(durable_end_offset_, log_end_offset_);
  epochs_->truncate(log_end_offset_);
  if (auto restored = restore_producers(0); !restored) {
    return restored;
  }
  return epochs_->write(disk_, directory_);
}

Result<void> Log::close() {
  if (failed_) {
    return cannot_write(*failed_);
  }
  sync_under_way_ = false;
  if (const auto job = begin_sync()) {
    if (auto synced = job->run(); !synced) {
      fail(synced.error());
      return synced;
    }
    finish_sync(*job);
  }
  failed_ = Error{ErrorCode::KAFKA_STORAGE_ERROR, "closed"};
  if (log_end_offset_ == log_start_offset_) {
    return {};  // never written: nothing to index
  }
  if (auto written = active().write_indexes(); !written) {
    return written;
  }
  return write_snapshots();
}

}  // namespace ottla
