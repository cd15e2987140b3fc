#include "broker/alter_configs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "broker/config_layers.h"
#include "broker/group_config.h"
#include "broker/log.h"
#include "broker/topic_config.h"

namespace ottla {

namespace {

using Operation = AlterConfigs::Operation;

std::unexpected<Error> refused(std::string why) { return failure(ErrorCode::INVALID_REQUEST, std::move(why)); }

std::span<const KafkaSetting> table_of(std::int8_t resource_type) {
  return resource_type == config_resource::topic    ? kafka_topic_settings()
         : resource_type == config_resource::broker ? kafka_broker_settings()
                                                    : kafka_group_settings();
}

Result<void> check_asked(const std::vector<AskedChange>& asked) {
  std::set<std::string_view> names;
  std::vector<std::string_view> without_value;
  for (const AskedChange& change : asked) {
    if (!names.insert(change.name).second) {
      return refused("Error due to duplicate config keys");
    }
    if (!change.value && change.operation != std::to_underlying(Operation::remove)) {
      without_value.emplace_back(change.name);
    }
  }
  if (!without_value.empty()) {
    return refused(fmt::format("Null value not supported for : {}", fmt::join(without_value, ", ")));
  }
  const auto unknown =
      std::ranges::find_if(asked, [](const auto& one) { return one.operation < 0 || one.operation > 3; });
  return unknown != asked.end() ? Result<void>(refused(fmt::format("Unknown operations type {}", unknown->operation)))
                                : Result<void>{};
}

// What the resource's lists are where they are not set.
std::string base_of(const Config& config, std::int8_t resource_type, const std::string& name) {
  return (resource_type == config_resource::topic    ? effective_topic_value({}, config, name)
          : resource_type == config_resource::broker ? broker_default(name)
                                                     : effective_group_value({}, config, name))
      .value_or("");
}

Result<AlterConfigs> command_of(const Config& config, std::int8_t resource_type, std::string resource_name,
                                std::vector<AskedChange> asked, bool replaces_all) {
  AlterConfigs command{resource_type, std::move(resource_name), replaces_all, {}};
  for (AskedChange& change : asked) {
    const auto operation = static_cast<Operation>(change.operation);
    const KafkaSetting* setting = find_setting(table_of(resource_type), change.name);
    std::string base;
    if (operation == Operation::append || operation == Operation::subtract) {
      if (setting == nullptr || setting->type != ConfigType::LIST) {
        return failure(ErrorCode::INVALID_CONFIG,
                       fmt::format("Can't {} to key {} because its type is not LIST.",
                                   operation == Operation::append ? "APPEND" : "SUBTRACT", change.name));
      }
      base = base_of(config, resource_type, change.name);
    }
    std::string value = change.value.value_or("");
    command.changes.push_back({std::move(change.name), operation,
                               setting != nullptr ? tidy_value(*setting, value) : std::move(value), std::move(base)});
  }
  return command;
}

// Java's Set.toString of the names that `is_wrong`; nothing if there are none.
template <class Predicate>
std::optional<std::string> named(const Configs& configs, Predicate is_wrong) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : configs) {
    if (is_wrong(name)) {
      names.emplace_back(name);
    }
  }
  return names.empty() ? std::nullopt : std::optional(fmt::format("[{}]", fmt::join(names, ", ")));
}

// Kafka changes the keys and certificates of one listener only.
bool needs_listener(std::string_view name) {
  return name.starts_with("ssl.keystore.") || name.starts_with("ssl.truststore.") || name == "ssl.key.password";
}

Result<void> check_broker_changes(const Config& config, const std::string& resource_name, const Configs& after) {
  const bool is_for_all = resource_name.empty();
  for (const auto& [name, value] : after) {
    if (find_setting(kafka_broker_settings(), name) == nullptr && !broker_setting_has_effect(name)) {
      return failure(ErrorCode::INVALID_CONFIG, fmt::format("Unknown broker config name: {}", name));
    }
  }
  if (const auto names = named(after, [](const auto& name) {
        const Update update = broker_setting_update(name);
        return update == Update::read_only || update == Update::internal;
      })) {
    return refused(fmt::format("Cannot update these configs dynamically: {}", *names));
  }
  if (const auto names = named(after, needs_listener)) {
    return refused(fmt::format(
        "These security configs can be dynamically updated only per-listener using the listener prefix: {}", *names));
  }
  for (const auto& [name, value] : after) {
    if (const auto valid = check_value(*find_setting(kafka_broker_settings(), name), value); !valid) {
      return refused(valid.error().message);
    }
  }
  if (const auto names =
          named(after, [](const auto& name) { return broker_setting_update(name) == Update::per_broker; });
      names && is_for_all) {
    return refused(
        fmt::format("Cannot update these configs at default cluster level, broker id must be specified: {}", *names));
  }
  const auto whole = is_for_all ? with_changes(config, after, config.dynamic_broker)
                                : with_changes(config, config.dynamic_default, after);
  return whole ? Result<void>{} : Result<void>(refused(whole.error().message));
}

Result<void> check_after(const Config& config, const AlterConfigs& command, const Configs& after) {
  switch (command.resource_type) {
    case config_resource::topic:
      return check_topic_settings(after, config);
    case config_resource::broker:
      return check_broker_changes(config, command.resource_name, after);
    default:
      return check_group_settings(after, config);
  }
}

Result<void> check_resource(const Broker& broker, std::int8_t resource_type, const std::string& resource_name) {
  switch (resource_type) {
    case config_resource::topic:
      return resource_name.empty() ? Result<void>(refused("Default topic resources are not allowed."))
                                   : check_topic_name(resource_name);
    case config_resource::broker:
      return resource_name.empty()
                 ? Result<void>{}
                 : check_broker_name(broker, resource_name, fmt::format("{}", broker.config.node_id.value));
    case config_resource::group:
      return resource_name.empty() ? Result<void>(refused("Default group resources are not allowed.")) : Result<void>{};
    default:
      return refused(fmt::format("Unknown resource type {}", resource_type));
  }
}

bool has_effect(std::int8_t resource_type, std::string_view name) {
  return resource_type == config_resource::topic    ? topic_setting_has_effect(name)
         : resource_type == config_resource::broker ? broker_setting_has_effect(name)
                                                    : group_setting_has_effect(name);
}

void log_changes(const AlterConfigs& command) {
  constexpr std::array<std::string_view, 4> words{"set", "removed", "appended to", "taken from"};
  for (const auto& change : command.changes) {
    const KafkaSetting* setting = find_setting(table_of(command.resource_type), change.name);
    const bool is_secret = setting == nullptr || setting->type == ConfigType::PASSWORD;
    logger().info("{} {}: {} {}{}{}",
                  command.resource_type == config_resource::topic    ? "topic"
                  : command.resource_type == config_resource::broker ? "broker"
                                                                     : "group",
                  command.resource_name.empty() ? "(all)" : command.resource_name, change.name,
                  words.at(static_cast<std::size_t>(change.operation)),
                  is_secret || change.value.empty() ? "" : ": " + change.value,
                  has_effect(command.resource_type, change.name) ? "" : " (stored, no effect)");
  }
}

// What the resource has now; nothing: there is no such topic.
std::optional<Configs> configs_before(const Broker& broker, const AlterConfigs& command) {
  return broker.metadata->read([&](const Controller& state) -> std::optional<Configs> {
    if (command.resource_type != config_resource::topic) {
      return state.configs(command.resource_type, command.resource_name);
    }
    const auto topic = state.topic(command.resource_name);
    return topic != nullptr ? std::optional(topic->configs) : std::nullopt;
  });
}

Result<AlterConfigs> plan(const Broker& broker, std::int8_t resource_type, std::string resource_name,
                          std::vector<AskedChange> asked, bool replaces_all) {
  if (auto valid = check_asked(asked); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  if (auto valid = check_resource(broker, resource_type, resource_name); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  const auto config = broker.partitions.config();
  auto command = command_of(*config, resource_type, std::move(resource_name), std::move(asked), replaces_all);
  if (!command) {
    return command;
  }
  const auto before = configs_before(broker, *command);
  const Configs after = changed_configs(before.value_or(Configs{}), *command);
  if (auto valid = check_after(*config, *command, after); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  if (!before) {
    return failure(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                   fmt::format("The topic '{}' does not exist.", command->resource_name));
  }
  return command;
}

}  // namespace

Result<void> check_broker_name(const Broker& broker, const std::string& name, std::string_view expected) {
  std::int32_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc{} || end != name.data() + name.size()) {
    return refused(fmt::format("Node id must be an integer, but it is: {}", name));
  }
  if (id != broker.config.node_id.value) {
    return refused(fmt::format("Unexpected broker id, expected {}, but received {}", expected, name));
  }
  return {};
}

Awaitable<Result<void>> alter_configs(Broker& broker, std::int8_t resource_type, std::string resource_name,
                                      std::vector<AskedChange> asked, bool replaces_all, bool validate_only) {
  auto command = plan(broker, resource_type, std::move(resource_name), std::move(asked), replaces_all);
  if (!command) {
    co_return std::unexpected(std::move(command.error()));
  }
  if (validate_only) {
    co_return Result<void>{};
  }
  Command proposal = *command;
  const auto applied = co_await broker.metadata->propose(std::move(proposal));
  if (!applied) {
    co_return std::unexpected(applied.error());
  }
  log_changes(*command);
  co_return Result<void>{};
}

}  // namespace ottla
