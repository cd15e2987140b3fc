// UpdateFeatures 0-2 (KIP-584). Each feature has one level here, so the only update there is changes nothing.
#include <fmt/format.h>

#include <algorithm>

#include "broker/broker.h"
#include "broker/features.h"
#include "broker/handlers.h"

namespace ottla {

namespace {

constexpr std::int16_t one_error_for_all_since = 2;

using Update = UpdateFeaturesRequest::FeatureUpdateKey;

// Empty: the feature is at that level.
std::string refusal(const Update& update, BrokerId node) {
  if (update.max_version_level < 0) {
    return "A feature version cannot be less than 0.";
  }
  const auto* feature = std::ranges::find(features, update.feature, &Feature::name);
  if (feature == features.end()) {
    return fmt::format("Local controller {} does not support this feature.", node.value);
  }
  if (update.max_version_level < feature->min_level || update.max_version_level > feature->max_level) {
    return fmt::format("Local controller {} only supports versions {}-{}", node.value, feature->min_level,
                       feature->max_level);
  }
  return {};
}

Error check(const Update& update, BrokerId node) {
  const std::string why = refusal(update, node);
  if (why.empty()) {
    return {ErrorCode::NONE, {}};
  }
  return {ErrorCode::INVALID_UPDATE_VERSION,
          fmt::format("Invalid update version {} for feature {}. {}", update.max_version_level, update.feature, why)};
}

}  // namespace

template <>
Awaitable<UpdateFeaturesResponse> handle(RequestContext& context, UpdateFeaturesRequest& request) {
  UpdateFeaturesResponse response;
  response.error_message.reset();
  for (const auto& update : request.feature_updates) {
    const Error error = check(update, context.broker.config.node_id);
    if (context.header.api_version < one_error_for_all_since) {
      response.results.push_back(
          {.feature = update.feature,
           .error_code = error.code,
           .error_message = error.code == ErrorCode::NONE ? std::nullopt : std::optional(error.message)});
    } else if (error.code != ErrorCode::NONE && response.error_code == ErrorCode::NONE) {
      response.error_code = error.code;
      response.error_message =
          "The update failed for all features since the following feature had an error: " + error.message;
    }
  }
  co_return response;
}

}  // namespace ottla
