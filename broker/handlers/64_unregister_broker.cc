// UnregisterBroker 0: a broker that will not come back, or not with what it held. Partitions of it have a replica less
// to count on until they are moved (45). One that still runs registers again.
#include "broker/broker.h"
#include "broker/handlers.h"
#include "broker/log.h"

namespace ottla {

template <>
Awaitable<UnregisterBrokerResponse> handle(RequestContext& context, UnregisterBrokerRequest& request) {
  UnregisterBrokerResponse response;
  response.error_message.reset();
  Command command = UnregisterBroker{.broker_id = request.broker_id};
  const auto applied = co_await context.broker.metadata->propose(std::move(command));
  if (!applied) {
    response.error_code = applied.error().code;
    response.error_message = applied.error().message;
  } else {
    logger().info("broker {} is not registered any more", request.broker_id.value);
  }
  co_return response;
}

}  // namespace ottla
