// DescribeConfigs 1-4 (KIP-133, KIP-226, KIP-569): topics, brokers, groups. Where each value comes from, and whether it
// has an effect here.
#include <fmt/format.h>

#include <algorithm>

#include "broker/alter_configs.h"
#include "broker/broker.h"
#include "broker/config_entries.h"
#include "broker/handlers.h"

namespace ottla {

namespace {

using Described = DescribeConfigsResponse::DescribeConfigsResult;
using Answer = Described::DescribeConfigsResourceResult;

Result<std::vector<ConfigEntry>> broker_entries(const Broker& broker, const std::string& name) {
  const auto config = broker.partitions.config();
  if (name.empty()) {
    return changed_broker_config_entries(*config);
  }
  const auto expected = fmt::format("{} or empty string", broker.config.node_id.value);
  if (auto valid = check_broker_name(broker, name, expected); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  return broker_config_entries(*config);
}

Result<std::vector<ConfigEntry>> entries_of(const Broker& broker, std::int8_t type, const std::string& name) {
  switch (type) {
    case config_resource::topic: {
      if (auto valid = check_topic_name(name); !valid) {
        return std::unexpected(std::move(valid.error()));
      }
      const auto topic = broker.metadata->read([&](const Controller& state) { return state.topic(name); });
      if (topic == nullptr) {
        return failure(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "");
      }
      return topic_config_entries(topic->configs, *broker.partitions.config());
    }
    case config_resource::broker:
      return broker_entries(broker, name);
    case config_resource::group: {
      if (name.empty()) {
        return failure(ErrorCode::INVALID_REQUEST, "Group name must not be empty");
      }
      const Configs configs = broker.metadata->read([&](const Controller& state) { return state.configs(type, name); });
      return group_config_entries(configs, *broker.partitions.config());
    }
    default:
      return failure(ErrorCode::INVALID_REQUEST, fmt::format("Unsupported resource type: {}", type));
  }
}

Answer answer_of(ConfigEntry& entry, const DescribeConfigsRequest& request) {
  Answer answer{.name = std::move(entry.name),
                .value = std::move(entry.value),
                .read_only = entry.is_read_only,
                .config_source = static_cast<std::int8_t>(entry.source),
                .is_sensitive = entry.is_sensitive,
                .config_type = static_cast<std::int8_t>(entry.type)};
  if (request.include_synonyms) {
    for (auto& layer : entry.synonyms) {
      answer.synonyms.push_back({.name = std::move(layer.name),
                                 .value = entry.is_sensitive ? std::nullopt : std::optional(std::move(layer.value)),
                                 .source = static_cast<std::int8_t>(layer.source)});
    }
  }
  answer.documentation = request.include_documentation ? std::optional(std::move(entry.documentation)) : std::nullopt;
  return answer;
}

}  // namespace

template <>
Awaitable<DescribeConfigsResponse> handle(RequestContext& context, DescribeConfigsRequest& request) {
  DescribeConfigsResponse response;
  for (const auto& resource : request.resources) {
    auto& result = response.results.emplace_back();
    result.resource_type = resource.resource_type;
    result.resource_name = resource.resource_name;
    auto entries = entries_of(context.broker, resource.resource_type, resource.resource_name);
    if (!entries) {
      result.error_code = entries.error().code;
      result.error_message = entries.error().message;
      continue;
    }
    const auto& wanted = resource.configuration_keys;
    for (ConfigEntry& entry : *entries) {
      if (!wanted || wanted->empty() || std::ranges::find(*wanted, entry.name) != wanted->end()) {
        result.configs.push_back(answer_of(entry, request));
      }
    }
  }
  co_return response;
}

}  // namespace ottla
