// Bytes of the metadata log's files. Sizes in bytes, numbers big-endian, every CRC a CRC-32C of all that is not itself.
//
//   log header   8 magic "OTTLALOG" | 4 version | 8 index before the first entry | 8 its term | 4 CRC
//   entry        8 index | 8 term | 8 durable index when written | 4 kind and size | 4 CRC | bytes
//                  size in the lower 28 bits; kind less 1 in the upper 4: in version 1 all are commands
//   snapshot     8 magic "OTTLASNP" | 4 version | 8 index | 8 term | 8 size of what follows the CRC | 4 CRC |
//                  version 2: 8 index of the configuration's entry | 4 its size | configuration |
//                  image
//   vote         8 magic "OTTLAVOT" | 4 version 1 | 8 term | 8 voted for | 4 CRC
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "protocol/error_code.h"
#include "protocol/primitives.h"
#include "storage/command_log.h"

namespace ottla {

inline constexpr std::size_t log_header_bytes = 32;
inline constexpr std::size_t entry_header_bytes = 32;
inline constexpr std::size_t snapshot_header_bytes = 40;

struct LogHeader {
  std::uint32_t version = 1;
  std::uint64_t base_index = 0;
  std::uint64_t base_term = 0;
};

// An entry in place.
struct StoredEntry {
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  std::uint64_t durable_index = 0;
  std::uint8_t kind = CommandLog::command;
  std::span<const std::byte> bytes;
  [[nodiscard]] std::size_t size_bytes() const { return entry_header_bytes + bytes.size(); }
};

Bytes encode_log_header(const LogHeader& header);
// Error: one clause, for a message that names the file.
Result<LogHeader> decode_log_header(std::span<const std::byte> content);

void encode_entry(Writer& writer, const CommandLog::Entry& entry, std::uint64_t durable_index);
// The entry at the start of `content` if it is whole, sound, and its index is within the bounds.
std::optional<StoredEntry> decode_entry(std::span<const std::byte> content, std::uint64_t min_index,
                                        std::uint64_t max_index);

Bytes encode_snapshot(const CommandLog::Snapshot& snapshot);
Result<CommandLog::Snapshot> decode_snapshot(std::span<const std::byte> content);

Bytes encode_vote(const CommandLog::Vote& vote);
Result<CommandLog::Vote> decode_vote(std::span<const std::byte> content);

}  // namespace ottla
