// meta.properties: who this directory belongs to, in Kafka's format (version 1, a Java properties file).
// Source: Kafka's MetaProperties, KIP-631, KIP-858.
#pragma once

#include <string>
#include <string_view>

#include "protocol/error_code.h"
#include "protocol/ids.h"

namespace ottla {

struct MetaProperties {
  std::string cluster_id;
  BrokerId node_id;
  Uuid directory_id;  // zero: a directory from before Kafka 3.7 has none

  [[nodiscard]] std::string text() const;
  // Error: one clause ("it has no node.id"), for a message that names the file.
  static Result<MetaProperties> parse(std::string_view text);
};

}  // namespace ottla
