// UpdateFeatures 0-2 (KIP-584). Each feature has one level here, so the only update there is changes nothing.
#include <fmt/format.h>

#include <algorithm>

#include "broker/broker.h"
#include "broker/features.h"
#include "broker/handlers.h"

namespace ottla {

namespace {

constexpr std::int16_t results_until = 1;
constexpr std::int8_t upgrade = 1;
constexpr std::int8_t unsafe_downgrade = 3;

using Update = UpdateFeaturesRequest::FeatureUpdateKey;

// Empty: the feature is at that level.
std::string refusal(const Update& update, BrokerId node) {
  if (update.upgrade_type < upgrade || update.upgrade_type > unsafe_downgrade) {
    return "The controller does not support the given upgrade type.";
  }
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

}  // namespace

// Where one is wrong none is updated, and in each version one error speaks for all.
template <>
Awaitable<UpdateFeaturesResponse> handle(RequestContext& context, UpdateFeaturesRequest& request) {
  UpdateFeaturesResponse response;
  response.error_message.reset();
  for (const auto& update : request.feature_updates) {
    if (const std::string why = refusal(update, context.broker.config.node_id); !why.empty()) {
      response.error_code = ErrorCode::INVALID_UPDATE_VERSION;
      response.error_message = fmt::format(
          "The update failed for all features since the following feature had an error: Invalid update version {} for "
          "feature {}. {}",
          update.max_version_level, update.feature, why);
      response.results.clear();
      break;
    }
    if (context.header.api_version <= results_until) {
      response.results.push_back({.feature = update.feature, .error_message = std::nullopt});
    }
  }
  co_return response;
}

}  // namespace ottla
