// Changing settings: what AlterConfigs and IncrementalAlterConfigs share.
#pragma once

#include <optional>
#include <string>
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

// Error INVALID_REQUEST: `name` is neither empty (all brokers) nor this broker's number.
Result<void> check_broker_name(const Broker& broker, const std::string& name, std::string_view expected);

}  // namespace ottla
