// The controller of the small world: the real rules of one partition (partition_registration.h), and around them what
// Controller does with brokers that register, are fenced and come back. Every change gives another image of the
// metadata, which replicas hear of later.
#pragma once

#include <array>

#include "replication/sim/exhaustive/message.h"

namespace ottla::exhaustive {

constexpr std::size_t broker_count = 3;
constexpr std::int32_t min_insync_replicas = 2;

struct Image {
  PartitionRegistration partition;
  std::array<BrokerEpoch, broker_count> epochs;
  std::array<bool, broker_count> fenced{};
};

// All in sync, and another leads than the preferred one, so that there can be an election without anybody's failing.
Image first_image();

// Each gives true if there is something to tell.
bool fence(Image& image, std::size_t broker);
bool unfence(Image& image, std::size_t broker);
bool elect_preferred(Image& image);
void register_again(Image& image, std::size_t broker, bool has_lost_disk);
AlterPartitionReply alter_partition(Image& image, const AlterRequest& request);

PartitionMetadata metadata_of(const Image& image);
std::string broken_rule(const Image& before, const Image& after);
Key key_of(const Image& image);

}  // namespace ottla::exhaustive
