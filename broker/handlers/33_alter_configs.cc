// AlterConfigs 0-2 (KIP-133): what is not named goes back to its default.
#include <map>

#include "broker/alter_configs.h"
#include "broker/broker.h"
#include "broker/handlers.h"

namespace ottla {

template <>
Awaitable<AlterConfigsResponse> handle(RequestContext& context, AlterConfigsRequest& request) {
  std::map<std::pair<std::int8_t, std::string>, int> times_asked;
  for (const auto& resource : request.resources) {
    ++times_asked[{resource.resource_type, resource.resource_name}];
  }
  AlterConfigsResponse response;
  for (auto& resource : request.resources) {
    std::vector<AskedChange> changes;
    changes.reserve(resource.configs.size());
    for (auto& config : resource.configs) {
      changes.push_back({std::move(config.name), std::int8_t{0}, std::move(config.value)});
    }
    Result<void> altered;
    if (times_asked[{resource.resource_type, resource.resource_name}] > 1) {
      altered = failure(ErrorCode::INVALID_REQUEST, "Each resource must appear at most once.");
    } else {
      altered = co_await alter_configs(context.broker, resource.resource_type, resource.resource_name,
                                       std::move(changes), true, request.validate_only);
    }
    response.responses.push_back({.error_code = altered ? ErrorCode::NONE : altered.error().code,
                                  .error_message = altered ? std::nullopt : std::optional(altered.error().message),
                                  .resource_type = resource.resource_type,
                                  .resource_name = resource.resource_name});
  }
  co_return response;
}

}  // namespace ottla
