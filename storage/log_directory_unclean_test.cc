// What a start makes of a directory that was not stopped cleanly.
#include <gtest/gtest.h>

#include "storage/fault_file.h"
#include "storage/log_directory.h"
#include "storage/test_disk.h"

namespace ottla {
namespace {

// A truncation whose sync failed, and a kill: what recovery reads is in memory. A power cut must not bring back the
// rest.
TEST(LogDirectoryUnclean, a_start_makes_durable_what_it_finds) {
  const std::string log = "data/stocks-0/00000000000000000000.log";
  auto disk = std::make_unique<FaultDisk>();
  ASSERT_TRUE(LogDirectory::open(*disk, "data", std::nullopt, BrokerId{1}));
  write_text(*disk, "data/.ottla-metadata/log", "commands");
  write_text(*disk, log, "batches");
  ASSERT_TRUE((*disk->open(log, OpenMode::create_or_open))->truncate(3));
  disk = disk->after_kill();
  ASSERT_TRUE(LogDirectory::open(*disk, "data", std::nullopt, BrokerId{1}));
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    EXPECT_EQ(read_text(*disk->after_power_cut(seed), log), "bat") << seed;
  }
}

}  // namespace
}  // namespace ottla
