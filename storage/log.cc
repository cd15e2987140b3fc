#include "storage/log.h"

#include <algorithm>
#include <limits>

#include "storage/gathered_batches.h"
#include "storage/leader_epochs.h"
#include "storage/producer_state.h"
#include "storage/segment.h"

namespace ottla {

namespace {

Result<void> cannot_write(const Error& reason) {
  return failure(ErrorCode::KAFKA_STORAGE_ERROR, "the log takes no more writes: " + reason.message);
}

}  // namespace

Result<void> sync_group(const LogEnvironment& environment, const std::string& root, std::span<const SyncJob> jobs) {
  std::size_t files = 0;
  std::size_t directories = 0;
  for (const SyncJob& job : jobs) {
    files += job.files.size();
    directories += job.directories.size();
  }
  if (files == 1 && directories == 0 && !environment.marks.wants_sync()) {
    const auto with_file = std::ranges::find_if(jobs, [](const SyncJob& job) { return !job.files.empty(); });
    return with_file->files.front()->sync_data();
  }
  environment.marks.sync_begins();
  if (auto synced = environment.disk.sync_all(root); !synced) {
    return synced;
  }
  environment.marks.sync_is_done();
  return {};
}

Log::Log(const LogEnvironment& environment, std::string directory, const PartitionKey& key, const LogConfig& config)
    : environment_(environment),
      disk_(environment.disk),
      directory_(std::move(directory)),
      key_(key),
      config_(config),
      producers_(std::make_unique<ProducerState>()) {}

Log::~Log() = default;

Offset Log::log_start_offset() const { return log_start_offset_; }
Offset Log::log_end_offset() const { return log_end_offset_; }
Offset Log::durable_end_offset() const { return durable_end_offset_; }
DurableMark Log::end_mark() const { return {log_end_offset_, last_batch_epoch_, last_batch_crc_}; }
LeaderEpoch Log::latest_epoch() const { return epochs_.latest(); }
EpochEndOffset Log::end_offset_for(LeaderEpoch epoch) const { return epochs_.end_offset_for(epoch, log_end_offset_); }

std::int64_t Log::size_bytes() const {
  std::int64_t size = 0;
  for (const auto& segment : segments_) {
    size += segment->size_bytes();
  }
  return size;
}

Result<void> Log::may_write() const {
  if (failed_) {
    return cannot_write(*failed_);
  }
  return damaged_.empty() ? Result<void>{} : cannot_write({ErrorCode::KAFKA_STORAGE_ERROR, damaged_.front().what});
}

std::vector<Result<Appended>> Log::append(std::span<AppendBatch> batches, LeaderEpoch epoch, std::int64_t now_ms) {
  std::vector<Result<Appended>> results(batches.size(), failure(ErrorCode::KAFKA_STORAGE_ERROR, "not written"));
  latest_now_ms_ = now_ms;
  auto written = may_write();
  written = written ? write_batches(batches, results, epoch, now_ms) : written;
  if (!written) {
    // What the failed write had remembered of its producers must not answer their retries.
    producers_->truncate(log_end_offset_);
    for (auto& result : results) {
      // Also a repeat of what was to be written: a true one lies below the end.
      if (!result || result->base_offset >= log_end_offset_) {
        result = std::unexpected(written.error());
      }
    }
  }
  return results;
}

// The active segment takes them all.
Result<void> Log::write_gathered(GatheredBatches& gathered) {
  if (gathered.parts.empty()) {
    return {};
  }
  const auto file = active().file();
  if (!file) {
    return std::unexpected(file.error());
  }
  mark_dirty(*file);
  has_changed_ = true;
  bool cannot_restore = false;
  if (auto written = active().append(gathered.parts, cannot_restore); !written) {
    if (cannot_restore) {
      fail(written.error());
    }
    return written;  // else a full disk, most likely: nothing has happened, and the next append may go through
  }
  for (const BatchHeader& header : gathered.headers) {
    active().account(header, active().size_bytes());
  }
  last_batch_crc_ = gathered.headers.back().crc;
  last_batch_epoch_ = gathered.headers.back().partition_leader_epoch;
  log_end_offset_ = gathered.headers.back().next_offset();
  gathered = {};
  return {};
}

// A roll in between makes it two writes.
Result<void> Log::write_batches(std::span<AppendBatch> batches, std::span<Result<Appended>> results, LeaderEpoch epoch,
                                std::int64_t now_ms) {
  GatheredBatches gathered;
  Offset next = log_end_offset_;
  // In its first epoch nothing of it was ever lost to a failover; and its topic may have been made anew under a
  // producer that goes on: librdkafka takes a refusal then for fatal.
  const bool is_whole = has_no_gaps_ && log_start_offset_ == Offset{0} && epoch > LeaderEpoch{0};
  for (std::size_t i = 0; i < batches.size(); ++i) {
    AppendBatch& batch = batches[i];
    BatchHeader& header = batch.check.header;
    if (header.has_producer()) {
      const auto known = producers_->check(header, is_whole);
      if (!known || *known) {
        results[i] = known ? Result<Appended>(Appended{**known, true}) : std::unexpected(known.error());
        continue;
      }
    }
    header.base_offset = next;
    if (must_roll(header, gathered.size_bytes, now_ms)) {
      if (auto written = write_gathered(gathered); !written) {
        return written;
      }
      if (auto rolled = roll(now_ms); !rolled) {
        return rolled;  // the old segment stays the active one; the next append tries again
      }
    }
    header.partition_leader_epoch = epoch;
    patch_base_offset(batch.bytes, next);
    patch_leader_epoch(batch.bytes, epoch);
    if (!header.has_log_append_time() && header.max_timestamp_ms != batch.check.true_max_timestamp_ms) {
      header.max_timestamp_ms = batch.check.true_max_timestamp_ms;
      patch_timestamps(batch.bytes, header.max_timestamp_ms, false);
      header.crc = BatchHeader::read(batch.bytes).crc;
    }
    if (header.has_producer()) {
      producers_->remember(header, now_ms);
    }
    results[i] = Appended{next};
    gathered.parts.emplace_back(batch.bytes);
    gathered.headers.push_back(header);
    gathered.size_bytes += header.size_bytes();
    next = header.next_offset();
  }
  return write_gathered(gathered);
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
  if (auto started = start_segment(log_end_offset_); !started) {
    return started;
  }
  active_since_ms_ = now_ms;
  return {};
}

Result<void> Log::start_segment(Offset base) {
  auto segment = Segment::create(environment_, directory_, base, config_.index_interval_bytes);
  if (!segment) {
    return std::unexpected(std::move(segment.error()));
  }
  segments_.push_back(std::move(*segment));
  directory_dirty_ = true;
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
  SyncJob job{.generation = generation_, .mark = end_mark(), .files = {}, .directories = {}};
  job.files.swap(dirty_files_);
  if (std::exchange(directory_dirty_, false)) {
    job.directories.push_back(directory_);
  }
  return job;
}

void Log::finish_sync(const SyncJob& job) {
  sync_under_way_ = false;
  if (job.generation == generation_ && !failed_) {
    durable_end_offset_ = std::max(durable_end_offset_, job.mark.durable_end_offset);
    environment_.marks.note(key_, job.mark);
  }
}

void Log::fail(const Error& error) {
  if (!failed_) {
    failed_ = error;
  }
}

Result<void> Log::assign_epoch(LeaderEpoch epoch) {
  LeaderEpochs before = epochs_;
  if (!epochs_.add(epoch, log_end_offset_)) {
    return {};
  }
  auto written = write_leader_epochs(disk_, directory_, epochs_);
  if (!written) {
    epochs_ = std::move(before);  // else the next call would take it for written
  }
  return written;
}

void Log::expire_producers(std::int64_t now_ms) { producers_->expire(now_ms - config_.producer_id_expiration_ms); }

Result<void> Log::close() {
  if (failed_) {
    return cannot_write(*failed_);
  }
  sync_under_way_ = false;
  if (!damaged_.empty()) {
    return may_write();  // no clean end: the next start must find the damage again
  }
  if (has_changed_) {  // else what is on disk is as good
    auto written = active().write_indexes();
    written = written ? write_snapshots() : written;
    if (!written) {
      return written;
    }
  }
  if (const auto job = begin_sync()) {
    Result<void> synced;
    for (const auto& file : job->files) {
      synced = synced ? file->sync_data() : synced;
    }
    synced = synced ? disk_.sync_directory(directory_) : synced;
    if (!synced) {
      fail(synced.error());
      return synced;
    }
    finish_sync(*job);
  }
  failed_ = Error{ErrorCode::KAFKA_STORAGE_ERROR, "closed"};
  return {};
}

}  // namespace ottla
