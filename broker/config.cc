#include "broker/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <thread>

#include "broker/cluster/cluster_config.h"
#include "broker/config_layers.h"
#include "broker/kafka_settings.h"
#include "protocol/printable.h"

namespace ottla {

namespace {

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    if (const auto part = trimmed(text.substr(0, comma)); !part.empty()) {
      parts.emplace_back(part);
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

template <class Int>
std::optional<Int> whole_number(std::string_view text) {
  Int value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<Listener> parse_listener(std::string_view text) {
  const auto scheme = text.find("://");
  const auto colon = text.rfind(':');
  if (scheme == std::string_view::npos || scheme == 0 || colon < scheme + 3) {
    return std::nullopt;
  }
  Listener listener{.name = std::string(text.substr(0, scheme)),
                    .host = std::string(text.substr(scheme + 3, colon - scheme - 3))};
  if (listener.host.size() > 2 && listener.host.front() == '[' && listener.host.back() == ']') {
    listener.host = listener.host.substr(1, listener.host.size() - 2);
  }
  const auto port = whole_number<std::uint16_t>(text.substr(colon + 1));
  if (!port) {
    return std::nullopt;
  }
  listener.port = *port;
  return listener;
}

// Puts `text` into its member; the error says what was expected.
struct Assign {
  Config& config;
  const Setting& setting;
  std::string_view text;

  Result<void> malformed(std::string_view expected) const {
    return failure(ErrorCode::INVALID_CONFIG, fmt::format("'{}' is not {}", text, expected));
  }
  Result<std::int64_t> number(std::int64_t most) const {
    const auto value = whole_number<std::int64_t>(text);
    const std::int64_t max = std::min(setting.max, most / setting.scale);
    if (!value || *value < setting.min || *value > max) {
      const std::string least =
          setting.min == std::numeric_limits<std::int64_t>::min() ? "" : fmt::format(" from {}", setting.min);
      return std::unexpected(malformed(fmt::format("a whole number{} to {}", least, max)).error());
    }
    return *value * setting.scale;
  }
  Result<void> operator()(bool Config::* member) const {
    if (text != "true" && text != "false") {
      return malformed("true or false");
    }
    config.*member = text == "true";
    return {};
  }
  Result<void> operator()(std::int32_t Config::* member) const {
    const auto value = number(int32_max);
    config.*member = static_cast<std::int32_t>(value.value_or(0));
    return value ? Result<void>{} : std::unexpected(value.error());
  }
  Result<void> operator()(std::int64_t Config::* member) const {
    const auto value = number(std::numeric_limits<std::int64_t>::max());
    config.*member = value.value_or(0);
    return value ? Result<void>{} : std::unexpected(value.error());
  }
  Result<void> operator()(BrokerId Config::* member) const {
    const auto value = number(int32_max);
    config.*member = BrokerId{static_cast<std::int32_t>(value.value_or(0))};
    return value ? Result<void>{} : std::unexpected(value.error());
  }
  Result<void> operator()(std::string Config::* member) const {
    config.*member = text;
    return {};
  }
  Result<void> operator()(std::optional<std::string> Config::* member) const {
    config.*member = std::string(text);
    return {};
  }
  Result<void> operator()(std::vector<std::string> Config::* member) const {
    config.*member = split_list(text);
    return {};
  }
  Result<void> operator()(std::vector<Listener> Config::* member) const {
    (config.*member).clear();
    for (const std::string& part : split_list(text)) {
      const auto listener = parse_listener(part);
      if (!listener) {
        return malformed("a list of NAME://host:port");
      }
      (config.*member).push_back(*listener);
    }
    return {};
  }
  Result<void> operator()(std::vector<QuorumVoter> Config::* member) const {
    auto voters = parse_voters(split_list(text));
    if (!voters) {
      return std::unexpected(std::move(voters.error()));
    }
    config.*member = std::move(*voters);
    return {};
  }
  Result<void> operator()(std::map<std::string, std::string> Config::* member) const {
    (config.*member).clear();
    for (const std::string& part : split_list(text)) {
      const auto colon = part.find(':');
      if (colon == std::string::npos) {
        return malformed("a list of NAME:VALUE");
      }
      (config.*member)[part.substr(0, colon)] = part.substr(colon + 1);
    }
    return {};
  }
  // The name may hold colons: an address of IPv6 does.
  Result<void> operator()(std::map<std::string, std::int32_t> Config::* member) const {
    (config.*member).clear();
    for (const std::string& part : split_list(text)) {
      const auto colon = std::min(part.rfind(':'), part.size());
      const auto value = whole_number<std::int32_t>(std::string_view(part).substr(std::min(colon + 1, part.size())));
      if (colon == part.size() || !value || *value < 0) {
        return malformed("a list of NAME:NUMBER");
      }
      (config.*member)[part.substr(0, colon)] = *value;
    }
    return {};
  }
};

Result<void> assign(Config& config, const Setting& setting, std::string_view text) {
  return std::visit(Assign{config, setting, trimmed(text)}, setting.member);
}

// One line, whatever a value holds.
std::unexpected<Error> invalid(std::string_view why) { return failure(ErrorCode::INVALID_CONFIG, printable(why)); }

constexpr std::int64_t default_queued_max_request_bytes = std::int64_t{256} * 1024 * 1024;

// What no single setting can tell.
Result<void> check_whole(const Config& config) {
  if (config.log_dirs.size() != 1) {
    return invalid(fmt::format("log.dirs names {} directories, one is served yet", config.log_dirs.size()));
  }
  for (const auto& [address, count] : config.max_connections_per_ip_overrides) {
    boost::system::error_code error;
    if (boost::asio::ip::make_address(address, error).to_string() != address || error) {
      return invalid(
          fmt::format("max.connections.per.ip.overrides: {} is no address, or not in its usual form", address));
    }
  }
  const bool is_given = config.queued_max_request_bytes != default_queued_max_request_bytes;
  if (is_given && config.queued_max_request_bytes > 0 &&
      config.queued_max_request_bytes < config.socket_request_max_bytes) {
    return invalid("queued.max.request.bytes is less than socket.request.max.bytes");
  }
  if (config.client_listeners().empty()) {
    return invalid("listeners names no listener for clients");
  }
  for (const Listener& listener : config.opened_listeners()) {
    const auto protocol = config.listener_security_protocol_map.find(listener.name);
    if (protocol == config.listener_security_protocol_map.end()) {
      return invalid(fmt::format("listener {} has no protocol in listener.security.protocol.map", listener.name));
    }
    if (protocol->second != "PLAINTEXT") {
      return invalid(
          fmt::format("listener {} wants {}, only PLAINTEXT is served yet", listener.name, protocol->second));
    }
  }
  if (const std::string& selector = config.replica_selector_class;
      !selector.empty() && selector != Config::rack_aware_selector && selector != Config::leader_selector) {
    return invalid(fmt::format("replica.selector.class: '{}' is neither {} nor {}", selector,
                               Config::rack_aware_selector, Config::leader_selector));
  }
  if (config.log_message_timestamp_type != "CreateTime" && config.log_message_timestamp_type != "LogAppendTime") {
    return invalid(fmt::format("log.message.timestamp.type: '{}' is neither CreateTime nor LogAppendTime",
                               config.log_message_timestamp_type));
  }
  constexpr std::array<std::string_view, 6> codecs{"producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"};
  if (std::ranges::find(codecs, config.compression_type) == codecs.end()) {
    return invalid(
        fmt::format("compression.type: '{}' is none of {}", config.compression_type, fmt::join(codecs, ", ")));
  }
  return {};
}

}  // namespace

std::vector<Listener> Config::opened_listeners() const {
  std::vector<Listener> opened;
  std::ranges::copy_if(listeners, std::back_inserter(opened), [this](const Listener& listener) {
    return std::ranges::find(controller_listener_names, listener.name) == controller_listener_names.end();
  });
  return opened;
}

std::vector<Listener> Config::client_listeners() const {
  auto clients = opened_listeners();
  std::erase_if(clients, [this](const Listener& listener) { return is_inter_broker(listener.name); });
  return clients;
}

std::size_t Config::cores() const {
  return num_network_threads > 0 ? static_cast<std::size_t>(num_network_threads)
                                 : std::max(1U, std::thread::hardware_concurrency());
}

Result<ParsedConfig> parse_config(std::span<const GivenSetting> given) {
  ParsedConfig parsed;
  std::map<std::string_view, const GivenSetting*> last;  // by name: the last one wins
  for (const GivenSetting& one : given) {
    last[one.name] = &one;
  }
  for (const Setting& setting : settings()) {
    const auto found = last.find(setting.name);
    if (found == last.end() && setting.default_text.empty()) {
      continue;
    }
    const std::string_view text = found != last.end() ? found->second->value : setting.default_text;
    if (auto assigned = assign(parsed.config, setting, text); !assigned) {
      return invalid(fmt::format("{}: {}: {}", found->second->source, setting.name, assigned.error().message));
    }
  }
  for (const auto& [name, one] : last) {
    parsed.config.given[std::string(name)] = one->value;
    if (broker_setting_has_effect(name)) {
      continue;
    }
    if (!is_kafka_setting(name)) {
      return invalid(
          fmt::format("{}: no setting is called '{}'; the nearest is '{}'", one->source, name, nearest_setting(name)));
    }
    parsed.warnings.push_back(
        fmt::format("warning: {}: {} is a Kafka setting that has no effect here", one->source, printable(name)));
  }
  parsed.config.node_id_is_given = last.contains("node.id") || last.contains("broker.id");
  auto checked = parsed.config.is_cluster() ? check_cluster(parsed.config) : Result<void>{};
  if (checked) {
    checked = check_whole(parsed.config);
  }
  if (!checked) {
    return invalid(checked.error().message);
  }
  if (parsed.config.is_cluster() && !parsed.config.cluster_id) {
    parsed.config.cluster_id = cluster_id_of(parsed.config.controller_quorum_voters);
  }
  return parsed;
}

}  // namespace ottla
