#include "storage/log_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/fault_file.h"
#include "storage/test_disk.h"

namespace ottla {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LogDirectoryTest : public testing::Test {
 protected:
  // One after the other, never two at once unless a test says so.
  void open(const std::optional<std::string>& cluster_id = std::nullopt, std::int32_t node_id = 1) {
    directory.reset();
    auto opened = LogDirectory::open(*disk, path, cluster_id, BrokerId{node_id});
    ASSERT_TRUE(opened) << opened.error().message;
    directory = std::move(*opened);
    write(".ottla-metadata/log", "commands");
  }
  std::string refusal(const std::optional<std::string>& cluster_id = std::nullopt, std::int32_t node_id = 1) {
    auto opened = LogDirectory::open(*disk, path, cluster_id, BrokerId{node_id});
    return opened ? "opened" : opened.error().message;
  }
  void write(const std::string& name, const std::string& text) const { write_text(*disk, path + "/" + name, text); }
  [[nodiscard]] std::string read(const std::string& name) const { return read_text(*disk, path + "/" + name); }
  void make_partition(const std::string& name) const { write(name + "/00000000000000000000.log", "batches"); }
  [[nodiscard]] bool exists(const std::string& name) const { return disk->exists(path + "/" + name); }
  void restart_after_power_cut(int seed) { disk = disk->after_power_cut(static_cast<std::uint64_t>(seed)); }
  [[nodiscard]] std::vector<std::string> found() const {
    std::vector<std::string> names;
    for (const auto& partition : directory->partitions()) {
      names.push_back(partition.name);
    }
    return names;
  }

  std::string path = "deep/data";
  std::unique_ptr<FaultDisk> disk = std::make_unique<FaultDisk>();
  std::unique_ptr<LogDirectory> directory;
};

TEST_F(LogDirectoryTest, a_new_directory_is_made_and_keeps_its_identity) {
  open();
  const std::string cluster_id = directory->cluster_id();
  const Uuid directory_id = directory->directory_id();
  EXPECT_TRUE(Uuid::parse(cluster_id));
  open();
  EXPECT_EQ(directory->cluster_id(), cluster_id);
  EXPECT_EQ(directory->directory_id(), directory_id);
  EXPECT_EQ(read("meta.properties"),
            "#\nnode.id=1\ndirectory.id=" + directory_id.to_string() + "\nversion=1\ncluster.id=" + cluster_id + "\n");
}

TEST_F(LogDirectoryTest, a_wanted_cluster_id_formats_and_must_then_match) {
  open("here");
  open("here");
  EXPECT_EQ(directory->cluster_id(), "here");
  directory.reset();
  EXPECT_EQ(refusal("there"), "data directory " + path +
                                  " belongs to cluster.id=here, not there: drop that setting, or choose another "
                                  "directory with log.dirs");
}

TEST_F(LogDirectoryTest, another_node_id_is_refused_and_the_message_says_how_to_go_on) {
  open();
  directory.reset();
  EXPECT_EQ(refusal(std::nullopt, 2), "data directory " + path +
                                          " belongs to node.id=1, not 2: set node.id=1, or choose another directory "
                                          "with log.dirs");
}

TEST_F(LogDirectoryTest, a_second_opener_is_refused_until_the_first_is_gone) {
  open();
  EXPECT_EQ(refusal(), "data directory " + path + " is locked by another process");
  directory.reset();
  EXPECT_EQ(refusal(), "opened");
}

TEST_F(LogDirectoryTest, a_directory_that_cannot_be_made_is_one_line) {
  write_text(*disk, "deep", "a file");
  EXPECT_THAT(refusal(), HasSubstr("data directory " + path + " is not writable: "));
}

TEST_F(LogDirectoryTest, what_kafka_wrote_is_read) {
  write("meta.properties", "#\n#Mon Sep 01 10:00:00 UTC 2025\r\nnode.id = 1\n!x\nversion=1\ncluster.id=a\\=b\n");
  open("a=b");
  EXPECT_THAT(read("meta.properties"), HasSubstr("directory.id=" + directory->directory_id().to_string()));
}

TEST_F(LogDirectoryTest, unusable_meta_properties_are_refused) {
  write("meta.properties", "version=2\nnode.id=1\ncluster.id=x\n");
  EXPECT_THAT(refusal(), HasSubstr("its version 2 is newer than this program knows (1)"));
  write("meta.properties", "version=0\nbroker.id=1\ncluster.id=x\n");
  EXPECT_THAT(refusal(), HasSubstr("its version '0' is not 1"));
  write("meta.properties", "");
  EXPECT_THAT(refusal(), HasSubstr("it has no version"));
  write("meta.properties", "version=1\nnode.id=one\ncluster.id=x\n");
  EXPECT_THAT(refusal(), HasSubstr("it has no node.id"));
}

TEST_F(LogDirectoryTest, data_of_others_is_refused) {
  make_partition("__cluster_metadata-0");
  write("meta.properties", "version=1\nnode.id=1\ncluster.id=x\n");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("was written by Apache Kafka"), HasSubstr("--import-kafka")));
  write(".ottla-metadata/log", "commands");
  EXPECT_EQ(refusal(), "opened");
}

TEST_F(LogDirectoryTest, data_without_an_identity_is_refused) {
  make_partition("stocks-0");
  EXPECT_THAT(refusal(), HasSubstr("holds data but no meta.properties"));
  EXPECT_FALSE(exists("meta.properties"));
}

// Else a start without metadata would take every partition for the leftover of a deleted topic.
TEST_F(LogDirectoryTest, partitions_without_metadata_are_refused) {
  open();
  make_partition("stocks-0");
  ASSERT_TRUE(disk->remove(path + "/.ottla-metadata/log"));
  directory.reset();
  EXPECT_THAT(refusal(), HasSubstr("holds partitions but no .ottla-metadata/log"));
}

TEST_F(LogDirectoryTest, a_clean_stop_is_seen_once) {
  const std::map<std::string, CleanEnd> ends{{"stocks-0", {Offset{42}, 0x8f3a02c1}}, {"stocks-1", {Offset{0}, 0}}};
  open();
  EXPECT_FALSE(directory->was_clean());
  ASSERT_TRUE(directory->mark_clean(ends));
  open();
  EXPECT_TRUE(directory->was_clean());
  EXPECT_EQ(directory->clean_ends(), ends);
  EXPECT_FALSE(exists(".kafka_cleanshutdown"));
  EXPECT_FALSE(exists(".ottla-clean-shutdown"));
  open();
  EXPECT_FALSE(directory->was_clean());
}

TEST_F(LogDirectoryTest, a_refused_start_leaves_the_marker) {
  open();
  ASSERT_TRUE(directory->mark_clean({}));
  directory.reset();
  refusal("another");
  open();
  EXPECT_TRUE(directory->was_clean());
}

TEST_F(LogDirectoryTest, kafkas_marker_is_a_clean_stop_but_voids_our_list) {
  open();
  ASSERT_TRUE(directory->mark_clean({{"stocks-0", {Offset{42}, 1}}}));
  EXPECT_EQ(read(".kafka_cleanshutdown"), R"({"version":0,"brokerEpoch":-1})");
  write(".kafka_cleanshutdown", R"({"version":0,"brokerEpoch":17})");
  open();
  EXPECT_TRUE(directory->was_clean());
  EXPECT_THAT(directory->clean_ends(), IsEmpty());
}

TEST_F(LogDirectoryTest, a_damaged_list_is_no_clean_stop) {
  open();
  ASSERT_TRUE(directory->mark_clean({{"stocks-0", {Offset{42}, 1}}}));
  std::string text = read(".ottla-clean-shutdown");
  text.replace(text.find("42"), 2, "41");
  write(".ottla-clean-shutdown", text);
  open();
  EXPECT_FALSE(directory->was_clean());
  EXPECT_THAT(directory->warnings(), ElementsAre(HasSubstr("its CRC is wrong")));
}

// At whatever call a clean stop breaks off, the next start sees the whole list or an unclean stop; and at whatever
// call that start breaks off, no later start that follows a write can take the old marker for its own.
TEST_F(LogDirectoryTest, a_clean_stop_that_breaks_off_is_whole_or_nothing) {
  const std::map<std::string, CleanEnd> ends{{"stocks-0", {Offset{42}, 1}}};
  for (int calls = 0, stopped = true; stopped != 0; ++calls) {
    open();
    directory.reset();
    auto under_test = LogDirectory::open(*disk, path, std::nullopt, BrokerId{1});
    ASSERT_TRUE(under_test);
    disk->stop_after = disk->changes + calls;
    stopped = under_test.value()->mark_clean(ends) ? 0 : 1;
    under_test.value().reset();
    restart_after_power_cut(calls);
    open();
    EXPECT_TRUE(!directory->was_clean() || directory->clean_ends() == ends) << calls;
    EXPECT_TRUE(stopped != 0 || directory->was_clean());
    EXPECT_THAT(directory->warnings(), IsEmpty());
  }
}

TEST_F(LogDirectoryTest, nothing_is_written_before_the_marker_is_gone) {
  open();
  ASSERT_TRUE(directory->mark_clean({}));
  directory.reset();
  write("recovery-point-offset-checkpoint", "0\n1\ngone 0 7\n");  // will be rewritten
  for (int calls = 0;; ++calls) {
    disk->stop_after = disk->changes + calls;
    const bool opened = LogDirectory::open(*disk, path, std::nullopt, BrokerId{1}).has_value();
    restart_after_power_cut(calls);
    if (opened) {
      break;
    }
    EXPECT_TRUE(exists(".kafka_cleanshutdown") == false ||
                !read("recovery-point-offset-checkpoint").ends_with("0\n0\n"));
  }
  EXPECT_EQ(read("recovery-point-offset-checkpoint"), "0\n0\n");
}

TEST_F(LogDirectoryTest, partitions_are_found_and_everything_else_is_passed_over) {
  open();
  for (const char* name : {"stocks-0", "stocks-11", "a.b-c_d-3", "x-delete-0", "stocks-01", "stocks-x", "stocks", "-0",
                           "stocks-0.0123456789abcdef0123456789abcdef-future", "bonds-99999999999",
                           "stocks-2.0123456789abcdef0123456789abcdef-stray", "lost+found"}) {
    make_partition(name);
  }
  write("file-7", "not a directory");
  open();
  EXPECT_THAT(found(), ElementsAre("a.b-c_d-3", "stocks-0", "stocks-11", "x-delete-0"));
  EXPECT_EQ(directory->partitions().front(), (PartitionDirectory{"a.b-c_d-3", "a.b-c_d", 3}));
}

TEST_F(LogDirectoryTest, what_was_being_deleted_is_deleted_by_the_next_start) {
  open();
  make_partition("stocks-0.0123456789abcdef0123456789abcdef-delete");
  make_partition("my-delete");
  open();
  EXPECT_FALSE(exists("stocks-0.0123456789abcdef0123456789abcdef-delete"));
  EXPECT_TRUE(exists("my-delete"));
}

TEST_F(LogDirectoryTest, a_deleted_partition_leaves_no_trace) {
  open();
  make_partition("stocks-0");
  make_partition("stocks-1");
  ASSERT_TRUE(directory->write_recovery_points(all({{"stocks-0", Offset{5}}, {"stocks-1", Offset{6}}})));
  ASSERT_TRUE(directory->write_log_start_offsets(all({{"stocks-0", Offset{2}}})));
  ASSERT_TRUE(directory->delete_partition("stocks-0"));
  ASSERT_TRUE(directory->delete_partition("stocks-0"));
  EXPECT_EQ(read("recovery-point-offset-checkpoint"), "0\n1\nstocks 1 6\n");
  EXPECT_EQ(read("log-start-offset-checkpoint"), "0\n0\n");
  open();
  EXPECT_THAT(found(), ElementsAre("stocks-1"));
  EXPECT_EQ(directory->recovery_point("stocks-0"), Offset{0});
}

// A new topic of the same name must see neither the old batches nor the old checkpoints.
TEST_F(LogDirectoryTest, a_deletion_that_breaks_off_is_whole_or_nothing_after_the_next_start) {
  for (int calls = 0, stopped = true; stopped != 0; ++calls) {
    open();
    make_partition("stocks-0");
    ASSERT_TRUE(directory->write_recovery_points(all({{"stocks-0", Offset{5}}})));
    directory.reset();
    auto under_test = LogDirectory::open(*disk, path, std::nullopt, BrokerId{1});
    disk->stop_after = disk->changes + calls;
    stopped = under_test.value()->delete_partition("stocks-0") ? 0 : 1;
    under_test.value().reset();
    restart_after_power_cut(calls);
    open();
    EXPECT_EQ(directory->recovery_point("stocks-0"), Offset{exists("stocks-0") ? 5 : 0}) << calls;
    open();
    make_partition("stocks-0");
    open();
    EXPECT_TRUE(stopped != 0 || directory->recovery_point("stocks-0") == Offset{0});
    ASSERT_TRUE(directory->delete_partition("stocks-0"));
  }
}

TEST_F(LogDirectoryTest, a_long_topic_name_is_cut_as_kafka_does) {
  const std::string topic(249, 'x');
  const auto name = deleted_partition_directory({topic + "-12", topic, 12}, Uuid{});
  EXPECT_EQ(name, std::string(212, 'x') + "-12." + std::string(32, '0') + "-delete");
  EXPECT_THAT(name, SizeIs(255));
  EXPECT_TRUE(is_deleted_partition_directory(name));
}

TEST_F(LogDirectoryTest, checkpoints_come_back) {
  open();
  make_partition("a-b-3");
  ASSERT_TRUE(directory->write_recovery_points(all({{"a-b-3", Offset{1234567890123}}})));
  ASSERT_TRUE(directory->write_log_start_offsets(all({{"a-b-3", Offset{17}}})));
  EXPECT_EQ(read("recovery-point-offset-checkpoint"), "0\n1\na-b 3 1234567890123\n");
  open();
  EXPECT_EQ(directory->recovery_point("a-b-3"), Offset{1234567890123});
  EXPECT_EQ(directory->log_start_offset("a-b-3"), Offset{17});
  EXPECT_EQ(directory->log_start_offset("a-b-4"), std::nullopt);
}

TEST_F(LogDirectoryTest, a_damaged_checkpoint_counts_as_absent_and_is_told) {
  open();
  make_partition("stocks-0");
  for (const char* bad : {"1\n0\n", "0\n", "0\n2\nstocks 0 5\n", "0\n1\nstocks 0\n", "0\n1\nstocks 0 five\n",
                          "0\n1\nstocks 0 -5\n", "0\n1\nstocks zero 5\n", "garbage", "0\n1\nstocks 0 5\nbonds 0 1\n"}) {
    write("recovery-point-offset-checkpoint", bad);
    open();
    EXPECT_EQ(directory->recovery_point("stocks-0"), Offset{0}) << bad;
    EXPECT_THAT(directory->warnings(), ElementsAre(HasSubstr("recovery-point-offset-checkpoint is damaged"))) << bad;
  }
}

}  // namespace
}  // namespace ottla
