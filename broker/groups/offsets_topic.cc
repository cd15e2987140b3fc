#include "broker/groups/offsets_topic.h"

#include "broker/config.h"
#include "protocol/record_batch.h"

namespace ottla {

namespace {

// Java's String.hashCode: over UTF-16 code units.
std::int32_t java_hash(std::string_view utf8) {
  std::uint32_t hash = 0;
  const auto add = [&hash](std::uint32_t unit) { hash = hash * 31 + unit; };
  for (std::size_t i = 0; i < utf8.size();) {
    const auto first = static_cast<unsigned char>(utf8[i]);
    const int more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    std::uint32_t point = more == 0 ? first : first & (0x3FU >> more);
    for (int k = 1; k <= more && i + static_cast<std::size_t>(k) < utf8.size(); ++k) {
      point = (point << 6U) | (static_cast<unsigned char>(utf8[i + static_cast<std::size_t>(k)]) & 0x3FU);
    }
    i += static_cast<std::size_t>(more) + 1;
    if (point < 0x10000) {
      add(point);
    } else {
      add(0xD800 + ((point - 0x10000) >> 10U));
      add(0xDC00 + ((point - 0x10000) & 0x3FFU));
    }
  }
  return static_cast<std::int32_t>(hash);
}

void put_bytes(Writer& writer, std::span<const std::byte> bytes) {
  writer.varint(static_cast<std::int32_t>(bytes.size()));
  writer.raw(bytes);
}

Bytes record_bytes(const groups::LogRecord& record, std::int32_t offset_delta) {
  Writer writer;
  writer.integer<std::int8_t>(0);  // attributes
  writer.varlong(0);               // timestamp delta
  writer.varint(offset_delta);
  put_bytes(writer, record.key);
  if (record.value) {
    put_bytes(writer, *record.value);
  } else {
    writer.varint(-1);
  }
  writer.varint(0);  // headers
  return writer.flatten();
}

}  // namespace

NewTopic offsets_topic_wish(const Config& config) {
  return {.name = std::string(offsets_topic),
          .partitions = config.offsets_topic_num_partitions,
          .configs = {{"cleanup.policy", "compact"},
                      {"compression.type", "producer"},
                      {"flush.messages", "1"},  // a commit is durable, whatever the broker's default for topics
                      {"segment.bytes", std::to_string(config.offsets_topic_segment_bytes)}}};
}

std::int32_t partition_of_group(std::string_view group, std::int32_t partitions) {
  const std::int32_t hash = java_hash(group);
  return hash == std::numeric_limits<std::int32_t>::min() ? 0 : std::abs(hash) % partitions;
}

std::int64_t size_bytes(std::span<const groups::LogRecord> records) {
  std::int64_t size = batch_header_bytes;
  for (const groups::LogRecord& record : records) {
    size += std::ssize(record.key) + (record.value ? std::ssize(*record.value) : 0);
  }
  return size;
}

Bytes batch_of(std::span<const groups::LogRecord> records, std::int64_t timestamp_ms) {
  Writer body;
  std::int32_t count = 0;
  for (const groups::LogRecord& record : records) {
    put_bytes(body, record_bytes(record, count++));
  }
  const Bytes plain = body.flatten();
  Bytes batch(batch_header_bytes + plain.size());
  std::ranges::copy(plain, batch.begin() + batch_header_bytes);
  BatchHeader header{.batch_length = static_cast<std::int32_t>(batch.size() - batch_length_prefix_bytes),
                     .last_offset_delta = count - 1,
                     .base_timestamp_ms = timestamp_ms,
                     .max_timestamp_ms = timestamp_ms,
                     .records_count = count};
  header.write(batch);
  patch_timestamps(batch, timestamp_ms, false);  // sets the CRC
  return batch;
}

Result<void> read_all_records(Partition& partition, const std::function<Result<void>(const RecordView&)>& visit) {
  constexpr std::int64_t read_at_once_bytes = std::int64_t{1024} * 1024;
  const PartitionView view = partition.view();
  if (view.error != ErrorCode::NONE) {
    return failure(view.error, "it is offline");
  }
  Bytes buffer;
  for (Offset next = view.log_start_offset; next < view.log_end_offset;) {
    const auto slice = partition.replica_slice(next, read_at_once_bytes);
    if (!slice) {
      return std::unexpected(slice.error());
    }
    if (slice->size_bytes == 0) {
      return {};
    }
    buffer.resize(static_cast<std::size_t>(slice->size_bytes));
    const auto got = slice->read(buffer);
    if (!got) {
      return std::unexpected(got.error());
    }
    std::span<const std::byte> rest = std::span(buffer).first(*got);
    while (rest.size() >= batch_header_bytes) {
      const auto header = BatchHeader::read(rest);
      const auto size = static_cast<std::size_t>(header.size_bytes());
      if (size > rest.size()) {
        break;
      }
      if (!header.is_control()) {
        if (auto read = for_each_record(rest.first(size), BatchLimits{}, visit); !read) {
          return read;
        }
      }
      next = header.next_offset();
      rest = rest.subspan(size);
    }
  }
  return {};
}

}  // namespace ottla
