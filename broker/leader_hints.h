// Who leads a partition that this broker does not, beside the error that says so (KIP-951): a client goes there at once
// and need not ask for metadata first. In Produce from version 10, in Fetch from 16.
#pragma once

#include "broker/request_context.h"
#include "protocol/api/00_produce.h"
#include "protocol/api/01_fetch.h"

namespace ottla {

void tell_leaders(const RequestContext& context, ProduceResponse& response);
void tell_leaders(const RequestContext& context, FetchResponse& response);

}  // namespace ottla
