// IncrementalAlterConfigs 0-1 (KIP-339): set, remove, append to a list, take from a list; the rest stays.
#include <map>

#include "broker/alter_configs.h"
#include "broker/broker.h"
#include "broker/handlers.h"

namespace ottla {

template <>
Awaitable<IncrementalAlterConfigsResponse> handle(RequestContext& context, IncrementalAlterConfigsRequest& request) {
  std::map<std::pair<std::int8_t, std::string>, int> times_asked;
  for (const auto& resource : request.resources) {
    ++times_asked[{resource.resource_type, resource.resource_name}];
  }
  IncrementalAlterConfigsResponse response;
  for (auto& resource : request.resources) {
    std::vector<AskedChange> changes;
    changes.reserve(resource.configs.size());
    for (auto& config : resource.configs) {
      changes.push_back({std::move(config.name), config.config_operation, std::move(config.value)});
    }
    Result<void> altered;
    if (times_asked[{resource.resource_type, resource.resource_name}] > 1) {
      altered = failure(ErrorCode::INVALID_REQUEST, "Each resource must appear at most once.");
    } else {
      altered = co_await alter_configs(context.broker, resource.resource_type, resource.resource_name,
                                       std::move(changes), false, request.validate_only);
    }
    response.responses.push_back({.error_code = altered ? ErrorCode::NONE : altered.error().code,
                                  .error_message = altered ? std::nullopt : std::optional(altered.error().message),
                                  .resource_type = resource.resource_type,
                                  .resource_name = resource.resource_name});
  }
  co_return response;
}

}  // namespace ottla
