#include "storage/fault_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "storage/test_disk.h"

namespace ottla {
namespace {

// What may be found under a path after a power cut, over many seeds. "-" stands for an absent file.
std::set<std::string> fates(const FaultDisk& disk, const std::string& path) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto survivor = disk.after_power_cut(seed);
    found.insert(survivor->exists(path) ? read_text(*survivor, path) : "-");
  }
  return found;
}

class FaultFileTest : public testing::Test {
 protected:
  std::shared_ptr<File> open(const std::string& path, OpenMode mode = OpenMode::create_or_open) {
    return disk.open(path, mode).value();
  }
  static Result<void> write(File& file, std::string_view text, std::int64_t position = 0) {
    const auto bytes = as_bytes(text);
    return file.write_at({&bytes, 1}, position);
  }
  FaultDisk disk;
};

TEST_F(FaultFileTest, what_is_synced_survives_every_power_cut) {
  write_text(disk, "d/file", "content");
  EXPECT_EQ(fates(disk, "d/file"), std::set<std::string>({"content"}));
}

TEST_F(FaultFileTest, a_directory_entry_that_was_not_synced_may_be_lost_with_synced_content) {
  ASSERT_TRUE(disk.make_directories("d"));
  ASSERT_TRUE(disk.sync_directory("."));
  const auto file = open("d/file");
  ASSERT_TRUE(write(*file, "content"));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(fates(disk, "d/file"), (std::set<std::string>{"-", "content"}));
  ASSERT_TRUE(disk.sync_directory("d"));
  EXPECT_EQ(fates(disk, "d/file"), std::set<std::string>({"content"}));
}

TEST_F(FaultFileTest, an_unsynced_rename_is_whole_or_nothing) {
  write_text(disk, "d/old", "o");
  write_text(disk, "d/new", "n");
  ASSERT_TRUE(disk.rename("d/new", "d/old"));
  EXPECT_EQ(fates(disk, "d/old"), (std::set<std::string>{"o", "n"}));
}

TEST_F(FaultFileTest, unsynced_writes_are_lost_torn_or_kept) {
  write_text(disk, "d/file", std::string(std::size_t{2} * 4096, 'a'));
  ASSERT_TRUE(write(*open("d/file"), std::string(std::size_t{2} * 4096, 'b')));
  const auto found = fates(disk, "d/file");
  EXPECT_TRUE(found.contains(std::string(8192, 'a')));
  EXPECT_TRUE(found.contains(std::string(8192, 'b')));
  EXPECT_TRUE(found.contains(std::string(4096, 'a') + std::string(4096, 'b')));
  EXPECT_TRUE(std::ranges::any_of(found, [](const std::string& text) {
    return text.substr(0, 512) != text.substr(512, 512);  // torn inside a block
  }));
}

TEST_F(FaultFileTest, an_unsynced_truncation_may_bring_the_old_tail_back_behind_new_bytes) {
  write_text(disk, "d/file", std::string(512, 'a') + std::string(512, 'b'));
  const auto file = open("d/file");
  ASSERT_TRUE(file->truncate(512));
  ASSERT_TRUE(write(*file, "new", 512));
  const auto found = fates(disk, "d/file");
  EXPECT_TRUE(found.contains(std::string(512, 'a') + std::string(512, 'b')));
  EXPECT_TRUE(found.contains(std::string(512, 'a') + "new" + std::string(509, 'b')));
}

TEST_F(FaultFileTest, a_failed_sync_leaves_what_it_was_told_to_leave) {
  for (const auto& [how, live, after_second_sync] :
       {std::tuple{FailedSync::kept_dirty, "new", "new"}, std::tuple{FailedSync::kept_clean, "new", "old"},
        std::tuple{FailedSync::dropped, "old", "old"}}) {
    write_text(disk, "d/file", "old");
    const auto file = open("d/file");
    ASSERT_TRUE(write(*file, "new"));
    disk.failed_sync = how;
    disk.fail_sync_after = 0;
    EXPECT_FALSE(file->sync());
    EXPECT_EQ(read_text(disk, "d/file"), live);
    EXPECT_TRUE(file->sync());
    EXPECT_EQ(fates(disk, "d/file"), std::set<std::string>({after_second_sync}));
  }
}

TEST_F(FaultFileTest, forgetting_the_cache_shows_what_the_disk_has) {
  write_text(disk, "d/file", "old");
  const auto file = open("d/file");
  ASSERT_TRUE(write(*file, "new"));
  disk.failed_sync = FailedSync::kept_clean;
  disk.fail_sync_after = 0;
  EXPECT_FALSE(file->sync());
  file->forget_cached();
  EXPECT_EQ(read_text(disk, "d/file"), "old");
}

TEST_F(FaultFileTest, a_full_disk_takes_what_fits_and_says_so) {
  const auto file = open("file");
  disk.capacity_bytes = 10;
  EXPECT_EQ(disk.free_bytes(".").value(), 10);
  const auto written = write(*file, "0123456789abc");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "writing file: No space left on device");
  EXPECT_EQ(read_text(disk, "file"), "0123456789");
  ASSERT_TRUE(file->truncate(0));
  EXPECT_EQ(disk.free_bytes(".").value(), 10);
}

TEST_F(FaultFileTest, a_lock_is_held_once_until_it_is_dropped) {
  auto lock = disk.lock("l");
  EXPECT_FALSE(disk.lock("l"));
  lock.value().reset();
  EXPECT_TRUE(disk.lock("l"));
}

}  // namespace
}  // namespace ottla
