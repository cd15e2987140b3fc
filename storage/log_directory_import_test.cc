// Taking over a directory that Kafka wrote, and what it must not touch on the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/fault_file.h"
#include "storage/log_directory.h"
#include "storage/log_tail.h"
#include "storage/log_test_fixture.h"
#include "storage/producer_state.h"
#include "storage/test_disk.h"

namespace ottla {
namespace {

using testing::HasSubstr;

class LogDirectoryImportTest : public testing::Test {
 protected:
  void SetUp() override {
    write_text(disk, "data/meta.properties",
               "version=1\nnode.id=7\ncluster.id=x\ndirectory.id=AAAAAAAAAAAAAAAAAAAAAQ\n");
    for (const char* name : {"stocks-0", "stocks-1", "__cluster_metadata-0", doomed}) {
      write_text(disk, fmt::format("data/{}/00000000000000000000.log", name), "batches");
    }
    write_text(disk, "data/.kafka_cleanshutdown", R"({"version":0,"brokerEpoch":9})");
  }
  Result<std::unique_ptr<LogDirectory>> open(bool import_kafka) {
    return LogDirectory::open(disk, "data", std::nullopt, BrokerId{7}, import_kafka);
  }
  static constexpr const char* doomed = "bonds-0.0123456789abcdef0123456789abcdef-delete";
  FaultDisk disk;
};

TEST_F(LogDirectoryImportTest, without_the_word_nothing_is_written_and_it_says_what_to_do) {
  const std::string before = disk.describe();
  const auto opened = open(false);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("start once with --import-kafka"));
  EXPECT_EQ(disk.describe(), before);
}

TEST_F(LogDirectoryImportTest, partitions_are_found_and_kafkas_own_left_alone) {
  const auto opened = open(true);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE((*opened)->is_importing());
  EXPECT_EQ((*opened)->cluster_id(), "x");
  EXPECT_TRUE((*opened)->was_clean());
  ASSERT_EQ((*opened)->partitions().size(), 2U);
  EXPECT_EQ((*opened)->partitions()[1].name, "stocks-1");
  EXPECT_TRUE(disk.exists(std::string("data/") + doomed));
  EXPECT_TRUE(disk.exists("data/__cluster_metadata-0/00000000000000000000.log"));
}

TEST_F(LogDirectoryImportTest, one_that_broke_off_begins_anew) {
  (void)open(true);
  write_text(disk, "data/.ottla-metadata/log", "half of the topics");
  const auto refused = open(false);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("half taken over"));
  EXPECT_TRUE(disk.exists("data/.ottla-metadata/log"));
  const auto again = open(true);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE((*again)->is_importing());
  EXPECT_FALSE(disk.exists("data/.ottla-metadata/log"));
}

TEST_F(LogDirectoryImportTest, once_done_it_is_ours) {
  {
    const auto opened = open(true);
    write_text(disk, "data/.ottla-metadata/log", "all topics");
    ASSERT_TRUE((*opened)->import_is_done());
  }
  for (const bool import_kafka : {false, true}) {
    const auto opened = open(import_kafka);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_FALSE((*opened)->is_importing());
    EXPECT_TRUE(disk.exists("data/.ottla-metadata/log"));
    EXPECT_EQ((*opened)->partitions().size(), 2U);
  }
}

using LogTailTest = LogFixture;

TEST_F(LogTailTest, epochs_and_producer_ids_in_use_are_found_with_and_without_snapshots) {
  config.segment_bytes = 300;
  epoch = LeaderEpoch{3};
  open();
  for (const std::int64_t id : {50, 7, 9}) {
    ASSERT_TRUE(append(make_batch({{.key = "k", .value = "v"}}, {.id = id, .epoch = 0, .sequence = 0})));
  }
  ASSERT_TRUE(commit());
  (void)close();
  for (int look = 0; look < 2; ++look) {
    const auto tail = read_log_tail(*disk, "data/t-0");
    ASSERT_TRUE(tail);
    EXPECT_EQ(tail->latest_epoch, LeaderEpoch{3});
    EXPECT_EQ(tail->greatest_producer_id, 50);
    const auto names = disk->list("data/t-0").value();
    for (const std::string& name : names) {
      if (name.ends_with(".snapshot") || name == "leader-epoch-checkpoint") {
        ASSERT_TRUE(disk->remove("data/t-0/" + name));
      }
    }
  }
}

}  // namespace
}  // namespace ottla
