// A log's part in compaction: what may be compacted, and the swap.
#include <fmt/format.h>

#include <algorithm>

#include "storage/compaction.h"
#include "storage/log.h"
#include "storage/log_file_names.h"
#include "storage/producer_state.h"
#include "storage/segment.h"

namespace ottla {

namespace {

std::string file_of(const std::string& directory, Offset base, const char* suffix) {
  return fmt::format("{}/{:020}.{}", directory, base.value, suffix);
}

}  // namespace

// The segment that holds the last batch is never rewritten: the durable mark and the clean end know that batch.
Result<std::optional<CompactionPlan>> Log::plan_compaction(std::int64_t now_ms, Offset high_watermark) {
  if (!damaged_.empty() || failed_) {
    return std::nullopt;
  }
  CompactionPlan plan{.directory = directory_,
                      .generation = generation_,
                      .sources = {},
                      .first_dirty = std::max(cleaned_to_, segments_.front()->base_offset()),
                      .end = segments_.front()->base_offset(),
                      .last_of_producers = {},
                      .now_ms = now_ms};
  for (const auto& last : producers_->last_batches()) {
    plan.last_of_producers.insert(last.base_offset);
  }
  const std::size_t closed = segments_.size() - (active().size_bytes() == 0 && segments_.size() > 1 ? 2 : 1);
  std::int64_t all_bytes = 0;
  std::int64_t dirty_bytes = 0;
  bool is_overdue = false;
  for (std::size_t i = 0; i < closed; ++i) {
    Segment& segment = *segments_[i];
    const Offset end = segments_[i + 1]->base_offset();
    const auto newest_ms = segment.max_timestamp_ms();
    if (!newest_ms) {
      return std::unexpected(newest_ms.error());
    }
    if (end > high_watermark || end > durable_end_offset_ ||
        (config_.min_compaction_lag_ms > 0 && now_ms - *newest_ms < config_.min_compaction_lag_ms)) {
      break;
    }
    auto file = segment.file();
    if (!file) {
      return std::unexpected(std::move(file.error()));
    }
    const bool is_dirty = end > plan.first_dirty;
    all_bytes += segment.size_bytes();
    dirty_bytes += is_dirty ? segment.size_bytes() : 0;
    is_overdue = is_overdue || (is_dirty && now_ms - *newest_ms > config_.max_compaction_lag_ms);
    plan.sources.push_back({segment.base_offset(), segment.size_bytes(), std::move(*file)});
    plan.end = end;
  }
  const bool is_worth_it = dirty_bytes > 0 && static_cast<double>(dirty_bytes) >=
                                                  config_.min_cleanable_dirty_ratio * static_cast<double>(all_bytes);
  return is_worth_it || is_overdue ? std::optional(std::move(plan)) : std::nullopt;
}

Result<void> Log::install(const Compacted& compacted) {
  if (auto may = may_write(); !may) {
    return may;
  }
  if (compacted.generation != generation_) {
    return {};  // truncated meanwhile; a start removes what was written
  }
  // The mark in the journal may lag behind and name a batch that goes now.
  auto done = environment_.marks.lower(key_, {.durable_end_offset = durable_end_offset_});
  done = done ? forget_no_gaps() : done;
  if (!done) {
    return done;
  }
  for (const auto& replacement : compacted.replacements) {
    const auto at =
        std::ranges::find(segments_, replacement.base_offset, [](const auto& one) { return one->base_offset(); });
    if (at == segments_.end()) {
      continue;  // deleted meanwhile
    }
    const std::string swap = file_of(directory_, replacement.base_offset, "log.swap");
    done = disk_.rename(file_of(directory_, replacement.base_offset, "log.cleaned"), swap);
    done = done ? disk_.sync_directory(directory_) : done;
    const auto first = static_cast<std::size_t>(at - segments_.begin());
    std::vector<Offset> replaced;
    for (std::size_t i = first + 1; i < first + replacement.sources; ++i) {
      replaced.push_back(segments_[i]->base_offset());
    }
    done = done ? finish_swap(replacement.base_offset, replaced) : done;
    if (!done) {
      fail(done.error());
      return done;
    }
    segments_.erase(at + 1, at + static_cast<std::ptrdiff_t>(replacement.sources));
    *at = std::make_unique<Segment>(environment_, directory_, replacement.base_offset, replacement.size_bytes,
                                    config_.index_interval_bytes);
    (void)(*at)->write_indexes();  // rebuilt when needed, otherwise
  }
  cleaned_to_ = std::max(cleaned_to_, compacted.cleaned_to);
  return {};
}

// What is replaced goes, durably, before the new file takes the name.
Result<void> Log::finish_swap(Offset base, const std::vector<Offset>& replaced) {
  for (const Offset old : replaced) {
    Segment gone(environment_, directory_, old, 0, 0);
    if (auto removed = gone.remove_files(); !removed) {
      return removed;
    }
  }
  Segment here(environment_, directory_, base, 0, 0);
  auto done = here.remove_indexes();
  done = done ? disk_.sync_directory(directory_) : done;
  done = done ? disk_.rename(file_of(directory_, base, "log.swap"), file_of(directory_, base, "log")) : done;
  environment_.files.forget(file_of(directory_, base, "log"));
  return done ? disk_.sync_directory(directory_) : done;
}

// Where a compaction broke off, or a segment that was written before it had its name: what was not complete goes, what
// was complete is finished. True if there was any.
Result<bool> Log::finish_compactions(const std::vector<std::string>& names) {
  bool has_finished = false;
  for (const std::string& name : names) {
    if (offset_in_name(name, "", ".log.cleaned") || offset_in_name(name, "", ".log.tmp")) {
      has_finished = true;
      if (auto removed = disk_.remove(directory_ + "/" + name); !removed) {
        return std::unexpected(removed.error());
      }
    }
    const auto base = offset_in_name(name, "", ".log.swap");
    if (!base) {
      continue;
    }
    has_finished = true;
    const auto end = end_of_swap(name, *base);
    if (!end) {
      return std::unexpected(end.error());
    }
    std::vector<Offset> replaced;
    for (const std::string& other : names) {
      const auto old = offset_in_name(other, "", ".log");
      if (old && *old > *base && *old < *end) {
        replaced.push_back(*old);
      }
    }
    if (auto finished = finish_swap(*base, replaced); !finished) {
      return std::unexpected(finished.error());
    }
  }
  return has_finished;
}

Result<Offset> Log::end_of_swap(const std::string& name, Offset base) {
  const auto content = read_whole_file(disk_, directory_ + "/" + name);
  if (!content) {
    return std::unexpected(content.error());
  }
  Offset end = base;
  for (std::span<const std::byte> rest(*content); rest.size() >= batch_header_bytes;) {
    const auto header = BatchHeader::read(rest);
    if (header.size_bytes() < static_cast<std::int64_t>(batch_header_bytes) ||
        header.size_bytes() > static_cast<std::int64_t>(rest.size())) {
      break;
    }
    end = header.next_offset();
    rest = rest.subspan(static_cast<std::size_t>(header.size_bytes()));
  }
  return end;
}

}  // namespace ottla
