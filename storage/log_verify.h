// `ottla log verify`: is all that a log directory, or one partition directory, holds as it should be? Ottla's or
// Kafka's, at rest, copied, or in use by a running broker.
#pragma once

#include <string>

#include "storage/partition_verify.h"

namespace ottla {

// Only reads. `path` is absolute. What is damaged while the directory may be in use is looked at again, and counts if
// it still is. Error: there is no log, or the disk's.
Result<VerifyCounts> verify_logs(Disk& disk, const std::string& path, const Report& report);

}  // namespace ottla
