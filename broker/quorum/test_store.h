// A quorum's store on a disk in memory, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "broker/quorum/store.h"
#include "storage/fault_file.h"

namespace ottla {

inline const quorum::Server self{1, "server-1", quorum::ServerRole::voter};

inline std::unique_ptr<CommandLog> open_log(Disk& disk) {
  auto log = CommandLog::open(disk, "data");
  EXPECT_TRUE(log) << log.error().message;
  return log ? std::move(*log) : nullptr;
}
inline QuorumStore open_store(Disk& disk) { return QuorumStore(open_log(disk)); }

inline std::unique_ptr<FaultDisk> new_disk() {
  auto disk = std::make_unique<FaultDisk>();
  EXPECT_TRUE(disk->make_directories("data"));
  EXPECT_TRUE(disk->sync_directory("."));
  return disk;
}

}  // namespace ottla
