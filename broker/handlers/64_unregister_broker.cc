// UnregisterBroker 0: a broker that will not come back, or not with what it held. Partitions of it have a replica less
// to count on until they are moved (45). One that runs is refused: what it holds would count no more, although it is
// there. (Kafka lets it happen.)
#include <fmt/format.h>

#include "broker/broker.h"
#include "broker/handlers.h"
#include "broker/log.h"

namespace ottla {

template <>
Awaitable<UnregisterBrokerResponse> handle(RequestContext& context, UnregisterBrokerRequest& request) {
  UnregisterBrokerResponse response;
  response.error_message.reset();
  const bool runs = context.broker.metadata->read(
      [&](const Controller& state) { return is_active(state.brokers(), request.broker_id); });
  if (runs) {
    response.error_code = ErrorCode::INVALID_REQUEST;
    response.error_message = fmt::format("Broker {} runs: stop it first.", request.broker_id.value);
    co_return response;
  }
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
