// The seam between the metadata state machine and whatever agrees on the order of its commands: today a checked log on
// one broker, later a consensus library. The broker's shell (broker/metadata_quorum) implements it.
#pragma once

#include <functional>

#include "protocol/error_code.h"
#include "replication/controller.h"

namespace ottla {

class MetadataLog {
 public:
  MetadataLog() = default;
  MetadataLog(const MetadataLog&) = delete;
  MetadataLog& operator=(const MetadataLog&) = delete;
  virtual ~MetadataLog() = default;

  // Any thread. `committed` is called once, when the command is durable on a majority and applied here, with what it
  // changed or why it could not; NOT_CONTROLLER if another broker leads, KAFKA_STORAGE_ERROR if the disk failed.
  virtual void propose(Command command, std::function<void(Result<Applied>)> committed) = 0;
};

}  // namespace ottla
