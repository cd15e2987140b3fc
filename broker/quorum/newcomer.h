// A voter whose directory is empty may be one of the first of a new quorum, or one that has lost its disk, and with it
// the votes and the entries that it had promised to keep. It must not vote before it is known which: else a server that
// lags behind could be elected by it, and what the lost disk had helped to commit would be gone. The mark says that the
// directory has not come through that yet; it outlives a crash.
#pragma once

#include <string>

#include "storage/file.h"

namespace ottla {

bool is_newcomer(Disk& disk, const std::string& directory);
// Durable when they return. Error KAFKA_STORAGE_ERROR.
Result<void> mark_newcomer(Disk& disk, const std::string& directory);
Result<void> unmark_newcomer(Disk& disk, const std::string& directory);

}  // namespace ottla
