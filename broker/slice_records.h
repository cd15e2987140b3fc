// What a slice of a log holds, as part of a reply.
#pragma once

#include "broker/held_memory.h"
#include "broker/request_context.h"
#include "storage/log.h"

namespace ottla {

// Read into memory that lives until the reply is sent. Errors: those of LogSlice::read.
Result<Records> read_records(Reply& reply, const LogSlice& slice);
// Left in the file, from where they are sent without passing through our memory.
// REQUIRES: may_leave_in_file, and that these bytes are never written again.
bool may_leave_in_file(const LogSlice& slice, const HeldMemory& held);
Records leave_in_file(Reply& reply, LogSlice slice);

}  // namespace ottla
