// What is written to the log under the cluster's metadata, to its snapshot and to its vote.
#include <fmt/format.h>

#include <algorithm>

#include "storage/command_log.h"
#include "storage/command_log_format.h"

namespace ottla {

Result<void> CommandLog::check_sequence(std::span<const Entry> entries) const {
  std::uint64_t index = last_index();
  std::uint64_t term = last_term();
  for (const Entry& entry : entries) {
    if (entry.index != ++index || entry.term < term) {
      return failure(ErrorCode::INVALID_REQUEST,
                     fmt::format("metadata entry {} of term {} cannot follow entry {} of term {}", entry.index,
                                 entry.term, index - 1, term));
    }
    if (entry.bytes.size() > entry_max_bytes) {
      return failure(ErrorCode::INVALID_REQUEST, fmt::format("a metadata command of {} bytes is above the bound of {}",
                                                             entry.bytes.size(), entry_max_bytes));
    }
    if (entry.kind < command || entry.kind > kind_max) {
      return failure(ErrorCode::INVALID_REQUEST, fmt::format("a metadata entry of kind {}", entry.kind));
    }
    term = entry.term;
  }
  return {};
}

Result<void> CommandLog::append(std::span<const Entry> entries) {
  if (dead_) {
    return std::unexpected(*dead_);
  }
  if (auto fits = check_sequence(entries); !fits) {
    return fits;
  }
  if (version_ == 1 && std::ranges::any_of(entries, [](const Entry& entry) { return entry.kind != command; })) {
    if (auto done = become_version_2(); !done) {
      return done;
    }
  }
  Writer writer;
  for (const Entry& entry : entries) {
    encode_entry(writer, entry, durable_index_);
  }
  const Bytes bytes = writer.flatten();
  const std::span<const std::byte> part(bytes);
  if (auto written = file_->write_at({&part, 1}, end_bytes_); !written) {
    const auto restored = file_->truncate(end_bytes_);
    return restored ? written : die(std::move(written.error()));
  }
  if (auto synced = file_->sync_data(); !synced) {
    return die(std::move(synced.error()));
  }
  end_bytes_ += static_cast<std::int64_t>(bytes.size());
  entries_.insert(entries_.end(), entries.begin(), entries.end());
  durable_index_ = last_index();
  return {};
}

Result<void> CommandLog::write(std::uint64_t first, std::span<const Entry> entries) {
  if (dead_) {
    return std::unexpected(*dead_);
  }
  const std::uint64_t kept = std::max(base_index_, snapshot_ ? snapshot_->index : 0);
  if (first <= kept || first > last_index() + 1) {
    return failure(ErrorCode::INVALID_REQUEST, fmt::format("no metadata entry can be written at {}: {} to {} may go",
                                                           first, kept + 1, last_index()));
  }
  return first > last_index() ? append(entries) : write_over(first, entries);
}

// A new file: what a crash leaves of an overwritten one would be old entries behind new ones, which tell that those
// between them had been durable.
Result<void> CommandLog::write_over(std::uint64_t first, std::span<const Entry> entries) {
  const std::vector<Entry> gone(entries_.begin() + static_cast<std::ptrdiff_t>(first - first_index()), entries_.end());
  entries_.resize(first - first_index());
  if (auto fits = check_sequence(entries); !fits) {
    entries_.insert(entries_.end(), gone.begin(), gone.end());
    return fits;
  }
  entries_.insert(entries_.end(), entries.begin(), entries.end());
  auto restarted = start_log();
  return restarted ? restarted : die(std::move(restarted.error()));
}

Result<void> CommandLog::become_version_2() {
  if (!vote_) {
    if (auto done = store_vote({last_term(), 0}); !done) {
      return done;
    }
  }
  version_ = 2;
  auto restarted = start_log();
  return restarted ? restarted : die(std::move(restarted.error()));
}

Result<void> CommandLog::write_snapshot(std::uint64_t index, std::uint64_t term, Bytes image) {
  return write_snapshot({.index = index, .term = term, .bytes = std::move(image)}, index + 1);
}

Result<void> CommandLog::write_snapshot(Snapshot snapshot, std::uint64_t keep_from) {
  if (dead_) {
    return std::unexpected(*dead_);
  }
  const std::uint64_t index = snapshot.index;
  if (!has(index, snapshot.term) || (snapshot_ && index <= snapshot_->index) || keep_from > index + 1) {
    return failure(ErrorCode::INVALID_REQUEST, fmt::format("no snapshot at {} of term {}: the log holds {} to {}",
                                                           index, snapshot.term, base_index_ + 1, last_index()));
  }
  if (auto stored = store_snapshot(std::move(snapshot)); !stored) {
    return stored;
  }
  if (keep_from <= first_index()) {
    return {};
  }
  drop_entries_before(keep_from);
  auto restarted = start_log();
  return restarted ? restarted : die(std::move(restarted.error()));
}

Result<void> CommandLog::install_snapshot(Snapshot snapshot) {
  if (dead_) {
    return std::unexpected(*dead_);
  }
  if (snapshot_ && (snapshot.index < snapshot_->index || snapshot.term < snapshot_->term)) {
    return failure(ErrorCode::INVALID_REQUEST,
                   fmt::format("a snapshot at {} instead of one at {}", snapshot.index, snapshot_->index));
  }
  if (auto stored = store_snapshot(std::move(snapshot)); !stored) {
    return stored;
  }
  drop_log();
  auto restarted = start_log();
  return restarted ? restarted : die(std::move(restarted.error()));
}

Result<void> CommandLog::store_snapshot(Snapshot snapshot) {
  if (auto written = replace_file(disk_, directory_ + "/snapshot", encode_snapshot(snapshot)); !written) {
    return die(std::move(written.error()));
  }
  snapshot_ = std::move(snapshot);
  return {};
}

Result<void> CommandLog::store_vote(Vote vote) {
  if (dead_) {
    return std::unexpected(*dead_);
  }
  if (vote_ && (vote.term < vote_->term ||
                (vote.term == vote_->term && vote_->voted_for != 0 && vote.voted_for != vote_->voted_for))) {
    return failure(ErrorCode::INVALID_REQUEST, fmt::format("a vote in term {} for {}, after one in term {} for {}",
                                                           vote.term, vote.voted_for, vote_->term, vote_->voted_for));
  }
  if (auto written = replace_file(disk_, directory_ + "/vote", encode_vote(vote)); !written) {
    return die(std::move(written.error()));
  }
  vote_ = vote;
  return {};
}

}  // namespace ottla
