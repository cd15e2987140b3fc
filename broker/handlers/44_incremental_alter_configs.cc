// IncrementalAlterConfigs 0-1 (KIP-339): set, remove, append to a list, take from a list; the rest stays.
#include "broker/alter_configs.h"
#include "broker/handlers.h"

namespace ottla {

template <>
Awaitable<IncrementalAlterConfigsResponse> handle(RequestContext& context, IncrementalAlterConfigsRequest& request) {
  return alter_each(context.broker, request, false, [](const auto& config) { return config.config_operation; });
}

}  // namespace ottla
