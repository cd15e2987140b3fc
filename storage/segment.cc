#include "storage/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace ottla {

namespace {

constexpr std::int64_t walk_buffer_bytes = 8192;

// No CRC covers the base offset. In a segment all offsets are within 2^31 of its own: indexes hold no more, and appends
// roll before that.
bool offsets_can_be(const BatchHeader& header, Offset segment_base) {
  return header.last_offset_delta >= 0 && header.base_offset >= segment_base &&
         header.base_offset.value - segment_base.value <=
             std::numeric_limits<std::int32_t>::max() - header.last_offset_delta;
}

}  // namespace

Segment::Segment(const LogEnvironment& environment, std::string directory, Offset base_offset, std::int64_t size_bytes,
                 std::int64_t index_interval_bytes)
    : environment_(environment),
      directory_(std::move(directory)),
      base_offset_(base_offset),
      log_path_(path("log")),
      index_interval_bytes_(index_interval_bytes),
      size_bytes_(size_bytes) {}

Result<std::unique_ptr<Segment>> Segment::create(const LogEnvironment& environment, std::string directory,
                                                 Offset base_offset, std::int64_t index_interval_bytes) {
  auto segment = std::make_unique<Segment>(environment, std::move(directory), base_offset, 0, index_interval_bytes);
  if (auto removed = segment->remove_indexes(); !removed) {
    return std::unexpected(std::move(removed.error()));
  }
  environment.files.forget(segment->log_path_);
  const auto file = environment.disk.open(segment->log_path_, OpenMode::create_or_open);
  if (!file) {
    return std::unexpected(file.error());
  }
  if (auto emptied = (*file)->truncate(0); !emptied) {
    return std::unexpected(std::move(emptied.error()));
  }
  segment->index_.emplace();
  return segment;
}

std::string Segment::path(const char* suffix) const {
  return fmt::format("{}/{:020}.{}", directory_, base_offset_.value, suffix);
}

Result<void> Segment::append(std::span<const std::span<const std::byte>> batches, bool& cannot_restore) {
  const auto opened = file();
  if (!opened) {
    return std::unexpected(opened.error());
  }
  auto written = (*opened)->write_at(batches, size_bytes_);
  if (!written) {
    const auto cut = (*opened)->truncate(size_bytes_);
    cannot_restore = !cut;
    return written;
  }
  std::int64_t end = size_bytes_;
  for (const auto batch : batches) {
    end += static_cast<std::int64_t>(batch.size());
  }
  verified_->add(size_bytes_, end);
  return {};
}

void Segment::account(const BatchHeader& header, std::int64_t position) {
  if (first_timestamp_ms_ == no_timestamp) {
    first_timestamp_ms_ = header.max_timestamp_ms;
  }
  if (header.max_timestamp_ms > max_timestamp_ms_) {
    max_timestamp_ms_ = header.max_timestamp_ms;
    last_offset_of_max_ = header.last_offset();
  }
  if (index_ && bytes_since_index_entry_ > index_interval_bytes_) {
    index_->offsets.add(
        {static_cast<std::int32_t>(header.last_offset() - base_offset_), static_cast<std::int32_t>(position)});
    index_->times.add({max_timestamp_ms_, static_cast<std::int32_t>(last_offset_of_max_ - base_offset_)});
    bytes_since_index_entry_ = 0;
  }
  bytes_since_index_entry_ += header.size_bytes();
  size_bytes_ = position + header.size_bytes();
}

Result<std::int64_t> Segment::walk(std::int64_t position, const std::function<bool(const BatchAt&)>& visit) {
  constexpr auto header_bytes = static_cast<std::int64_t>(batch_header_bytes);
  std::array<std::byte, walk_buffer_bytes> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
  std::int64_t begin = 0;                           // of what the buffer holds
  std::int64_t filled = 0;
  const auto opened = size_bytes_ > 0 ? file() : Result<std::shared_ptr<File>>{};
  if (!opened) {
    return std::unexpected(opened.error());
  }
  for (;;) {
    if (const auto hole = std::ranges::find(skipped_, position, [](const auto& one) { return one.first; });
        hole != skipped_.end()) {
      position = hole->second;
    }
    if (position + header_bytes > size_bytes_) {
      break;
    }
    if (position < begin || position + header_bytes > begin + filled) {
      const auto got = (*opened)->read_at(buffer, position);
      if (!got) {
        return std::unexpected(got.error());
      }
      begin = position;
      filled = static_cast<std::int64_t>(*got);
      if (filled < header_bytes) {
        break;  // the file is shorter than it was
      }
    }
    const auto bytes = std::span(buffer).subspan(static_cast<std::size_t>(position - begin), batch_header_bytes);
    const BatchAt batch{BatchHeader::read(bytes), position};
    const bool can_be = batch.header.magic == 2 && batch.header.size_bytes() >= header_bytes &&
                        batch.end() <= size_bytes_ && offsets_can_be(batch.header, base_offset_);
    if (!can_be || !visit(batch)) {
      break;
    }
    position = batch.end();
  }
  return position;
}

Result<Bytes> Segment::read_batch(const BatchAt& batch) {
  const auto opened = file();
  if (!opened) {
    return std::unexpected(opened.error());
  }
  Bytes bytes(static_cast<std::size_t>(batch.header.size_bytes()));
  const auto got = (*opened)->read_at(bytes, batch.position);
  if (!got) {
    return std::unexpected(got.error());
  }
  if (*got != bytes.size() || !crc_is_right(bytes)) {
    return failure(ErrorCode::CORRUPT_MESSAGE, fmt::format("{}: the batch at position {} (offset {}) is damaged",
                                                           log_path_, batch.position, batch.header.base_offset.value));
  }
  verified_->add(batch.position, batch.end());
  return bytes;
}

Result<std::optional<BatchAt>> Segment::last_batch() {
  if (auto loaded = load_indexes(); !loaded) {
    return std::unexpected(std::move(loaded.error()));
  }
  const auto& entries = index_->offsets.entries();
  std::optional<BatchAt> last;
  const auto walked = walk(entries.empty() ? 0 : entries.back().position, [&](const BatchAt& batch) {
    last = batch;
    return true;
  });
  if (!walked) {
    return std::unexpected(walked.error());
  }
  return *walked == size_bytes_ ? last : std::nullopt;
}

Result<void> Segment::truncate(std::int64_t size_bytes) {
  if (auto removed = remove_indexes(); !removed) {  // a later log of the same length would find them to fit
    return removed;
  }
  const auto opened = file();
  if (!opened) {
    return std::unexpected(opened.error());
  }
  if (auto cut = (*opened)->truncate(size_bytes); !cut) {
    return cut;
  }
  size_bytes_ = size_bytes;
  verified_->cut(size_bytes);
  return rebuild_indexes();  // the greatest timestamp may have been in what is gone
}

Result<std::int64_t> Segment::rebuild(std::int64_t from, const std::function<bool(const BatchAt&)>& accept) {
  if (from == 0) {
    index_.emplace();
    bytes_since_index_entry_ = 0;
    first_timestamp_ms_ = max_timestamp_ms_ = no_timestamp;
  }
  const std::int64_t size = size_bytes_;
  return walk(from, [&](const BatchAt& batch) {
    if (!accept(batch)) {
      return false;
    }
    account(batch.header, batch.position);
    size_bytes_ = size;
    return true;
  });
}

Result<void> Segment::remove_files() {
  environment_.files.forget(log_path_);
  if (environment_.disk.exists(log_path_)) {
    if (auto removed = environment_.disk.remove(log_path_); !removed) {
      return removed;
    }
  }
  return remove_indexes();
}

Result<void> remove_replaced(Disk& disk, const std::string& directory,
                             const std::vector<std::unique_ptr<Segment>>& segments) {
  auto done = disk.sync_directory(directory);
  for (const auto& segment : segments) {
    done = done ? segment->remove_files() : done;
  }
  return done ? disk.sync_directory(directory) : done;
}

}  // namespace ottla
