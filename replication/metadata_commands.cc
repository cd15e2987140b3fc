#include "replication/metadata_commands.h"

#include <fmt/format.h>

#include "protocol/codec.h"

namespace ottla {

namespace {

constexpr std::int16_t version = 0;
constexpr std::int16_t flexible_since = 0;

template <class One>
Result<Command> decode_body(std::span<std::byte> body) {
  DecodeBudget budget{body.size() * 64 + 1024};
  auto decoded = decode_message<One>(body, version, flexible_since, budget);
  if (!decoded) {
    return failure(ErrorCode::CORRUPT_MESSAGE,
                   fmt::format("metadata command {}: {}", One::kind, decoded.error().message));
  }
  return Command{std::move(*decoded)};
}

}  // namespace

Bytes encode_command(const Command& command) {
  Writer writer;
  std::visit(
      [&writer]<class One>(const One& one) {
        writer.integer(One::kind);
        writer.integer(version);
        encode_message(writer, one, version, flexible_since);
      },
      command);
  return writer.flatten();
}

Result<Command> decode_command(std::span<const std::byte> bytes) {
  Bytes copy(bytes.begin(), bytes.end());
  Reader reader(copy);
  const auto kind = reader.integer<std::int16_t>();
  const auto body_version = reader.integer<std::int16_t>();
  if (reader.ok() && body_version == version) {
    const auto body = std::span(copy).subspan(reader.position());
    switch (kind) {
      case CreateTopic::kind:
        return decode_body<CreateTopic>(body);
      case DeleteTopic::kind:
        return decode_body<DeleteTopic>(body);
      case AllocateProducerIds::kind:
        return decode_body<AllocateProducerIds>(body);
      case AlterConfigs::kind:
        return decode_body<AlterConfigs>(body);
      case AddPartitions::kind:
        return decode_body<AddPartitions>(body);
      default:
        break;
    }
  }
  return failure(ErrorCode::CORRUPT_MESSAGE,
                 fmt::format("metadata command {} version {} is not known to this Ottla", kind, body_version));
}

}  // namespace ottla
