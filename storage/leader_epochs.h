// The leader epochs of a log on disk: Kafka's leader-epoch-checkpoint ("0", a count, then "epoch start-offset").
#pragma once

#include <optional>
#include <string>

#include "protocol/leader_epochs.h"
#include "storage/file.h"

namespace ottla {

// Nothing if it is absent or damaged; recovery then fills it from the batches.
std::optional<LeaderEpochs> read_leader_epochs(Disk& disk, const std::string& directory);
// Durable when it returns.
Result<void> write_leader_epochs(Disk& disk, const std::string& directory, const LeaderEpochs& epochs);

}  // namespace ottla
