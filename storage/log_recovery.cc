// Opening a log, second part: what of it holds, what must be cut, what is damaged.
//
// What was durable is known from the durable mark, or without one from the recovery point. A fault at or above that is
// the torn tail of writes that were never acknowledged; a fault below it is damage, and nothing is cut.
#include <fmt/format.h>

#include <algorithm>

#include "storage/leader_epochs.h"
#include "storage/log.h"
#include "storage/producer_state.h"
#include "storage/segment.h"

namespace ottla {

namespace {

bool is_same(const BatchHeader& left, const BatchHeader& right) {
  return left.base_offset == right.base_offset && left.batch_length == right.batch_length && left.crc == right.crc &&
         left.partition_leader_epoch == right.partition_leader_epoch;
}

}  // namespace

Result<void> Log::recover(const LogHints& hints) {
  const LeaderEpochs before = read_leader_epochs(disk_, directory_).value_or(LeaderEpochs{});
  epochs_ = before;
  Scan scan{.from = hints.recovery_point, .mark = {.durable_end_offset = hints.recovery_point}};
  if (hints.clean_end) {
    const auto clean = ends_cleanly(*hints.clean_end);
    if (!clean) {
      return std::unexpected(clean.error());
    }
    if (*clean) {
      auto restored = restore_epochs(log_end_offset_);
      return restored ? write_epochs_unless(before) : restored;
    }
    scan.mark = *hints.clean_end;
    scan.from = segments_.back()->base_offset();
  } else if (hints.durable_mark) {
    scan.mark = *hints.durable_mark;
  }
  if (scan.mark.durable_end_offset < log_start_offset_) {  // what was deleted had been durable
    scan.mark = {.durable_end_offset = log_start_offset_};
  }
  scan.from = std::min(scan.from, scan.mark.durable_end_offset);
  const std::size_t first = segment_of(scan.from);
  log_end_offset_ = segments_[first]->base_offset();
  auto done = restore_epochs(log_end_offset_);
  scan.last_epoch = epochs_.at(log_end_offset_ + -1);
  scan.epochs = &before;
  for (std::size_t index = first; done && index < segments_.size(); ++index) {
    done = scan_segment(index, scan);
  }
  if (!done) {
    return done;
  }
  write_closed_indexes(first);
  if (log_end_offset_ < scan.mark.durable_end_offset) {
    add_damage({log_end_offset_, scan.mark.durable_end_offset, active().base_offset(), active().size_bytes(),
                fmt::format("{} ends at offset {}, it had {} before", directory_, log_end_offset_.value,
                            scan.mark.durable_end_offset.value)});
    log_end_offset_ = scan.mark.durable_end_offset;
  }
  log_start_offset_ = std::min(log_start_offset_, log_end_offset_);
  if (auto left = leave_damage_behind(log_start_offset_); !left) {
    return left;
  }
  // The names of the files may be as unsynced as their bytes were.
  directory_dirty_ = true;
  if (log_end_offset_ > scan.from) {
    if (auto synced = disk_.sync_directory(directory_); !synced) {
      return synced;
    }
    directory_dirty_ = false;
  }
  durable_end_offset_ = log_end_offset_;
  environment_.marks.note(key_, end_mark());
  epochs_.truncate(log_end_offset_ + 1);  // an epoch may begin at the end, not behind it
  return write_epochs_unless(before);
}

// A start of many empty logs has nothing to sync.
Result<void> Log::write_epochs_unless(const LeaderEpochs& before) {
  return before == epochs_ ? Result<void>{} : write_leader_epochs(disk_, directory_, epochs_);
}

// Those that a power cut has taken. A file too few costs a reader some time, no more.
void Log::write_closed_indexes(std::size_t first) {
  for (std::size_t index = first; damaged_.empty() && index + 1 < segments_.size(); ++index) {
    Segment& segment = *segments_[index];
    if (!disk_.exists(segment.path("index")) || !disk_.exists(segment.path("timeindex"))) {
      (void)segment.write_indexes();
    }
    segment.drop_indexes();
  }
}

// True if the log is as a clean stop left it: then nothing else needs to be looked at.
Result<bool> Log::ends_cleanly(const DurableMark& end) {
  log_end_offset_ = durable_end_offset_ = end.durable_end_offset;
  if (active().size_bytes() == 0) {
    return active().base_offset() == end.durable_end_offset;
  }
  const auto last = active().last_batch();
  if (!last) {
    return std::unexpected(last.error());
  }
  if (!*last || (*last)->header.next_offset() != end.durable_end_offset ||
      (end.last_batch_crc != 0 && (*last)->header.crc != end.last_batch_crc)) {
    return false;
  }
  last_batch_crc_ = (*last)->header.crc;
  last_batch_epoch_ = (*last)->header.partition_leader_epoch;
  return true;
}

// The epochs of everything below `end`, from the batches, unless some are known. In memory alone: a start that ends
// here would leave some of them, and the next one would take those for all.
Result<void> Log::restore_epochs(Offset end) {
  if (!epochs_.entries().empty()) {
    return {};
  }
  for (const auto& segment : segments_) {
    if (segment->base_offset() >= end) {
      break;
    }
    const auto walked = segment->walk(0, [&](const BatchAt& batch) {
      epochs_.add(batch.header.partition_leader_epoch, batch.header.base_offset);
      return batch.header.next_offset() < end;
    });
    if (!walked) {
      return std::unexpected(walked.error());
    }
  }
  return {};
}

// Offsets and epochs must rise, and from scan.from on every CRC must be right. The batch that ended the log when its
// mark was written must be that batch.
bool Log::accept(Segment& segment, const BatchAt& batch, Scan& scan) {
  const BatchHeader& header = batch.header;
  const Offset marked = scan.mark.durable_end_offset;
  if (header.base_offset < log_end_offset_ || header.partition_leader_epoch < scan.last_epoch ||
      (has_no_gaps_ && header.base_offset != log_end_offset_)) {
    return false;
  }
  // An epoch is in the checkpoint before its first batch is written; the CRC does not cover it. Where none are known,
  // what was on the way to begin anew may still be there.
  const LeaderEpoch known = scan.epochs->at(header.base_offset);
  if (has_no_gaps_ && known.value >= 0 && known != header.partition_leader_epoch) {
    return false;
  }
  const bool reaches_mark = header.base_offset < marked && header.next_offset() >= marked;
  if (reaches_mark && scan.mark.last_batch_crc != 0 &&
      (header.next_offset() != marked || header.crc != scan.mark.last_batch_crc)) {
    return false;
  }
  if (header.next_offset() > scan.from) {
    if (!std::exchange(scan.reads_disk, true)) {
      // What an earlier run could not sync may still be in memory: make it durable or read what the disk has.
      const auto file = segment.file();
      const auto synced = file ? (*file)->sync_data() : std::unexpected(file.error());
      if (!synced) {
        scan.error = synced.error();
        return false;
      }
      (*file)->forget_cached();
    }
    const auto bytes = segment.read_batch(batch);
    if (!bytes) {
      if (bytes.error().code != ErrorCode::CORRUPT_MESSAGE) {
        scan.error = bytes.error();
      }
      return false;
    }
    if (!is_same(BatchHeader::read(*bytes), header)) {
      return false;
    }
  }
  scan.last_epoch = last_batch_epoch_ = header.partition_leader_epoch;
  last_batch_crc_ = header.crc;
  epochs_.add(header.partition_leader_epoch, header.base_offset);
  log_end_offset_ = header.next_offset();
  return true;
}

Result<void> Log::scan_segment(std::size_t index, Scan& scan) {
  Segment& segment = *segments_[index];
  scan.reads_disk = false;
  const bool is_below_mark = log_end_offset_ < scan.mark.durable_end_offset;
  if (segment.base_offset() != log_end_offset_) {
    const bool gap_is_legal = !has_no_gaps_ && segment.base_offset() > log_end_offset_;
    if (!is_below_mark && (!gap_is_legal || scan.mark.last_batch_crc != 0)) {
      return cut_tail(index,
                      segments_[index - 1]->size_bytes());  // the end of the segment before it did not reach the disk
    }
    if (!gap_is_legal || (scan.mark.last_batch_crc != 0 && segment.base_offset() >= scan.mark.durable_end_offset)) {
      add_damage({log_end_offset_, segment.base_offset(), segment.base_offset(), 0,
                  fmt::format("{}: offsets {} to {} are missing", directory_, log_end_offset_.value,
                              segment.base_offset().value - 1)});
    }
    log_end_offset_ = std::max(log_end_offset_, segment.base_offset());
  }
  std::int64_t position = 0;
  for (;;) {
    const auto end = segment.rebuild(position, [&](const BatchAt& batch) { return accept(segment, batch, scan); });
    if (!end || scan.error) {
      return std::unexpected(end ? *scan.error : end.error());
    }
    position = *end;
    if (position == segment.size_bytes()) {
      return {};
    }
    if (log_end_offset_ >= scan.mark.durable_end_offset) {
      return cut_tail(index + 1, position);
    }
    const auto resumed = pass_damage(index, position, scan);
    if (!resumed || !*resumed) {
      return resumed ? Result<void>{} : std::unexpected(resumed.error());
    }
    position = **resumed;
  }
}

// Where to go on behind damage at `position`: if the damaged batch still tells its length, and a sound batch or the end
// of the segment follows, there. Else all the rest of the segment is damaged: nothing.
Result<std::optional<std::int64_t>> Log::pass_damage(std::size_t index, std::int64_t position, const Scan& scan) {
  Segment& segment = *segments_[index];
  const bool is_last = index + 1 == segments_.size();
  Offset to = std::max(log_end_offset_, is_last ? scan.mark.durable_end_offset : segments_[index + 1]->base_offset());
  std::optional<std::int64_t> go_on;
  std::optional<BatchAt> behind;
  bool is_second = false;
  const auto walked = segment.walk(position, [&](const BatchAt& batch) {
    if (std::exchange(is_second, true)) {
      behind = batch;
      return false;
    }
    return true;
  });
  if (!walked) {
    return std::unexpected(walked.error());
  }
  if (behind && behind->header.base_offset > log_end_offset_ && behind->header.base_offset <= to &&
      segment.read_batch(*behind)) {
    to = behind->header.base_offset;
    go_on = behind->position;
  }
  add_damage({log_end_offset_, to, segment.base_offset(), position,
              fmt::format("{} is damaged at position {}: offsets {} to {} cannot be read", segment.path("log"),
                          position, log_end_offset_.value, to.value - 1)});
  segment.skip(position, go_on.value_or(segment.size_bytes()));
  log_end_offset_ = to;
  last_batch_crc_ = 0;
  return go_on;
}

// Keeps `keep` segments, the last of them up to `position`. Durable when it returns: nothing may be appended while an
// old tail could come back behind it.
Result<void> Log::cut_tail(std::size_t keep, std::int64_t position) {
  while (segments_.size() > keep) {
    cut_bytes_ += active().size_bytes();
    if (auto removed = active().remove_files(); !removed) {
      return removed;
    }
    segments_.pop_back();
  }
  if (position < active().size_bytes()) {
    cut_bytes_ += active().size_bytes() - position;
    auto cut = active().truncate(position);
    const auto file = active().file();
    if (!file) {
      return std::unexpected(file.error());
    }
    cut = cut ? (*file)->sync_data() : cut;
    if (!cut) {
      return cut;
    }
  }
  return disk_.sync_directory(directory_);
}

void Log::add_damage(DamagedRange range) { damaged_.push_back(std::move(range)); }

}  // namespace ottla
