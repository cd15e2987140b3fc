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

Result<void> Partitions::configure(const Topic& topic, std::span<const PartitionMetadata> metadata) {
  const auto config = config_of(topic);
  if (!config) {
    return std::unexpected(config.error());
  }
  const auto served = find(topic.id);
  for (std::size_t index = 0; served != nullptr && index < std::min(metadata.size(), served->partitions.size());
       ++index) {
    if (const auto& partition = served->partitions[index]) {
      partition->set_config(*config);
      tell(*partition, metadata[index], *config);
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
