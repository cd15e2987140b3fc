// What a slice of a log holds, as part of a reply.
#pragma once

#include "broker/request_context.h"
#include "storage/log.h"

namespace ottla {

// Read into memory that lives until the reply is sent. Errors: those of LogSlice::read.
Result<Records> read_records(Reply& reply, const LogSlice& slice);
// Left in the file, from where they are sent without passing through our memory; nothing, if they are few, have not
// been checked since the start, or too many files are held. REQUIRES: these bytes are not written again, as nothing is
// below the high watermark. (Where an unclean election does it nevertheless, the reader may get old and new ones, or no
// end: of what is lost then.)
std::optional<Records> leave_in_file(Reply& reply, const LogSlice& slice, HeldMemory& held);

}  // namespace ottla
