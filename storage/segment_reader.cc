#include "storage/segment_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/record.h"

namespace ottla {

namespace {

constexpr std::int64_t window_bytes = std::int64_t{1024} * 1024;
constexpr auto header_bytes = static_cast<std::int64_t>(batch_header_bytes);
constexpr std::size_t crc_covers_from = 21;

std::unexpected<Error> is_no_batch(std::string why) { return failure(ErrorCode::CORRUPT_MESSAGE, std::move(why)); }

}  // namespace

Result<SegmentReader> SegmentReader::open(Disk& disk, const std::string& path) {
  auto file = disk.open(path, OpenMode::read);
  if (!file) {
    return std::unexpected(std::move(file.error()));
  }
  const auto size = (*file)->size();
  if (!size) {
    return std::unexpected(size.error());
  }
  return SegmentReader(std::move(*file), *size);
}

Result<std::span<const std::byte>> SegmentReader::window(std::int64_t position, std::int64_t bytes) {
  const auto buffered = static_cast<std::int64_t>(buffer_.size());
  if (position < buffer_begin_ || position + bytes > buffer_begin_ + buffered) {
    buffer_.resize(static_cast<std::size_t>(std::min(std::max(bytes, window_bytes), size_bytes_ - position)));
    const auto got = file_->read_at(buffer_, position);
    buffer_begin_ = position;
    buffer_.resize(got.value_or(0));
    if (!got) {
      return std::unexpected(got.error());
    }
  }
  const auto from = static_cast<std::size_t>(position - buffer_begin_);
  return std::span<const std::byte>(buffer_).subspan(from,
                                                     std::min(static_cast<std::size_t>(bytes), buffer_.size() - from));
}

Result<StoredBatch> SegmentReader::batch_at(std::int64_t position) {
  const std::int64_t left = size_bytes_ - position;
  if (left < header_bytes) {
    return is_no_batch(fmt::format("{} bytes, too few for a batch", left));
  }
  const auto start = window(position, header_bytes);
  if (!start) {
    return std::unexpected(start.error());
  }
  if (start->size() < batch_header_bytes) {
    return is_no_batch("the file has become shorter");
  }
  StoredBatch batch{.header = BatchHeader::read(*start), .position = position, .bytes = {}};
  const BatchHeader& header = batch.header;
  if (header.magic != 2) {
    return is_no_batch(fmt::format("magic {} where a batch of format 2 should be", header.magic));
  }
  if (header.size_bytes() < header_bytes || header.last_offset_delta < 0 || header.records_count < 0 ||
      header.base_offset < Offset{0}) {
    return is_no_batch(
        fmt::format("a batch header that cannot be (length {}, base offset {}, last offset delta {}, {} records)",
                    header.batch_length, header.base_offset.value, header.last_offset_delta, header.records_count));
  }
  if (header.size_bytes() > left) {
    return is_no_batch(fmt::format("a batch of {} bytes, of which {} are there", header.size_bytes(), left));
  }
  const auto whole = window(position, header.size_bytes());
  if (!whole) {
    return std::unexpected(whole.error());
  }
  if (static_cast<std::int64_t>(whole->size()) < header.size_bytes()) {
    return is_no_batch("the file has become shorter");
  }
  if (const auto crc = crc32c(whole->subspan(crc_covers_from)); crc != header.crc) {
    return is_no_batch(fmt::format("a batch whose CRC is {:08x} and should be {:08x}", crc, header.crc));
  }
  batch.bytes = *whole;
  return batch;
}

Result<std::optional<std::int64_t>> SegmentReader::sound_batch_behind(std::int64_t position) {
  if (size_bytes_ - position < header_bytes) {
    return std::nullopt;
  }
  const auto start = window(position, header_bytes);
  if (!start) {
    return std::unexpected(start.error());
  }
  const std::int64_t size = start->size() < batch_header_bytes ? 0 : BatchHeader::read(*start).size_bytes();
  if (size < header_bytes || size >= size_bytes_ - position) {
    return std::nullopt;
  }
  const auto behind = batch_at(position + size);
  return behind ? std::optional(position + size) : std::nullopt;
}

Result<void> check_records(std::span<const std::byte> batch) {
  const auto header = BatchHeader::read(batch);
  std::int32_t count = 0;
  std::int32_t last_delta = -1;
  auto walked = for_each_record(batch, stored_batch_limits, [&](const RecordView& record) -> Result<void> {
    if (record.offset_delta <= last_delta || record.offset_delta > header.last_offset_delta) {
      return is_no_batch(fmt::format("a record with offset delta {} behind {}, in a batch that ends at {}",
                                     record.offset_delta, last_delta, header.last_offset_delta));
    }
    last_delta = record.offset_delta;
    ++count;
    return {};
  });
  if (walked && count != header.records_count) {
    walked = is_no_batch(fmt::format("{} records, {} by its header", count, header.records_count));
  }
  return walked;
}

}  // namespace ottla
