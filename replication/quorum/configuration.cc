#include "replication/quorum/configuration.h"

#include <fmt/format.h>

#include <algorithm>

namespace ottla::quorum {

namespace {

constexpr std::byte format{1};
constexpr std::size_t servers_max = 1000;

std::unexpected<Error> corrupt(const char* why) {
  return failure(ErrorCode::CORRUPT_MESSAGE, fmt::format("a quorum configuration cannot be read: {}", why));
}

void put(Bytes& bytes, std::uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8) {
    bytes.push_back(static_cast<std::byte>(value >> shift));
  }
}

// Takes from the front; nothing if there is not enough.
std::optional<std::uint64_t> take_number(std::span<const std::byte>& bytes) {
  if (bytes.size() < 8) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) {
    value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  }
  bytes = bytes.subspan(8);
  return value;
}

std::optional<Server> take_server(std::span<const std::byte>& bytes) {
  const auto id = take_number(bytes);
  const auto end = std::ranges::find(bytes, std::byte{0});
  const auto length = static_cast<std::size_t>(end - bytes.begin());
  if (!id || *id == 0 || length + 2 > bytes.size() || std::to_integer<int>(bytes[length + 1]) > 2) {
    return std::nullopt;
  }
  Server server{.id = *id, .role = static_cast<ServerRole>(bytes[length + 1])};
  std::ranges::transform(bytes.first(length), std::back_inserter(server.address),
                         [](std::byte byte) { return std::to_integer<char>(byte); });
  bytes = bytes.subspan(length + 2);
  return server;
}

}  // namespace

Bytes encode(const Configuration& configuration) {
  Bytes bytes{format};
  put(bytes, configuration.servers.size());
  for (const Server& server : configuration.servers) {
    put(bytes, server.id);
    std::ranges::transform(server.address, std::back_inserter(bytes), [](char c) { return static_cast<std::byte>(c); });
    bytes.push_back(std::byte{0});
    bytes.push_back(static_cast<std::byte>(server.role));
  }
  bytes.resize((bytes.size() + 7) / 8 * 8);
  return bytes;
}

Result<Configuration> decode_configuration(std::span<const std::byte> bytes) {
  if (bytes.empty() || bytes.front() != format) {
    return corrupt("its format is not 1");
  }
  bytes = bytes.subspan(1);
  const auto count = take_number(bytes);
  if (!count || *count == 0 || *count > servers_max) {
    return corrupt("its number of servers");
  }
  Configuration configuration;
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto server = take_server(bytes);
    if (!server) {
      return corrupt("a server is not whole");
    }
    const auto same = [&](const Server& one) { return one.id == server->id || one.address == server->address; };
    if (std::ranges::any_of(configuration.servers, same)) {
      return corrupt("a server is in it twice");
    }
    configuration.servers.push_back(std::move(*server));
  }
  return configuration;
}

const Server* find(const Configuration& configuration, ServerId id) {
  const auto found = std::ranges::find(configuration.servers, id, &Server::id);
  return found == configuration.servers.end() ? nullptr : &*found;
}

std::size_t count_voters(const Configuration& configuration) {
  return static_cast<std::size_t>(std::ranges::count(configuration.servers, ServerRole::voter, &Server::role));
}

StoredState first_state(const Configuration& first_voters) {
  StoredState state;
  state.term = 1;
  state.entries.push_back({.term = 1, .kind = EntryKind::change, .bytes = share(encode(first_voters))});
  return state;
}

}  // namespace ottla::quorum
