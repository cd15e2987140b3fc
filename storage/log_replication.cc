// A follower's log: batches come as the leader has them.
#include <fmt/format.h>

#include <algorithm>

#include "storage/gathered_batches.h"
#include "storage/leader_epochs.h"
#include "storage/log.h"
#include "storage/producer_state.h"
#include "storage/segment.h"

namespace ottla {

namespace {

std::unexpected<Error> damaged_at(Offset offset, std::string_view what) {
  return failure(ErrorCode::CORRUPT_MESSAGE, fmt::format("what the leader sent for offset {} {}", offset.value, what));
}

// What follows `next`, the last record before it being of `epoch`. A log that has just begun takes a first batch
// that begins before `next` and holds it.
Result<std::vector<BatchHeader>> check_replicated(std::span<const std::byte> batches, Offset next, LeaderEpoch epoch,
                                                  bool has_just_begun) {
  std::vector<BatchHeader> headers;
  while (batches.size() >= batch_header_bytes) {
    const BatchHeader header = BatchHeader::read(batches);
    const std::int64_t size = header.size_bytes();
    if (header.magic != 2 || size < static_cast<std::int64_t>(batch_header_bytes) || header.last_offset_delta < 0) {
      return damaged_at(next, "is no batch");
    }
    if (size > static_cast<std::int64_t>(batches.size())) {
      break;
    }
    const auto batch = batches.first(static_cast<std::size_t>(size));
    if (!crc_is_right(batch)) {
      return damaged_at(next, "has a wrong CRC");
    }
    const bool begins_within = has_just_begun && headers.empty() && header.next_offset() > next;
    if ((header.base_offset < next && !begins_within) || header.partition_leader_epoch < epoch) {
      return damaged_at(next, fmt::format("is of offset {} and epoch {}", header.base_offset.value,
                                          header.partition_leader_epoch.value));
    }
    headers.push_back(header);
    next = header.next_offset();
    epoch = header.partition_leader_epoch;
    batches = batches.subspan(batch.size());
  }
  return headers;
}

}  // namespace

Result<void> Log::append_replicated(std::span<const std::byte> batches, std::int64_t now_ms) {
  latest_now_ms_ = now_ms;
  if (auto may = may_write(); !may) {
    return may;
  }
  const bool has_just_begun = segments_.size() == 1 && active().base_offset() == log_end_offset_;
  const auto headers = check_replicated(batches, log_end_offset_, epochs_.at(log_end_offset_ + -1), has_just_begun);
  if (!headers) {
    return std::unexpected(headers.error());
  }
  const LeaderEpochs before = epochs_;
  const Offset end_before = log_end_offset_;
  Offset next = log_end_offset_;
  bool leaves_gap = false;
  for (const BatchHeader& header : *headers) {
    epochs_.add(header.partition_leader_epoch, header.base_offset);
    leaves_gap |= header.base_offset > next;
    next = header.next_offset();
  }
  auto done = leaves_gap ? forget_no_gaps() : Result<void>{};
  done = done && before != epochs_ ? write_leader_epochs(disk_, directory_, epochs_) : done;
  if (!done) {
    // Where no more than the sync of the directory has failed, the next start would find epochs that a crash takes
    // back.
    epochs_ = before;
    const auto undone = write_leader_epochs(disk_, directory_, epochs_);
    if (!undone && read_leader_epochs(disk_, directory_).value_or(LeaderEpochs{}) != before) {
      fail(undone.error());
    }
    return done;
  }
  done = write_replicated(batches, *headers, now_ms);
  if (!done) {
    producers_->truncate(log_end_offset_);
    epochs_.truncate(log_end_offset_ + 1);
    epochs_ = log_end_offset_ == end_before ? before : epochs_;
    // What the file says of epochs that nothing was written in would cut, one day, what is.
    if (auto undone = write_leader_epochs(disk_, directory_, epochs_); !undone) {
      fail(undone.error());
    }
  }
  return done;
}

Result<void> Log::write_replicated(std::span<const std::byte> batches, std::span<const BatchHeader> headers,
                                   std::int64_t now_ms) {
  if (!headers.empty() && headers.front().base_offset < log_end_offset_) {
    const auto size = static_cast<std::size_t>(headers.front().size_bytes());
    if (auto begun = begin_within(headers.front(), batches.first(size), now_ms); !begun) {
      return begun;
    }
    headers = headers.subspan(1);
    batches = batches.subspan(size);
  }
  GatheredBatches gathered;
  for (const BatchHeader& header : headers) {
    if (must_roll(header, gathered.size_bytes, now_ms)) {
      if (auto written = write_gathered(gathered); !written) {
        return written;
      }
      if (auto rolled = roll(now_ms); !rolled) {
        return rolled;
      }
    }
    const auto size = static_cast<std::size_t>(header.size_bytes());
    if (header.has_producer() && !header.is_control()) {
      producers_->remember(header, now_ms);
    }
    gathered.parts.push_back(batches.first(size));
    gathered.headers.push_back(header);
    gathered.size_bytes += header.size_bytes();
    batches = batches.subspan(size);
  }
  return write_gathered(gathered);
}

// The log has nothing yet and starts in the middle of the leader's batch (DeleteRecords): a segment that begins where
// the batch does takes the place of what is there. It has its batch, durably, before it has its name: a crash leaves
// either, or both, and never a log that ends below its start, where offsets would be given a second time.
Result<void> Log::begin_within(const BatchHeader& header, std::span<const std::byte> batch, std::int64_t now_ms) {
  auto segment = std::make_unique<Segment>(environment_, directory_, header.base_offset, header.size_bytes(),
                                           config_.index_interval_bytes);
  const std::string path = segment->path("log");
  const std::string temporary = path + ".tmp";
  if (auto written = write_whole_file(disk_, temporary, batch); !written) {
    (void)disk_.remove(temporary);
    return written;  // a full disk, most likely, and the log is as it was
  }
  auto done = segment->remove_indexes();
  const auto whole = disk_.open(temporary, OpenMode::write_existing);
  done = done && whole ? (*whole)->sync() : done;
  done = done && whole ? disk_.rename(temporary, path) : done;
  const auto old = std::move(segments_);
  segments_.clear();
  segments_.push_back(std::move(segment));
  has_changed_ = true;
  last_batch_crc_ = header.crc;
  last_batch_epoch_ = header.partition_leader_epoch;
  log_end_offset_ = header.next_offset();
  if (header.has_producer() && !header.is_control()) {
    producers_->remember(header, now_ms);
  }
  done = done ? remove_replaced(disk_, directory_, old) : done;
  const auto indexed = active().rebuild(0, [](const BatchAt& /*batch*/) { return true; });
  const auto file = indexed ? active().file() : std::unexpected(indexed.error());
  done = whole && file ? done : std::unexpected(whole ? file.error() : whole.error());
  if (!done) {
    fail(done.error());
    return done;
  }
  mark_dirty(*file);
  return done;
}

}  // namespace ottla
