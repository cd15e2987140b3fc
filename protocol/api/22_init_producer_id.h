// InitProducerId 0-5. Producer id and epoch of a producer that recovers, from version 3 (KIP-360).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct InitProducerIdResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = 0;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("ErrorCode", m.error_code);
    v("ProducerId", m.producer_id);
    v("ProducerEpoch", m.producer_epoch);
  }
};

struct InitProducerIdRequest {
  using Response = InitProducerIdResponse;
  static constexpr Api api{.key = 22, .name = "InitProducerId", .versions = {0, 5}, .flexible = 2};

  std::optional<std::string> transactional_id = std::string{};
  std::int32_t transaction_timeout_ms = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  static void fields(auto& v, auto& m) {
    v("TransactionalId", m.transactional_id, nullable_since(0));
    v("TransactionTimeoutMs", m.transaction_timeout_ms);
    v("ProducerId", m.producer_id, since(3));
    v("ProducerEpoch", m.producer_epoch, since(3));
  }
};

}  // namespace ottla
