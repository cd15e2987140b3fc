#include "storage/segment.h"

#include <fmt/format.h>

#include <array>

namespace ottla {

Segment::Segment(Disk& disk, std::string directory, Offset base_offset, std::int64_t size_bytes,
                 std::int64_t index_interval_bytes)
    : disk_(disk),
      directory_(std::move(directory)),
      base_offset_(base_offset),
      index_interval_bytes_(index_interval_bytes),
      size_bytes_(size_bytes) {}

Result<std::unique_ptr<Segment>> Segment::create(Disk& disk, std::string directory, Offset base_offset,
                                                 std::int64_t index_interval_bytes) {
  auto segment = std::make_unique<Segment>(disk, std::move(directory), base_offset, 0, index_interval_bytes);
  auto file = disk.open(segment->path("log"), OpenMode::create_or_open);
  if (!file) {
    return std::unexpected(std::move(file.error()));
  }
  if (auto emptied = (*file)->truncate(0); !emptied) {
    return std::unexpected(std::move(emptied.error()));
  }
  segment->file_ = std::move(*file);
  segment->index_.emplace();
  return segment;
}

std::string Segment::path(const char* suffix) const {
  return fmt::format("{}/{:020}.{}", directory_, base_offset_.value, suffix);
}

Result<std::shared_ptr<File>> Segment::file() {
  if (!file_) {
    auto opened = disk_.open(path("log"), OpenMode::write_existing);
    if (!opened) {
      return opened;
    }
    file_ = std::move(*opened);
  }
  return file_;
}

Result<void> Segment::append(std::span<const std::span<const std::byte>> batches) {
  const auto opened = file();
  if (!opened) {
    return std::unexpected(opened.error());
  }
  auto written = (*opened)->write_at(batches, size_bytes_);
  if (!written) {
    if (const auto cut = (*opened)->truncate(size_bytes_); !cut) {
      written.error().message += "; and " + cut.error().message;
    }
  }
  return written;
}

void Segment::account(const BatchHeader& header, std::int64_t position, Offset offset_of_max_timestamp) {
  if (first_timestamp_ms_ == no_timestamp) {
    first_timestamp_ms_ = header.max_timestamp_ms;
  }
  if (header.max_timestamp_ms > max_timestamp_ms_) {
    max_timestamp_ms_ = header.max_timestamp_ms;
    offset_of_max_timestamp_ = offset_of_max_timestamp;
  }
  if (index_ && bytes_since_index_entry_ > index_interval_bytes_) {
    index_->offsets.add(
        {static_cast<std::int32_t>(header.last_offset() - base_offset_), static_cast<std::int32_t>(position)});
    index_->times.add({max_timestamp_ms_, static_cast<std::int32_t>(offset_of_max_timestamp_ - base_offset_)});
    bytes_since_index_entry_ = 0;
  }
  bytes_since_index_entry_ += header.size_bytes();
  size_bytes_ = position + header.size_bytes();
}

Result<std::int64_t> Segment::walk(std::int64_t position, const std::function<bool(const BatchAt&)>& visit) {
  const auto opened = file();
  if (!opened) {
    return std::unexpected(opened.error());
  }
  std::array<std::byte, batch_header_bytes> bytes{};
  while (position + static_cast<std::int64_t>(batch_header_bytes) <= size_bytes_) {
    const auto got = (*opened)->read_at(bytes, position);
    if (!got) {
      return std::unexpected(got.error());
    }
    const BatchAt batch{BatchHeader::read(bytes), position};
    const bool whole = *got == bytes.size() && batch.header.magic == 2 && batch.header.last_offset_delta >= 0 &&
                       batch.header.size_bytes() >= static_cast<std::int64_t>(batch_header_bytes) &&
                       position + batch.header.size_bytes() <= size_bytes_;
    if (!whole || !visit(batch)) {
      break;
    }
    position += batch.header.size_bytes();
  }
  return position;
}

Result<std::optional<BatchAt>> Segment::find(Offset offset) {
  if (auto loaded = load_indexes(); !loaded) {
    return std::unexpected(std::move(loaded.error()));
  }
  std::optional<BatchAt> found;
  const auto walked = walk(index_->offsets.floor(offset - base_offset_).position, [&](const BatchAt& batch) {
    if (batch.header.last_offset() < offset) {
      return true;
    }
    found = batch;
    return false;
  });
  if (!walked) {
    return std::unexpected(walked.error());
  }
  return found;
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
  if (*got != bytes.size()) {
    return failure(ErrorCode::CORRUPT_MESSAGE, fmt::format("{} ends inside a batch", path("log")));
  }
  return bytes;
}

Result<std::int64_t> Segment::position_before_time(std::int64_t timestamp_ms) {
  if (auto loaded = load_indexes(); !loaded) {
    return std::unexpected(std::move(loaded.error()));
  }
  const auto entry = index_->times.before(timestamp_ms);
  return entry ? index_->offsets.floor(entry->relative_offset).position : 0;
}

Result<void> Segment::truncate(std::int64_t size_bytes, Offset end) {
  const auto opened = file();
  if (!opened) {
    return std::unexpected(opened.error());
  }
  if (auto cut = (*opened)->truncate(size_bytes); !cut) {
    return cut;
  }
  size_bytes_ = size_bytes;
  if (index_) {
    index_->offsets.truncate(size_bytes);
    index_->times.truncate(end - base_offset_);
  }
  return {};
}

Result<std::int64_t> Segment::rebuild(std::int64_t from, const std::function<bool(const BatchAt&)>& accept) {
  if (from == 0) {
    index_.emplace();
    bytes_since_index_entry_ = 0;
    first_timestamp_ms_ = max_timestamp_ms_ = no_timestamp;
  }
  const std::int64_t size = size_bytes_;
  const auto walked = walk(from, [&](const BatchAt& batch) {
    if (!accept(batch)) {
      return false;
    }
    account(batch.header, batch.position, batch.header.last_offset());
    size_bytes_ = size;
    return true;
  });
  return walked;
}

Result<void> Segment::load_indexes() {
  if (index_) {
    return {};
  }
  if (auto indexes = read_indexes()) {
    index_ = std::move(indexes);
    return {};
  }
  const auto rebuilt = rebuild(0, [](const BatchAt&) { return true; });
  return rebuilt ? Result<void>{} : std::unexpected(rebuilt.error());
}

std::optional<Segment::Indexes> Segment::read_indexes() {
  const auto offsets = read_whole_file(disk_, path("index"));
  const auto times = read_whole_file(disk_, path("timeindex"));
  if (!offsets || !times) {
    return std::nullopt;
  }
  auto offset_index = OffsetIndex::decode(*offsets, size_bytes_);
  auto time_index = TimeIndex::decode(*times);
  if (!offset_index || !time_index) {
    return std::nullopt;
  }
  Indexes indexes{std::move(*offset_index), std::move(*time_index)};
  return fits(indexes) ? std::optional(std::move(indexes)) : std::nullopt;
}

// An index with at least as many entries as the log is long, whose last entry points at the batch it names.
bool Segment::fits(const Indexes& indexes) {
  const auto& entries = indexes.offsets.entries();
  if (entries.empty()) {
    return size_bytes_ <= 2 * index_interval_bytes_;
  }
  bool right = false;
  const auto walked = walk(entries.back().position, [&](const BatchAt& batch) {
    right = batch.header.last_offset() - base_offset_ == entries.back().relative_offset;
    return false;
  });
  return walked && right;
}

Result<void> Segment::write_indexes() {
  if (auto loaded = load_indexes(); !loaded) {
    return loaded;
  }
  if (max_timestamp_ms_ != no_timestamp) {  // Kafka's last entry: the greatest timestamp of the whole segment
    index_->times.add({max_timestamp_ms_, static_cast<std::int32_t>(offset_of_max_timestamp_ - base_offset_)});
  }
  if (auto written = replace_file(disk_, path("index"), index_->offsets.encode()); !written) {
    return written;
  }
  return replace_file(disk_, path("timeindex"), index_->times.encode());
}

}  // namespace ottla
