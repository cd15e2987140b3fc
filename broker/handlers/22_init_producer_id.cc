// InitProducerId 0-5. A fresh producer id for every idempotent producer, as Kafka gives even to one that names its old
// id (KIP-360 bumps epochs for transactional ids only). Transactional ids are refused (transactions are not served
// yet).
#include "broker/broker.h"
#include "broker/handlers.h"
#include "broker/log.h"

namespace ottla {

template <>
Awaitable<InitProducerIdResponse> handle(RequestContext& context, InitProducerIdRequest& request) {
  InitProducerIdResponse response;
  if ((request.producer_id == -1) != (request.producer_epoch == -1)) {  // half an identity
    response.error_code = ErrorCode::INVALID_REQUEST;
    response.producer_epoch = -1;
    co_return response;
  }
  if (request.transactional_id) {
    if (context.core.told.may_tell(context.connection.peer_host(), Clock::now())) {
      logger().warn("refused a transactional producer: transactions are not served yet");
    }
    response.error_code = request.transactional_id->empty() ? ErrorCode::INVALID_REQUEST
                                                            : ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    response.producer_epoch = -1;
    co_return response;
  }
  const auto id = co_await context.broker.producer_ids.next(*context.broker.metadata, context.broker.config.node_id);
  if (!id) {
    response.error_code = id.error().code;
    response.producer_epoch = -1;
    co_return response;
  }
  response.producer_id = *id;
  response.producer_epoch = 0;
  co_return response;
}

}  // namespace ottla
