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
  Result<Command> command =
      failure(ErrorCode::CORRUPT_MESSAGE,
              fmt::format("metadata command {} version {} is not known to this Ottla", kind, body_version));
  if (reader.ok() && body_version == version) {
    const auto body = std::span(copy).subspan(reader.position());
    [&]<class... One>(std::type_identity<std::variant<One...>>) {
      (void)((kind == One::kind && (command = decode_body<One>(body), true)) || ...);
    }(std::type_identity<Command>{});
  }
  return command;
}

}  // namespace ottla
