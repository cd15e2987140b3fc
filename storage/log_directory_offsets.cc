// LogDirectory: the checkpoints, and what must leave them when a partition goes.
#include <fmt/format.h>

#include <algorithm>

#include "storage/log_directory.h"

namespace ottla {

// An entry without a directory is dropped on disk too: it would let a new topic of that name skip its recovery.
Result<void> LogDirectory::read_one_checkpoint(std::string_view file, OffsetsByDirectory& offsets) {
  auto checkpoint = read_checkpoint(disk_, inside(file));
  if (!checkpoint.warning.empty()) {
    warnings_.push_back(std::move(checkpoint.warning));
  }
  offsets = std::move(checkpoint.offsets);
  const auto dropped = std::erase_if(offsets, [this](const auto& entry) {
    return !std::ranges::binary_search(partitions_, entry.first, {}, &PartitionDirectory::name);
  });
  return dropped > 0 ? write_checkpoint(disk_, inside(file), offsets) : Result<void>{};
}

Result<void> LogDirectory::read_checkpoints() {
  if (auto read = read_one_checkpoint(recovery_point_checkpoint, recovery_points_); !read) {
    return read;
  }
  if (auto read = read_one_checkpoint(log_start_checkpoint, log_start_offsets_); !read) {
    return read;
  }
  if (auto read = read_one_checkpoint(cleaner_checkpoint, cleaned_to_); !read) {
    return read;
  }
  return read_one_checkpoint(high_watermark_checkpoint, high_watermarks_);
}

Offset LogDirectory::recovery_point(const std::string& directory_name) const {
  const std::lock_guard lock(mutex_);
  const auto found = recovery_points_.find(directory_name);
  return found != recovery_points_.end() ? found->second : Offset{0};
}

std::optional<Offset> LogDirectory::log_start_offset(const std::string& directory_name) const {
  const std::lock_guard lock(mutex_);
  const auto found = log_start_offsets_.find(directory_name);
  return found != log_start_offsets_.end() ? std::optional(found->second) : std::nullopt;
}

LogHints LogDirectory::hints(const std::string& directory_name, const PartitionKey& key) const {
  LogHints hints{.recovery_point = recovery_point(directory_name),
                 .log_start_offset = log_start_offset(directory_name),
                 .cleaned_to = cleaned_to(directory_name),
                 .clean_end = std::nullopt,
                 .durable_mark = marks_->find(key)};
  const std::lock_guard lock(mutex_);
  if (const auto end = clean_.ends.find(directory_name); end != clean_.ends.end()) {
    hints.clean_end = DurableMark{
        .durable_end_offset = end->second.log_end_offset, .epoch = {}, .last_batch_crc = end->second.last_batch_crc};
  }
  return hints;
}

Offset LogDirectory::cleaned_to(const std::string& directory_name) const {
  const std::lock_guard lock(mutex_);
  const auto found = cleaned_to_.find(directory_name);
  return found != cleaned_to_.end() ? found->second : Offset{0};
}

Offset LogDirectory::high_watermark(const std::string& directory_name) const {
  const std::lock_guard lock(mutex_);
  const auto found = high_watermarks_.find(directory_name);
  return found != high_watermarks_.end() ? found->second : Offset{0};
}

Result<void> LogDirectory::write_high_watermarks(const CollectOffsets& collect) {
  const std::lock_guard lock(mutex_);
  auto collected = collect(high_watermarks_);
  if (collected == high_watermarks_) {
    return {};
  }
  high_watermarks_ = std::move(collected);
  return write_checkpoint(disk_, inside(high_watermark_checkpoint), high_watermarks_);
}

Result<void> LogDirectory::write_cleaned_to(const CollectOffsets& collect) {
  const std::lock_guard lock(mutex_);
  cleaned_to_ = collect(cleaned_to_);
  return write_checkpoint(disk_, inside(cleaner_checkpoint), cleaned_to_);
}

Result<void> LogDirectory::write_recovery_points(const CollectOffsets& collect) {
  const std::lock_guard lock(mutex_);
  auto collected = collect(recovery_points_);
  // Never ahead of the marks: below a recovery point, a mark that lags would let recovery cut what is durable.
  if (auto marked = marks_->sync(); !marked) {
    return marked;
  }
  recovery_points_ = std::move(collected);
  return write_checkpoint(disk_, inside(recovery_point_checkpoint), recovery_points_);
}

Result<void> LogDirectory::write_log_start_offsets(const CollectOffsets& collect) {
  const std::lock_guard lock(mutex_);
  log_start_offsets_ = collect(log_start_offsets_);
  return write_checkpoint(disk_, inside(log_start_checkpoint), log_start_offsets_);
}

// REQUIRES: mutex_.
Result<void> LogDirectory::forget(const std::string& directory_name) {
  clean_.ends.erase(directory_name);
  if (recovery_points_.erase(directory_name) > 0) {
    if (auto written = write_checkpoint(disk_, inside(recovery_point_checkpoint), recovery_points_); !written) {
      return written;
    }
  }
  if (log_start_offsets_.erase(directory_name) > 0) {
    if (auto written = write_checkpoint(disk_, inside(log_start_checkpoint), log_start_offsets_); !written) {
      return written;
    }
  }
  if (cleaned_to_.erase(directory_name) > 0) {
    if (auto written = write_checkpoint(disk_, inside(cleaner_checkpoint), cleaned_to_); !written) {
      return written;
    }
  }
  if (high_watermarks_.erase(directory_name) > 0) {
    return write_checkpoint(disk_, inside(high_watermark_checkpoint), high_watermarks_);
  }
  return {};
}

Result<void> LogDirectory::delete_partition(const std::string& directory_name) {
  const auto parsed = parse_partition_directory(directory_name);
  if (!parsed) {
    return failure(ErrorCode::KAFKA_STORAGE_ERROR, fmt::format("{} is no partition directory", directory_name));
  }
  std::unique_lock lock(mutex_);
  const std::string doomed = inside(deleted_partition_directory(*parsed, Uuid::random()));
  if (disk_.exists(inside(directory_name))) {
    if (auto renamed = disk_.rename(inside(directory_name), doomed); !renamed) {
      return renamed;
    }
    if (auto synced = disk_.sync_directory(path_); !synced) {
      return synced;
    }
  }
  if (auto forgotten = forget(directory_name); !forgotten) {
    return forgotten;
  }
  lock.unlock();
  return disk_.remove_directory(doomed);  // a crash in the middle is finished by the next open
}

Result<std::string> LogDirectory::set_aside(const std::string& directory_name) {
  const auto parsed = parse_partition_directory(directory_name);
  if (!parsed) {
    return failure(ErrorCode::KAFKA_STORAGE_ERROR, fmt::format("{} is no partition directory", directory_name));
  }
  const std::lock_guard lock(mutex_);
  const std::string name = stray_partition_directory(*parsed, Uuid::random());
  auto done = disk_.rename(inside(directory_name), inside(name));
  done = done ? disk_.sync_directory(path_) : done;
  done = done ? forget(directory_name) : done;
  return done ? Result<std::string>(name) : std::unexpected(std::move(done.error()));
}

Result<void> LogDirectory::mark_clean(const std::map<std::string, CleanEnd>& ends) {
  const std::lock_guard lock(mutex_);
  return write_clean_shutdown(disk_, path_, ends);
}

}  // namespace ottla
