// From an API key to the code that serves it: a table made from the list in api_list.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "broker/asio.h"
#include "broker/request_context.h"
#include "protocol/schema.h"

namespace ottla {

struct ApiEntry {
  Api api;
  bool two_stage = false;
  bool unordered = false;
  // Decodes, handles, encodes into context->reply. An error means the request could not be decoded: close.
  Awaitable<Result<void>> (*serve)(std::shared_ptr<RequestContext> context) = nullptr;
};

// Sorted by key. `find_api` gives nullptr for a key that is not served.
std::span<const ApiEntry> served_apis();
const ApiEntry* find_api(std::int16_t key);

// The same for what brokers say to one another.
std::span<const ApiEntry> served_cluster_apis();
const ApiEntry* find_cluster_api(std::int16_t key);

}  // namespace ottla
