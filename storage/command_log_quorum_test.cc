// What a quorum needs of the log beyond what a broker on its own does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/command_log.h"
#include "storage/fault_file.h"
#include "storage/text_lines.h"

namespace ottla {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint8_t change = 3;

class CommandLogQuorumTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(disk.make_directories("data"));
    ASSERT_TRUE(disk.sync_directory("."));
    open();
  }
  void open() {
    log.reset();
    auto opened = CommandLog::open(disk, "data");
    ASSERT_TRUE(opened) << opened.error().message;
    log = std::move(*opened);
  }
  std::string refusal() {
    auto opened = CommandLog::open(disk, "data");
    return opened ? "opened" : opened.error().message;
  }
  static Bytes bytes_of(std::string_view text) {
    const auto bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
  }
  // From `first` on, all of one term.
  Result<void> write(std::uint64_t first, std::uint64_t term, std::initializer_list<std::string_view> texts,
                     std::uint8_t kind = CommandLog::command) {
    std::vector<CommandLog::Entry> entries;
    for (const auto text : texts) {
      entries.push_back({first + entries.size(), term, bytes_of(text), kind});
    }
    return log->write(first, entries);
  }
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> made;
    for (const auto& entry : log->all_entries()) {
      made.emplace_back(as_text(entry.bytes));
    }
    return made;
  }
  std::uint32_t version() {
    const Bytes bytes = *read_whole_file(disk, "data/.ottla-metadata/log");
    return load_big_endian<std::uint32_t>(std::span(bytes).subspan(8));
  }

  FaultDisk disk;
  std::unique_ptr<CommandLog> log;
};

TEST_F(CommandLogQuorumTest, a_log_of_commands_alone_stays_the_one_of_the_first_day) {
  ASSERT_TRUE(write(1, 1, {"one", "two"}));
  EXPECT_EQ(version(), 1U);
  EXPECT_FALSE(log->vote());
  ASSERT_TRUE(write(3, 1, {"a change"}, change));
  EXPECT_EQ(version(), 2U);
  open();
  EXPECT_THAT(texts(), ElementsAre("one", "two", "a change"));
  EXPECT_EQ(log->all_entries()[2].kind, change);
  EXPECT_EQ(log->all_entries()[1].kind, CommandLog::command);
  EXPECT_EQ(log->vote(), (CommandLog::Vote{1, 0}));
}

TEST_F(CommandLogQuorumTest, entries_are_written_over) {
  ASSERT_TRUE(write(1, 1, {"one", "two", "three", "four"}));
  ASSERT_TRUE(write(3, 2, {"drei"}));
  EXPECT_THAT(texts(), ElementsAre("one", "two", "drei"));
  open();
  EXPECT_THAT(texts(), ElementsAre("one", "two", "drei"));
  EXPECT_EQ(log->last_term(), 2U);
  EXPECT_FALSE(write(5, 2, {"a gap"}));
  EXPECT_FALSE(write(2, 0, {"an older term"}));
  EXPECT_THAT(texts(), ElementsAre("one", "two", "drei"));
}

TEST_F(CommandLogQuorumTest, entries_before_a_snapshot_are_kept_as_far_as_asked_for) {
  ASSERT_TRUE(write(1, 1, {"one", "two", "three", "four"}));
  const CommandLog::Snapshot snapshot{3, 1, bytes_of("image"), 1, bytes_of("configuration")};
  ASSERT_TRUE(log->write_snapshot(snapshot, 2));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(log->snapshot(), snapshot);
    EXPECT_EQ(log->first_index(), 2U);
    EXPECT_THAT(texts(), ElementsAre("two", "three", "four"));
    ASSERT_EQ(log->entries().size(), 1U);
    EXPECT_EQ(log->entries().front().index, 4U);
    open();
  }
  EXPECT_FALSE(write(3, 2, {"into the snapshot"}));
  EXPECT_FALSE(log->write_snapshot({4, 2, {}, 1, {}}, 5)) << "a term that entry 4 does not have";
}

TEST_F(CommandLogQuorumTest, a_snapshot_from_elsewhere_takes_the_place_of_everything) {
  ASSERT_TRUE(write(1, 1, {"one", "two"}));
  ASSERT_TRUE(log->install_snapshot({9, 3, bytes_of("image"), 8, bytes_of("configuration")}));
  open();
  EXPECT_THAT(texts(), IsEmpty());
  EXPECT_EQ(log->last_index(), 9U);
  EXPECT_EQ(log->last_term(), 3U);
  ASSERT_TRUE(write(10, 3, {"ten"}));
  EXPECT_FALSE(log->install_snapshot({8, 3, {}, 8, {}}));
}

TEST_F(CommandLogQuorumTest, a_vote_is_kept_and_not_changed) {
  ASSERT_TRUE(log->store_vote({4, 0}));
  ASSERT_TRUE(log->store_vote({4, 2}));
  EXPECT_FALSE(log->store_vote({4, 3}));
  EXPECT_FALSE(log->store_vote({3, 2}));
  open();
  EXPECT_EQ(log->vote(), (CommandLog::Vote{4, 2}));
  ASSERT_TRUE(log->store_vote({5, 0}));
}

TEST_F(CommandLogQuorumTest, a_vote_that_is_lost_or_damaged_stops_the_start) {
  const std::string path = "data/.ottla-metadata/vote";
  ASSERT_TRUE(log->store_vote({4, 2}));
  ASSERT_TRUE(write(1, 4, {"a change"}, change));
  const Bytes vote = *read_whole_file(disk, path);
  for (std::size_t at = 0; at < vote.size(); ++at) {
    Bytes flipped = vote;
    flipped[at] ^= std::byte{1};
    ASSERT_TRUE(replace_file(disk, path, flipped));
    EXPECT_THAT(refusal(), HasSubstr("vote cannot be used")) << at;
  }
  ASSERT_TRUE(disk.remove(path));
  EXPECT_THAT(refusal(), HasSubstr("may have voted"));
}

}  // namespace
}  // namespace ottla
