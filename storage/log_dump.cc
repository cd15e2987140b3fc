#include "storage/log_dump.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "protocol/record.h"
#include "storage/log_places.h"
#include "storage/segment_reader.h"

namespace ottla {

namespace {

using Line = std::function<void(std::string_view)>;

std::string_view name_of(Codec codec) {
  constexpr std::array<std::string_view, 5> names{"none", "gzip", "snappy", "lz4", "zstd"};
  const auto index = static_cast<std::size_t>(codec);
  return index < names.size() ? names[index] : "unknown";
}

std::string quoted(std::span<const std::byte> bytes) {
  constexpr char first_printable = ' ';
  constexpr char last_printable = '~';
  std::string text = "\"";
  for (const std::byte byte : bytes) {
    const char c = static_cast<char>(byte);
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (c >= first_printable && c <= last_printable) {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned>(byte));
    }
  }
  return text + '"';
}

std::string quoted(const std::optional<std::span<const std::byte>>& bytes) { return bytes ? quoted(*bytes) : "null"; }

// Their lengths were checked by whoever walked the records.
std::string headers_text(std::span<const std::byte> headers) {
  Reader reader({const_cast<std::byte*>(headers.data()), headers.size()});
  std::string text;
  for (std::int32_t left = reader.varint(); left > 0 && reader.ok(); --left) {
    const auto take = [&reader](std::int32_t size) {
      return std::as_bytes(reader.take(static_cast<std::size_t>(size)));
    };
    const std::string key = quoted(take(reader.varint()));
    const std::int32_t size = reader.varint();
    text += fmt::format(" {}={}", key, size < 0 ? "null" : quoted(take(size)));
  }
  return text;
}

std::string batch_text(const StoredBatch& batch) {
  const BatchHeader& header = batch.header;
  std::string text = fmt::format(
      "position {} offsets {}..{} records {} bytes {} epoch {} codec {} timestamps {}..{} {} crc {:08x}",
      batch.position, header.base_offset.value, header.last_offset().value, header.records_count, header.size_bytes(),
      header.partition_leader_epoch.value, name_of(header.codec()), header.base_timestamp_ms, header.max_timestamp_ms,
      header.has_log_append_time() ? "LogAppendTime" : "CreateTime", header.crc);
  if (header.has_producer()) {
    text += fmt::format(" producer {} epoch {} sequences {}..{}", header.producer_id, header.producer_epoch,
                        header.base_sequence, header.is_control() ? header.base_sequence : header.last_sequence());
  }
  return text + (header.is_transactional() ? " transactional" : "") + (header.is_control() ? " control" : "");
}

// Kafka's rule: with LogAppendTime all records have the batch's time, whatever they say.
Result<void> dump_records(const StoredBatch& batch, const Line& line) {
  const BatchHeader& header = batch.header;
  return for_each_record(batch.bytes, stored_batch_limits, [&](const RecordView& record) -> Result<void> {
    line(fmt::format(
        "  offset {} timestamp {} key {} value {}{}", header.base_offset.value + record.offset_delta,
        header.has_log_append_time() ? header.max_timestamp_ms : header.base_timestamp_ms + record.timestamp_delta_ms,
        quoted(record.key), quoted(record.value), headers_text(record.headers)));
    return {};
  });
}

Result<void> dump_segment(SegmentReader& reader, bool with_records, const Line& line, DumpCounts& counts) {
  const auto damaged = [&](std::int64_t position, const std::string& what) {
    ++counts.damaged_places;
    line(fmt::format("position {} DAMAGE: {}", position, what));
  };
  for (std::int64_t position = 0; position < reader.size_bytes();) {
    const auto batch = reader.batch_at(position);
    if (batch) {
      ++counts.batches;
      counts.records += batch->header.records_count;
      line(batch_text(*batch));
      if (const auto records = with_records ? dump_records(*batch, line) : Result<void>{}; !records) {
        damaged(position, records.error().message);
      }
      position = batch->end();
      continue;
    }
    if (batch.error().code != ErrorCode::CORRUPT_MESSAGE) {
      return std::unexpected(batch.error());
    }
    damaged(position, batch.error().message);
    const auto behind = reader.sound_batch_behind(position);
    if (!behind) {
      return std::unexpected(behind.error());
    }
    position = behind->value_or(reader.size_bytes());
  }
  return {};
}

}  // namespace

Result<DumpCounts> dump_logs(Disk& disk, const std::string& path, bool with_records, const Line& line) {
  const auto places = find_logs(disk, path);
  if (!places) {
    return std::unexpected(places.error());
  }
  DumpCounts counts;
  for (const std::string& name : places->partitions) {
    const std::string directory = places->root + "/" + name;
    const auto bases = find_segments(disk, directory);
    if (!bases) {
      return std::unexpected(bases.error());
    }
    for (const Offset base : *bases) {
      const std::string file = segment_file(directory, base, "log");
      auto reader = SegmentReader::open(disk, file);
      if (!reader && !disk.exists(file)) {
        continue;  // a running broker has deleted it
      }
      line(file);
      const auto dumped = reader ? dump_segment(*reader, with_records, line, counts) : std::unexpected(reader.error());
      if (!dumped) {
        return std::unexpected(dumped.error());
      }
    }
  }
  return counts;
}

}  // namespace ottla
