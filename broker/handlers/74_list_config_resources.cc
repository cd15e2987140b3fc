// ListConfigResources 0-1 (KIP-1142): what has settings. Version 0 asks for client metrics alone, and there are none.
#include <algorithm>
#include <array>
#include <set>

#include "broker/broker.h"
#include "broker/handlers.h"

namespace ottla {

namespace {

constexpr std::int8_t broker_logger = 8;
constexpr std::int8_t client_metrics = 16;
constexpr std::array<std::int8_t, 5> all_types{config_resource::topic, config_resource::broker, broker_logger,
                                               client_metrics, config_resource::group};

std::vector<std::string> names_of(const Broker& broker, std::int8_t type) {
  if (type == config_resource::broker || type == broker_logger) {
    return {std::to_string(broker.config.node_id.value)};
  }
  return broker.metadata->read([type](const Controller& state) {
    std::vector<std::string> names;
    if (type == config_resource::topic) {
      for (const auto& [name, topic] : state.topics()) {
        names.push_back(name);
      }
    } else {
      for (const auto& [resource, configs] : state.configs()) {
        if (resource.first == type) {
          names.push_back(resource.second);
        }
      }
    }
    return names;
  });
}

}  // namespace

template <>
Awaitable<ListConfigResourcesResponse> handle(RequestContext& context, ListConfigResourcesRequest& request) {
  std::set<std::int8_t> types(request.resource_types.begin(), request.resource_types.end());
  if (context.header.api_version == 0) {
    types = {client_metrics};
  } else if (types.empty()) {
    types = {all_types.begin(), all_types.end()};
  }
  ListConfigResourcesResponse response;
  for (const std::int8_t type : types) {
    if (std::ranges::find(all_types, type) == all_types.end()) {
      response.error_code = ErrorCode::UNSUPPORTED_VERSION;
      response.config_resources.clear();
      break;
    }
    for (std::string& name : names_of(context.broker, type)) {
      response.config_resources.push_back({.resource_name = std::move(name), .resource_type = type});
    }
  }
  co_return response;
}

}  // namespace ottla
