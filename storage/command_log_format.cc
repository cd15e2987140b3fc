#include "storage/command_log_format.h"

#include <fmt/format.h>

#include <string_view>

#include "protocol/record_batch.h"
#include "storage/text_lines.h"

namespace ottla {

namespace {

constexpr std::string_view log_magic = "OTTLALOG";
constexpr std::string_view snapshot_magic = "OTTLASNP";
constexpr std::uint32_t known_version = 1;
constexpr std::size_t version_at = 8;
constexpr std::size_t first_number_at = 12;
constexpr std::size_t entry_crc_at = entry_header_bytes - sizeof(std::uint32_t);
constexpr std::size_t log_crc_at = log_header_bytes - sizeof(std::uint32_t);
constexpr std::size_t snapshot_crc_at = snapshot_header_bytes - sizeof(std::uint32_t);

std::uint64_t number_at(std::span<const std::byte> bytes, std::size_t at) {
  return load_big_endian<std::uint64_t>(bytes.subspan(at));
}

std::unexpected<Error> wrong(std::string what) { return failure(ErrorCode::KAFKA_STORAGE_ERROR, std::move(what)); }

Result<void> check_kind(std::span<const std::byte> content, std::size_t header_bytes, std::string_view magic) {
  if (content.size() < header_bytes) {
    return wrong("it is too short");
  }
  if (as_text(content.first(magic.size())) != magic) {
    return wrong(fmt::format("it does not begin with {}", magic));
  }
  if (const auto version = load_big_endian<std::uint32_t>(content.subspan(version_at)); version != known_version) {
    return wrong(fmt::format("its format version {} is not {}", version, known_version));
  }
  return {};
}

bool crc_matches(std::span<const std::byte> content, std::size_t crc_at) {
  const std::uint32_t crc = crc32c(content.subspan(crc_at + sizeof(std::uint32_t)), crc32c(content.first(crc_at)));
  return crc == load_big_endian<std::uint32_t>(content.subspan(crc_at));
}

// Magic, version and two numbers: how both headers begin.
Writer begin_header(std::string_view magic, std::uint64_t index, std::uint64_t term) {
  Writer writer;
  writer.raw(magic);
  writer.integer(known_version);
  writer.integer(index);
  writer.integer(term);
  return writer;
}

}  // namespace

Bytes encode_log_header(const LogHeader& header) {
  Writer writer = begin_header(log_magic, header.base_index, header.base_term);
  writer.integer(crc32c(writer.flatten()));
  return writer.flatten();
}

Result<LogHeader> decode_log_header(std::span<const std::byte> content) {
  if (auto kind = check_kind(content, log_header_bytes, log_magic); !kind) {
    return std::unexpected(std::move(kind.error()));
  }
  if (!crc_matches(content.first(log_header_bytes), log_crc_at)) {
    return wrong("the CRC of its header is wrong");
  }
  return LogHeader{number_at(content, first_number_at), number_at(content, first_number_at + 8)};
}

void encode_entry(Writer& writer, const CommandLog::Entry& entry, std::uint64_t durable_index) {
  Writer header;
  header.integer(entry.index);
  header.integer(entry.term);
  header.integer(durable_index);
  header.integer(static_cast<std::uint32_t>(entry.bytes.size()));
  const Bytes bytes = header.flatten();
  writer.raw(bytes);
  writer.integer(crc32c(entry.bytes, crc32c(bytes)));
  writer.raw(entry.bytes);
}

std::optional<StoredEntry> decode_entry(std::span<const std::byte> content, std::uint64_t min_index,
                                        std::uint64_t max_index) {
  if (content.size() < entry_header_bytes) {
    return std::nullopt;
  }
  const std::uint64_t index = number_at(content, 0);
  const auto size = load_big_endian<std::uint32_t>(content.subspan(24));
  if (index < min_index || index > max_index || size > CommandLog::entry_max_bytes ||
      size > content.size() - entry_header_bytes ||
      !crc_matches(content.first(entry_header_bytes + size), entry_crc_at)) {
    return std::nullopt;
  }
  return StoredEntry{index, number_at(content, 8), number_at(content, 16), content.subspan(entry_header_bytes, size)};
}

Bytes encode_snapshot(const CommandLog::Snapshot& snapshot) {
  Writer writer = begin_header(snapshot_magic, snapshot.index, snapshot.term);
  writer.integer(static_cast<std::uint64_t>(snapshot.bytes.size()));
  writer.integer(crc32c(snapshot.bytes, crc32c(writer.flatten())));
  writer.raw(snapshot.bytes);
  return writer.flatten();
}

Result<CommandLog::Snapshot> decode_snapshot(std::span<const std::byte> content) {
  if (auto kind = check_kind(content, snapshot_header_bytes, snapshot_magic); !kind) {
    return std::unexpected(std::move(kind.error()));
  }
  const auto image = content.subspan(snapshot_header_bytes);
  if (number_at(content, 28) != image.size() || !crc_matches(content, snapshot_crc_at)) {
    return wrong("its CRC or size is wrong");
  }
  return CommandLog::Snapshot{number_at(content, first_number_at), number_at(content, first_number_at + 8),
                              Bytes(image.begin(), image.end())};
}

}  // namespace ottla
