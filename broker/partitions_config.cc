// Settings that change while partitions are served.
#include "broker/config_layers.h"
#include "broker/partitions.h"

namespace ottla {

std::shared_ptr<const Config> Partitions::config() const {
  const std::shared_lock lock(mutex_);
  return config_;
}

Result<TopicConfig> Partitions::config_of(const Topic& topic) const {
  return parse_topic_config(topic.configs, *config());
}

Result<void> Partitions::configure(const Topic& topic) {
  const auto config = config_of(topic);
  if (!config) {
    return std::unexpected(config.error());
  }
  if (const auto served = find(topic.id)) {
    for (const auto& partition : served->partitions) {
      partition->set_config(*config);
    }
  }
  return {};
}

Result<void> Partitions::set_broker_changes(const Configs& for_all_brokers, const Configs& for_this_broker) {
  auto changed = with_changes(started_with_, for_all_brokers, for_this_broker);
  if (!changed) {
    return std::unexpected(std::move(changed.error()));
  }
  auto config = std::make_shared<const Config>(std::move(*changed));
  const std::unique_lock lock(mutex_);
  config_ = std::move(config);
  return {};
}

}  // namespace ottla
