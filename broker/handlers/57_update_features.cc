// UpdateFeatures 0-2 (KIP-584). No feature has levels here yet, so there is none that could be set.
#include <fmt/format.h>

#include "broker/broker.h"
#include "broker/handlers.h"

namespace ottla {

namespace {

constexpr std::int16_t one_error_for_all_since = 2;

Error refuse(const UpdateFeaturesRequest::FeatureUpdateKey& update, BrokerId node) {
  const std::string why = update.max_version_level < 0
                              ? "A feature version cannot be less than 0."
                              : fmt::format("Local controller {} does not support this feature.", node.value);
  return {ErrorCode::INVALID_UPDATE_VERSION,
          fmt::format("Invalid update version {} for feature {}. {}", update.max_version_level, update.feature, why)};
}

}  // namespace

template <>
Awaitable<UpdateFeaturesResponse> handle(RequestContext& context, UpdateFeaturesRequest& request) {
  UpdateFeaturesResponse response;
  response.error_message.reset();
  for (const auto& update : request.feature_updates) {
    const Error error = refuse(update, context.broker.config.node_id);
    if (context.header.api_version < one_error_for_all_since) {
      response.results.push_back({.feature = update.feature, .error_code = error.code, .error_message = error.message});
    } else if (response.error_code == ErrorCode::NONE) {
      response.error_code = error.code;
      response.error_message =
          "The update failed for all features since the following feature had an error: " + error.message;
    }
  }
  co_return response;
}

}  // namespace ottla
