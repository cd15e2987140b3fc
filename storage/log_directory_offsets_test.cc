// LogDirectory: the high watermarks in its checkpoint, and the recovery points beside the marks.
#include <gtest/gtest.h>

#include "storage/fault_file.h"
#include "storage/log_directory.h"
#include "storage/test_disk.h"

namespace ottla {
namespace {

class LogDirectoryOffsetsTest : public testing::Test {
 protected:
  LogDirectoryOffsetsTest() {
    open();
    write_text(disk, "data/.ottla-metadata/log", "commands");
    write_text(disk, "data/t-0/00000000000000000000.log", "batches");
    open();
  }
  void open() {
    directory.reset();
    directory = LogDirectory::open(disk, "data", std::nullopt, BrokerId{1}).value();
  }
  void note(std::int64_t high_watermark) {
    EXPECT_TRUE(directory->write_high_watermarks(
        [&](const auto&) { return OffsetsByDirectory{{"t-0", Offset{high_watermark}}}; }));
  }
  FaultDisk disk;
  std::unique_ptr<LogDirectory> directory;
};

TEST_F(LogDirectoryOffsetsTest, a_high_watermark_is_found_again_in_kafkas_file) {
  EXPECT_EQ(directory->high_watermark("t-0"), Offset{0});
  note(7);
  EXPECT_EQ(read_text(disk, "data/replication-offset-checkpoint"), "0\n1\nt 0 7\n");
  open();
  EXPECT_EQ(directory->high_watermark("t-0"), Offset{7});
}

TEST_F(LogDirectoryOffsetsTest, what_has_not_moved_is_not_written_again) {
  note(7);
  const auto before = disk.changes;
  note(7);
  EXPECT_EQ(disk.changes, before);
  note(8);
  EXPECT_GT(disk.changes, before);
}

TEST_F(LogDirectoryOffsetsTest, a_high_watermark_goes_with_its_partition) {
  note(7);
  ASSERT_TRUE(directory->delete_partition("t-0"));
  EXPECT_EQ(directory->high_watermark("t-0"), Offset{0});
  EXPECT_EQ(read_text(disk, "data/replication-offset-checkpoint"), "0\n0\n");
}

// What recovery has noted gets into the marks with the next commit only: a clean stop may come before.
TEST_F(LogDirectoryOffsetsTest, recovery_points_are_never_ahead_of_the_marks) {
  const PartitionKey key{Uuid::random(), 0};
  directory->marks().note(key, {.durable_end_offset = Offset{5}});
  ASSERT_TRUE(directory->write_recovery_points([](const auto&) { return OffsetsByDirectory{{"t-0", Offset{5}}}; }));
  open();
  ASSERT_TRUE(directory->marks().find(key));
  EXPECT_EQ(directory->marks().find(key)->durable_end_offset, Offset{5});
}

}  // namespace
}  // namespace ottla
