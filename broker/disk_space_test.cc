#include "broker/disk_space.h"

#include <gtest/gtest.h>

#include <thread>

#include "storage/fault_file.h"

namespace ottla {
namespace {

TEST(DiskSpaceTest, writes_are_refused_before_the_disk_is_full_and_go_on_when_there_is_room) {
  FaultDisk disk;
  disk.capacity_bytes = 1000;
  DiskSpace space(disk, ".", 400);
  EXPECT_TRUE(space.take(300));
  EXPECT_TRUE(space.take(300));
  const auto refused = space.take(1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::KAFKA_STORAGE_ERROR);
  disk.capacity_bytes = 2000;
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  EXPECT_TRUE(space.take(300));
}

class SlowDisk : public FaultDisk {
 public:
  Result<std::int64_t> free_bytes(const std::string& path) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return FaultDisk::free_bytes(path);
  }
};

TEST(DiskSpaceTest, who_comes_while_the_first_one_looks_is_not_refused) {
  SlowDisk disk;
  disk.capacity_bytes = 1000;
  DiskSpace space(disk, ".", 400);
  const std::jthread first([&] { EXPECT_TRUE(space.take(1)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_TRUE(space.take(1));
}

TEST(DiskSpaceTest, what_is_refused_takes_nothing_from_others) {
  FaultDisk disk;
  disk.capacity_bytes = 1000;
  DiskSpace space(disk, ".", 400);
  EXPECT_FALSE(space.take(601));
  EXPECT_FALSE(space.check(601));
  EXPECT_TRUE(space.check(600));
  EXPECT_TRUE(space.take(600));
  EXPECT_FALSE(space.check(1));
}

}  // namespace
}  // namespace ottla
