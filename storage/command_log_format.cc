#include "storage/command_log_format.h"

#include <fmt/format.h>

#include <string_view>

#include "protocol/record_batch.h"
#include "storage/text_lines.h"

namespace ottla {

namespace {

constexpr std::string_view log_magic = "OTTLALOG";
constexpr std::string_view snapshot_magic = "OTTLASNP";
constexpr std::string_view vote_magic = "OTTLAVOT";
constexpr unsigned kind_shift = 28;
constexpr std::size_t version_at = 8;
constexpr std::size_t first_number_at = 12;
constexpr std::size_t entry_crc_at = entry_header_bytes - sizeof(std::uint32_t);
constexpr std::size_t log_crc_at = log_header_bytes - sizeof(std::uint32_t);
constexpr std::size_t snapshot_crc_at = snapshot_header_bytes - sizeof(std::uint32_t);
constexpr std::size_t vote_bytes = 32;

std::uint64_t number_at(std::span<const std::byte> bytes, std::size_t at) {
  return load_big_endian<std::uint64_t>(bytes.subspan(at));
}

std::unexpected<Error> wrong(std::string what) { return failure(ErrorCode::KAFKA_STORAGE_ERROR, std::move(what)); }

// The version, if it is a known one.
Result<std::uint32_t> check_kind(std::span<const std::byte> content, std::size_t header_bytes, std::string_view magic,
                                 std::uint32_t newest) {
  if (content.size() < header_bytes) {
    return wrong("it is too short");
  }
  if (as_text(content.first(magic.size())) != magic) {
    return wrong(fmt::format("it does not begin with {}", magic));
  }
  const auto version = load_big_endian<std::uint32_t>(content.subspan(version_at));
  if (version == 0 || version > newest) {
    return wrong(fmt::format("its format version {} is not known: {} is the newest", version, newest));
  }
  return version;
}

bool crc_matches(std::span<const std::byte> content, std::size_t crc_at) {
  const std::uint32_t crc = crc32c(content.subspan(crc_at + sizeof(std::uint32_t)), crc32c(content.first(crc_at)));
  return crc == load_big_endian<std::uint32_t>(content.subspan(crc_at));
}

// Magic, version and two numbers: how all of them begin.
Writer begin_header(std::string_view magic, std::uint32_t version, std::uint64_t index, std::uint64_t term) {
  Writer writer;
  writer.raw(magic);
  writer.integer(version);
  writer.integer(index);
  writer.integer(term);
  return writer;
}

}  // namespace

Bytes encode_log_header(const LogHeader& header) {
  Writer writer = begin_header(log_magic, header.version, header.base_index, header.base_term);
  writer.integer(crc32c(writer.flatten()));
  return writer.flatten();
}

Result<LogHeader> decode_log_header(std::span<const std::byte> content) {
  const auto version = check_kind(content, log_header_bytes, log_magic, 2);
  if (!version) {
    return std::unexpected(version.error());
  }
  if (!crc_matches(content.first(log_header_bytes), log_crc_at)) {
    return wrong("the CRC of its header is wrong");
  }
  return LogHeader{*version, number_at(content, first_number_at), number_at(content, first_number_at + 8)};
}

void encode_entry(Writer& writer, const CommandLog::Entry& entry, std::uint64_t durable_index) {
  Writer header;
  header.integer(entry.index);
  header.integer(entry.term);
  header.integer(durable_index);
  const auto kind = static_cast<std::uint32_t>(entry.kind - CommandLog::command);
  header.integer(kind << kind_shift | static_cast<std::uint32_t>(entry.bytes.size()));
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
  const auto kind_and_size = load_big_endian<std::uint32_t>(content.subspan(24));
  const std::uint32_t size = kind_and_size & ((std::uint32_t{1} << kind_shift) - 1);
  if (index < min_index || index > max_index || size > CommandLog::entry_max_bytes ||
      size > content.size() - entry_header_bytes ||
      !crc_matches(content.first(entry_header_bytes + size), entry_crc_at)) {
    return std::nullopt;
  }
  const auto kind = static_cast<std::uint8_t>((kind_and_size >> kind_shift) + CommandLog::command);
  return StoredEntry{index, number_at(content, 8), number_at(content, 16), kind,
                     content.subspan(entry_header_bytes, size)};
}

Bytes encode_snapshot(const CommandLog::Snapshot& snapshot) {
  Writer held;
  if (snapshot.configuration_index > 0) {
    held.integer(snapshot.configuration_index);
    held.integer(static_cast<std::uint32_t>(snapshot.configuration.size()));
    held.raw(snapshot.configuration);
  }
  held.raw(snapshot.bytes);
  const Bytes bytes = held.flatten();
  const std::uint32_t version = snapshot.configuration_index > 0 ? 2 : 1;
  Writer writer = begin_header(snapshot_magic, version, snapshot.index, snapshot.term);
  writer.integer(static_cast<std::uint64_t>(bytes.size()));
  writer.integer(crc32c(bytes, crc32c(writer.flatten())));
  writer.raw(bytes);
  return writer.flatten();
}

Result<CommandLog::Snapshot> decode_snapshot(std::span<const std::byte> content) {
  const auto version = check_kind(content, snapshot_header_bytes, snapshot_magic, 2);
  if (!version) {
    return std::unexpected(version.error());
  }
  auto held = content.subspan(snapshot_header_bytes);
  if (number_at(content, 28) != held.size() || !crc_matches(content, snapshot_crc_at)) {
    return wrong("its CRC or size is wrong");
  }
  CommandLog::Snapshot snapshot{.index = number_at(content, first_number_at),
                                .term = number_at(content, first_number_at + 8)};
  if (*version == 2) {
    const std::size_t size = held.size() < 12 ? held.size() : load_big_endian<std::uint32_t>(held.subspan(8));
    if (size + 12 > held.size()) {
      return wrong("its configuration is cut");
    }
    const auto configuration = held.subspan(12, size);
    snapshot.configuration_index = number_at(held, 0);
    snapshot.configuration.assign(configuration.begin(), configuration.end());
    held = held.subspan(12 + size);
  }
  snapshot.bytes.assign(held.begin(), held.end());
  return snapshot;
}

Bytes encode_vote(const CommandLog::Vote& vote) {
  Writer writer = begin_header(vote_magic, 1, vote.term, vote.voted_for);
  writer.integer(crc32c(writer.flatten()));
  return writer.flatten();
}

Result<CommandLog::Vote> decode_vote(std::span<const std::byte> content) {
  if (const auto version = check_kind(content, vote_bytes, vote_magic, 1); !version) {
    return std::unexpected(version.error());
  }
  if (content.size() != vote_bytes || !crc_matches(content, vote_bytes - sizeof(std::uint32_t))) {
    return wrong("its CRC or size is wrong");
  }
  return CommandLog::Vote{number_at(content, first_number_at), number_at(content, first_number_at + 8)};
}

}  // namespace ottla
