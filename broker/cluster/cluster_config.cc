#include "broker/cluster/cluster_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sha2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <set>

namespace ottla {

namespace {

constexpr std::size_t voters_max = 5;

std::unexpected<Error> invalid(std::string why) { return failure(ErrorCode::INVALID_CONFIG, std::move(why)); }

template <class Int>
std::optional<Int> number(std::string_view text) {
  Int value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value >= 0 ? std::optional(value) : std::nullopt;
}

Result<QuorumVoter> parse_voter(std::string_view text) {
  const auto at = text.find('@');
  const auto colon = text.rfind(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon < at + 2) {
    return invalid(fmt::format("'{}' is not id@host:port", text));
  }
  const auto id = number<std::int32_t>(text.substr(0, at));
  const auto port = number<std::uint16_t>(text.substr(colon + 1));
  std::string_view host = text.substr(at + 1, colon - at - 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (!id || !port) {
    return invalid(fmt::format("'{}' is not id@host:port", text));
  }
  if (*port == 0) {
    return invalid(fmt::format("'{}' has port 0; the others would not find it", text));
  }
  return QuorumVoter{.id = BrokerId{*id}, .host = std::string(host), .port = *port};
}

bool is_wildcard(std::string_view host) { return host.empty() || host == "0.0.0.0" || host == "::"; }

const Listener* find(const std::vector<Listener>& listeners, std::string_view name) {
  const auto found = std::ranges::find(listeners, name, &Listener::name);
  return found != listeners.end() ? &*found : nullptr;
}

// The listener that the voters' addresses are of.
Result<void> check_inter_broker_listener(const Config& config) {
  const auto opened = config.opened_listeners();
  const Listener* listener = find(opened, config.inter_broker_listener_name);
  if (listener == nullptr) {
    return invalid(
        fmt::format("controller.quorum.voters is given, so inter.broker.listener.name must name one of the "
                    "listeners; '{}' is none of them",
                    config.inter_broker_listener_name));
  }
  if (config.client_listeners().empty()) {
    return invalid(
        fmt::format("listener {} is for brokers alone (inter.broker.listener.name); clients need another in listeners",
                    listener->name));
  }
  const QuorumVoter self = own_address(config);
  if (listener->port == 0) {
    return invalid(fmt::format("listener {} has port 0; the others would not find it", listener->name));
  }
  if (is_wildcard(self.host)) {
    return invalid(
        fmt::format("listener {} is on every interface; other brokers must know an address of it: set "
                    "advertised.listeners={}://host:port",
                    listener->name, listener->name));
  }
  for (const Listener& other : config.listeners) {
    if (other.name != listener->name && other.port == self.port) {
      return invalid(
          fmt::format("controller.quorum.voters gives for this broker the port {} of listener {}; it has "
                      "to be that of {} (inter.broker.listener.name)",
                      self.port, other.name, listener->name));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<QuorumVoter>> parse_voters(std::span<const std::string> texts) {
  std::vector<QuorumVoter> voters;
  std::set<std::pair<std::string, std::uint16_t>> addresses;
  for (const std::string& text : texts) {
    auto voter = parse_voter(text);
    if (!voter) {
      return std::unexpected(std::move(voter.error()));
    }
    if (std::ranges::find(voters, voter->id, &QuorumVoter::id) != voters.end()) {
      return invalid(fmt::format("broker {} is there twice", voter->id.value));
    }
    if (!addresses.emplace(voter->host, voter->port).second) {
      return invalid(fmt::format("'{}' is another broker's address, too", text));
    }
    voters.push_back(std::move(*voter));
  }
  if (voters.size() > voters_max) {
    return invalid(fmt::format("{} voters, at most {} make sense", voters.size(), voters_max));
  }
  std::ranges::sort(voters, {}, &QuorumVoter::id);
  return voters;
}

QuorumVoter own_address(const Config& config) {
  const auto& voters = config.controller_quorum_voters;
  if (const auto self = std::ranges::find(voters, config.node_id, &QuorumVoter::id); self != voters.end()) {
    return *self;
  }
  const auto opened = config.opened_listeners();
  const Listener* listener = find(config.advertised_listeners, config.inter_broker_listener_name);
  listener = listener != nullptr ? listener : find(opened, config.inter_broker_listener_name);
  return listener == nullptr
             ? QuorumVoter{.id = config.node_id}
             : QuorumVoter{
                   .id = config.node_id, .host = listener->host, .port = static_cast<std::uint16_t>(listener->port)};
}

Result<void> check_cluster(const Config& config) {
  if (!config.node_id_is_given) {
    return invalid(
        "controller.quorum.voters is given, so node.id must be: it says which of them this broker is, or that it is "
        "none of them");
  }
  if (auto checked = check_inter_broker_listener(config); !checked) {
    return checked;
  }
  const auto& voters = config.controller_quorum_voters;
  const bool is_voter = std::ranges::find(voters, config.node_id, &QuorumVoter::id) != voters.end();
  if (voters.size() > 1 || !is_voter) {
    for (const Listener& listener : config.client_listeners()) {
      if (is_wildcard(listener.host) && find(config.advertised_listeners, listener.name) == nullptr) {
        return invalid(
            fmt::format("listener {} is on every interface; in a cluster the other brokers must tell "
                        "clients an address of it: set advertised.listeners={}://host:port",
                        listener.name, listener.name));
      }
    }
  }
  return {};
}

std::string cluster_id_of(std::span<const QuorumVoter> voters) {
  std::vector<std::string> texts;
  for (const QuorumVoter& voter : voters) {
    texts.push_back(fmt::format("{}@{}:{}", voter.id.value, voter.host, voter.port));
  }
  const std::string text = fmt::format("{}", fmt::join(texts, ","));
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA2_CTX context;
  SHA256Init(&context);
  SHA256Update(&context, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  SHA256Final(digest.data(), &context);
  Uuid id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0fU) | 0x80U);  // version 8 of RFC 9562: made as we like
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3fU) | 0x80U);
  if (id.to_string().starts_with('-')) {  // Kafka's rule, for command lines
    id.bytes[0] &= 0x7fU;
  }
  return id.to_string();
}

}  // namespace ottla
