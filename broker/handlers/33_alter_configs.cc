// AlterConfigs 0-2 (KIP-133): what is not named goes back to its default.
#include "broker/alter_configs.h"
#include "broker/handlers.h"

namespace ottla {

template <>
Awaitable<AlterConfigsResponse> handle(RequestContext& context, AlterConfigsRequest& request) {
  return alter_each(context.broker, request, true, [](const auto&) { return AlterConfigs::Operation::set; });
}

}  // namespace ottla
