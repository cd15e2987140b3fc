// Which messages a server of a quorum can have sent. The library takes them on trust.
#pragma once

#include "protocol/error_code.h"
#include "replication/quorum/types.h"

namespace ottla::quorum {

// Error: INVALID_REQUEST.
Result<void> check(const Message& message);

Term term_of(const Message& message);

}  // namespace ottla::quorum
