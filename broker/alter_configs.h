// Changing settings: what AlterConfigs and IncrementalAlterConfigs share.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/asio.h"
#include "broker/broker.h"

namespace ottla {

// One setting of a request, as it was asked for.
struct AskedChange {
  std::string name;
  std::int8_t operation = 0;  // AlterConfigs::Operation
  std::optional<std::string> value;
};

// Checks the change in Kafka's order and words, and unless `validate_only` makes it: it counts and survives a restart
// when this returns. Errors: INVALID_REQUEST, INVALID_CONFIG, UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION.
Awaitable<Result<void>> alter_configs(Broker& broker, std::int8_t resource_type, std::string resource_name,
                                      std::vector<AskedChange> asked, bool replaces_all, bool validate_only);

// Every resource of either request, one after the other; `operation_of` tells what is asked of one setting.
template <class Request, class OperationOf>
Awaitable<typename Request::Response> alter_each(Broker& broker, Request& request, bool replaces_all,
                                                 OperationOf operation_of) {
  std::map<std::pair<std::int8_t, std::string>, int> times_asked;
  for (const auto& resource : request.resources) {
    ++times_asked[{resource.resource_type, resource.resource_name}];
  }
  typename Request::Response response;
  for (auto& resource : request.resources) {
    std::vector<AskedChange> changes;
    changes.reserve(resource.configs.size());
    for (auto& config : resource.configs) {
      changes.push_back(
          {std::move(config.name), static_cast<std::int8_t>(operation_of(config)), std::move(config.value)});
    }
    Result<void> altered;
    if (times_asked[{resource.resource_type, resource.resource_name}] > 1) {
      altered = failure(ErrorCode::INVALID_REQUEST, "Each resource must appear at most once.");
    } else {
      altered = co_await alter_configs(broker, resource.resource_type, resource.resource_name, std::move(changes),
                                       replaces_all, request.validate_only);
    }
    response.responses.push_back({.error_code = altered ? ErrorCode::NONE : altered.error().code,
                                  .error_message = altered ? std::nullopt : std::optional(altered.error().message),
                                  .resource_type = resource.resource_type,
                                  .resource_name = resource.resource_name});
  }
  co_return response;
}

// Error INVALID_REQUEST: `name` is neither empty (all brokers) nor this broker's number.
Result<void> check_broker_name(const Broker& broker, const std::string& name, std::string_view expected);

}  // namespace ottla
