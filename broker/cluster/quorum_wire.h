// The messages of the metadata quorum as they travel between brokers.
#pragma once

#include <string>

#include "protocol/api/10000_quorum_message.h"
#include "protocol/error_code.h"
#include "protocol/ids.h"
#include "replication/quorum/types.h"

namespace ottla {

QuorumMessageRequest to_wire(const quorum::Message& message, const std::string& cluster_id);
// Takes the bytes of entries and image over. Error INVALID_REQUEST: no server of a quorum sends such a message.
Result<quorum::Message> from_wire(QuorumMessageRequest request);

}  // namespace ottla
