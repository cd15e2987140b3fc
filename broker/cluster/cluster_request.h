// What the handlers of requests between brokers share.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "broker/broker.h"
#include "broker/connection.h"
#include "broker/request_context.h"
#include "replication/broker_sessions.h"

namespace ottla {

// A request of another cluster closes its connection, with a line in the log, and must have no effect.
inline bool is_of_our_cluster(RequestContext& context, std::string_view cluster_id) {
  const auto same = check_cluster_id(context.broker.directory->cluster_id(), cluster_id);
  if (!same) {
    context.connection.close(CloseReason::bad_request, "a broker of another cluster");
  }
  return same.has_value();
}

}  // namespace ottla
