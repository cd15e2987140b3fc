// A log loses its end: to a leader that says otherwise, or to a crash.
#include <algorithm>

#include "storage/leader_epochs.h"
#include "storage/log.h"
#include "storage/producer_state.h"
#include "storage/segment.h"

namespace ottla {

Result<void> Log::truncate_to(Offset offset) {
  if (auto may = may_write(); !may) {
    return may;
  }
  if (offset >= log_end_offset_) {
    const LeaderEpochs before = epochs_;
    epochs_.truncate(log_end_offset_);
    return write_epochs_unless(before);
  }
  ++generation_;
  has_changed_ = true;
  const std::size_t index = segment_of(offset);
  const auto batch = segments_[index]->find(offset);
  if (!batch) {
    return std::unexpected(batch.error());
  }
  const std::int64_t position = *batch ? (*batch)->position : segments_[index]->size_bytes();
  log_end_offset_ = *batch ? std::min(offset, (*batch)->header.base_offset) : offset;
  const bool nothing_left = log_end_offset_ < log_start_offset_;  // the start lies within the batch that is cut
  log_end_offset_ = std::max(log_end_offset_, log_start_offset_);
  durable_end_offset_ = std::min(durable_end_offset_, log_end_offset_);
  last_batch_crc_ = 0;
  auto done = environment_.marks.lower(key_, {.durable_end_offset = durable_end_offset_});
  if (done && nothing_left) {
    epochs_ = {};  // of nothing; and a crash on the way leaves none of what was there, as start_anew_at says
    done = write_leader_epochs(disk_, directory_, epochs_);
    done = done ? start_anew() : done;
  } else if (done) {
    done = cut_tail(index + 1, position);
  }
  if (!done) {
    fail(done.error());
    return done;
  }
  epochs_.truncate(log_end_offset_);
  if (auto marked = mark_unsynced(); !marked) {
    return marked;
  }
  done = restore_producers();
  return done ? write_leader_epochs(disk_, directory_, epochs_) : done;
}

// What is left below the cut and is not durable yet: a job under way speaks of the log before the cut.
Result<void> Log::mark_unsynced() {
  dirty_files_.clear();
  for (std::size_t index = segment_of(durable_end_offset_);
       durable_end_offset_ < log_end_offset_ && index < segments_.size(); ++index) {
    const auto file = segments_[index]->file();
    if (!file) {
      return std::unexpected(file.error());
    }
    mark_dirty(*file);
  }
  return {};
}

// What was durable is given up first, and what was known of its epochs: a crash on the way leaves a part of the old
// log, and no damage; or the new one, and nothing that says that it holds anything.
Result<void> Log::start_anew_at(Offset offset) {
  if (auto may = may_write(); !may) {
    return may;
  }
  ++generation_;
  has_changed_ = true;
  dirty_files_.clear();
  auto done = environment_.marks.lower(key_, {.durable_end_offset = durable_start_offset_});
  log_start_offset_ = log_end_offset_ = durable_end_offset_ = offset;
  last_batch_crc_ = 0;
  epochs_ = {};
  done = done ? write_leader_epochs(disk_, directory_, epochs_) : done;
  done = done ? start_anew() : done;
  if (!done) {
    fail(done.error());
    return done;
  }
  return restore_producers();
}

// An empty segment at the log's start takes the place of all others: it is there, durably, before they go. One of that
// name is emptied, and stays so: what it had must not come back below what is appended next.
Result<void> Log::start_anew() {
  std::erase_if(segments_, [this](const auto& segment) { return segment->base_offset() == log_end_offset_; });
  const auto old = std::move(segments_);
  segments_.clear();
  auto done = start_segment(log_end_offset_);
  if (done) {
    const auto file = active().file();
    done = file ? (*file)->sync_data() : std::unexpected(file.error());
  }
  return done ? remove_replaced(disk_, directory_, old) : done;
}

}  // namespace ottla
