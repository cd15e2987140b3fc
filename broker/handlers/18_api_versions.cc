// ApiVersions 0-4. Tells a client what we serve, and learns who it is (KIP-511). A version we do not know is answered
// by the connection itself, in version 0 (KIP-511).
#include "broker/broker.h"
#include "broker/connection.h"
#include "broker/dispatch.h"
#include "broker/features.h"
#include "broker/handlers.h"

namespace ottla {

namespace {

// KIP-511: [a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?
bool is_software_text(std::string_view text) {
  const auto is_letter_or_digit = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !text.empty() && is_letter_or_digit(text.front()) && is_letter_or_digit(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return is_letter_or_digit(c) || c == '-' || c == '.'; });
}

}  // namespace

std::vector<ApiVersionsResponse::ApiVersion> served_api_versions() {
  std::vector<ApiVersionsResponse::ApiVersion> versions;
  for (const ApiEntry& entry : served_apis()) {
    versions.push_back(
        {.api_key = entry.api.key, .min_version = entry.api.advertised_min, .max_version = entry.api.versions.max});
  }
  return versions;
}

template <>
Awaitable<ApiVersionsResponse> handle(RequestContext& context, ApiVersionsRequest& request) {
  ApiVersionsResponse response;
  if (context.header.api_version >= 3) {
    if (!is_software_text(request.client_software_name) || !is_software_text(request.client_software_version)) {
      response.error_code = ErrorCode::INVALID_REQUEST;
      co_return response;
    }
    context.connection.set_client_software(request.client_software_name, request.client_software_version);
  }
  response.api_keys = served_api_versions();
  response.finalized_features_epoch = 0;  // they do not change while the broker runs
  for (const Feature& feature : features) {
    const std::string name(feature.name);
    response.supported_features.push_back({name, feature.min_level, feature.max_level});
    response.finalized_features.push_back({name, feature.max_level, feature.max_level});
  }
  co_return response;
}

}  // namespace ottla
