#include "storage/command_log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/command_log_format.h"
#include "storage/fault_file.h"
#include "storage/text_lines.h"

namespace ottla {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CommandLogTest : public testing::Test {
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
  // All of them in one append.
  Result<void> append(std::initializer_list<std::string_view> commands) {
    std::vector<CommandLog::Entry> entries;
    for (const auto command : commands) {
      entries.push_back({log->last_index() + entries.size() + 1, 1, bytes_of(command)});
    }
    return log->append(entries);
  }
  [[nodiscard]] std::vector<std::string> commands() const {
    std::vector<std::string> texts;
    for (const auto& entry : log->entries()) {
      texts.emplace_back(as_text(entry.bytes));
    }
    return texts;
  }
  Bytes content() { return *read_whole_file(disk, log_path); }
  void replace(const Bytes& bytes) { ASSERT_TRUE(replace_file(disk, log_path, bytes)); }

  const std::string log_path = "data/.ottla-metadata/log";
  const std::string snapshot_path = "data/.ottla-metadata/snapshot";
  FaultDisk disk;
  std::unique_ptr<CommandLog> log;
};

TEST_F(CommandLogTest, what_was_appended_is_there_after_a_restart) {
  EXPECT_EQ(log->last_index(), 0U);
  ASSERT_TRUE(append({"one"}));
  ASSERT_TRUE(append({"two", ""}));
  open();
  EXPECT_THAT(commands(), ElementsAre("one", "two", ""));
  EXPECT_EQ(log->entries()[2], (CommandLog::Entry{3, 1, {}}));
  EXPECT_EQ(log->last_index(), 3U);
  EXPECT_EQ(log->cut_bytes(), 0);
}

TEST_F(CommandLogTest, the_layout_is_the_one_of_the_first_day) {
  ASSERT_TRUE(append({"ab"}));
  const Bytes bytes = content();
  ASSERT_EQ(bytes.size(), 32U + 32U + 2U);
  EXPECT_EQ(as_text(std::span(bytes).first(8)), "OTTLALOG");
  EXPECT_EQ(load_big_endian<std::uint32_t>(std::span(bytes).subspan(8)), 1U);
  EXPECT_EQ(load_big_endian<std::uint64_t>(std::span(bytes).subspan(32)), 1U);
  EXPECT_EQ(load_big_endian<std::uint32_t>(std::span(bytes).subspan(56)), 2U);
  EXPECT_EQ(as_text(std::span(bytes).subspan(64)), "ab");
}

TEST_F(CommandLogTest, a_torn_last_entry_is_cut_at_every_byte) {
  ASSERT_TRUE(append({"one"}));
  const std::size_t whole = content().size();
  ASSERT_TRUE(append({"the last one"}));
  const Bytes bytes = content();
  for (std::size_t size = whole; size < bytes.size(); ++size) {
    replace({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
    open();
    EXPECT_THAT(commands(), ElementsAre("one")) << size;
    EXPECT_EQ(content().size(), whole) << size;
    EXPECT_EQ(log->cut_bytes(), static_cast<std::int64_t>(size - whole));
  }
  ASSERT_TRUE(append({"again"}));
  open();
  EXPECT_THAT(commands(), ElementsAre("one", "again"));
}

TEST_F(CommandLogTest, zeros_and_garbage_at_the_end_are_cut) {
  ASSERT_TRUE(append({"one"}));
  for (const std::byte filler : {std::byte{0}, std::byte{0xFF}}) {
    Bytes bytes = content();
    bytes.resize(bytes.size() + 5000, filler);
    replace(bytes);
    open();
    EXPECT_THAT(commands(), ElementsAre("one"));
  }
}

TEST_F(CommandLogTest, a_flipped_bit_before_the_end_is_never_cut) {
  ASSERT_TRUE(append({"one"}));
  ASSERT_TRUE(append({"two"}));
  const std::size_t damageable = content().size();
  ASSERT_TRUE(append({"three"}));
  const Bytes bytes = content();
  for (std::size_t at = 0; at < damageable; ++at) {
    Bytes flipped = bytes;
    flipped[at] ^= std::byte{0x10};
    replace(flipped);
    EXPECT_THAT(refusal(), HasSubstr("cannot be used")) << at;
    EXPECT_EQ(content(), flipped) << at;
  }
}

TEST_F(CommandLogTest, an_append_of_which_only_the_end_reached_the_disk_is_a_torn_one) {
  ASSERT_TRUE(append({"one"}));
  const std::size_t begin = content().size();
  ASSERT_TRUE(append({"two", "three", "four"}));
  Bytes bytes = content();
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(begin), 20, std::byte{0});
  replace(bytes);
  open();
  EXPECT_THAT(commands(), ElementsAre("one"));
}

TEST_F(CommandLogTest, a_snapshot_takes_the_place_of_the_entries_up_to_it) {
  ASSERT_TRUE(append({"one", "two", "three"}));
  ASSERT_TRUE(log->write_snapshot(2, 1, bytes_of("image")));
  EXPECT_THAT(commands(), ElementsAre("three"));
  ASSERT_TRUE(append({"four"}));
  open();
  EXPECT_EQ(log->snapshot()->index, 2U);
  EXPECT_EQ(as_text(log->snapshot()->bytes), "image");
  EXPECT_THAT(commands(), ElementsAre("three", "four"));
  EXPECT_EQ(log->last_index(), 4U);
}

TEST_F(CommandLogTest, the_index_goes_on_after_a_snapshot_of_everything) {
  ASSERT_TRUE(append({"one", "two"}));
  ASSERT_TRUE(log->write_snapshot(2, 1, bytes_of("image")));
  open();
  EXPECT_THAT(commands(), IsEmpty());
  EXPECT_EQ(log->last_index(), 2U);
  EXPECT_EQ(log->last_term(), 1U);
  ASSERT_TRUE(append({"three"}));
  EXPECT_FALSE(log->write_snapshot(2, 1, {}));
  EXPECT_FALSE(log->write_snapshot(4, 1, {}));
}

TEST_F(CommandLogTest, a_snapshot_that_breaks_off_loses_nothing) {
  bool done = false;
  for (int calls = 0; !done; ++calls) {
    ASSERT_TRUE(append({"one more"}));
    const std::uint64_t last = log->last_index();
    disk.stop_after = disk.changes + calls;
    done = log->write_snapshot(last, 1, bytes_of("image")).has_value();
    disk.stop_after = 1 << 30;
    open();
    EXPECT_EQ(log->last_index(), last) << calls;
    EXPECT_TRUE(!done || log->snapshot()->index == last);
  }
}

// Power fails before every call that changes the disk, and what was not synced survives in part.
TEST_F(CommandLogTest, what_was_acknowledged_survives_every_power_cut) {
  int tried = 0;
  std::vector<std::string> acknowledged;
  std::vector<std::string> under_way;
  disk.before_change = [&](std::string_view what) {
    for (std::uint64_t seed = 0; seed < 8; ++seed, ++tried) {
      const auto survivor = disk.after_power_cut(seed);
      const auto reopened = CommandLog::open(*survivor, "data");
      ASSERT_TRUE(reopened) << what << ": " << reopened.error().message;
      std::vector<std::string> found((*reopened)->snapshot() ? (*reopened)->snapshot()->index : 0, "in the snapshot");
      for (const auto& entry : (*reopened)->entries()) {
        found.emplace_back(as_text(entry.bytes));
      }
      ASSERT_GE(found.size(), acknowledged.size()) << what;
      ASSERT_LE(found.size(), under_way.size()) << what;
      ASSERT_TRUE(found.empty() || found.back() == "in the snapshot" || found.back() == under_way[found.size() - 1]);
    }
  };
  for (int i = 0; i < 40; ++i) {
    under_way.push_back(fmt::format("command {} {}", i, std::string(static_cast<std::size_t>(i) * 50, 'x')));
    ASSERT_TRUE(append({under_way.back()}));
    acknowledged = under_way;
    if (i % 15 == 14) {
      ASSERT_TRUE(log->write_snapshot(log->last_index() - 2, 1, bytes_of("image")));
    }
  }
  disk.before_change = nullptr;
  EXPECT_GT(tried, 500);
}

TEST_F(CommandLogTest, a_lost_or_damaged_snapshot_stops_the_start) {
  ASSERT_TRUE(append({"one"}));
  ASSERT_TRUE(log->write_snapshot(1, 1, bytes_of("image")));
  Bytes snapshot = *read_whole_file(disk, snapshot_path);
  for (std::size_t at = 0; at < snapshot.size(); ++at) {
    Bytes flipped = snapshot;
    flipped[at] ^= std::byte{1};
    ASSERT_TRUE(replace_file(disk, snapshot_path, flipped));
    EXPECT_THAT(refusal(), HasSubstr("snapshot cannot be used")) << at;
  }
  ASSERT_TRUE(disk.remove(snapshot_path));
  EXPECT_THAT(refusal(), HasSubstr("no snapshot reaches there"));
  ASSERT_TRUE(replace_file(disk, snapshot_path, snapshot));
  ASSERT_TRUE(disk.remove(log_path));
  EXPECT_THAT(refusal(), HasSubstr("there is a snapshot"));
}

TEST_F(CommandLogTest, a_failed_sync_is_final) {
  ASSERT_TRUE(append({"one"}));
  disk.fail_sync_after = 0;
  EXPECT_FALSE(append({"two"}));
  EXPECT_FALSE(append({"two"}));
  EXPECT_FALSE(log->write_snapshot(1, 1, {}));
  EXPECT_THAT(commands(), ElementsAre("one"));
}

TEST_F(CommandLogTest, a_failed_write_leaves_the_log_as_it_was) {
  ASSERT_TRUE(append({"one"}));
  const Bytes before = content();
  disk.fail_write_after = 0;
  EXPECT_FALSE(append({"two"}));
  EXPECT_EQ(content(), before);
  ASSERT_TRUE(append({"two"}));
  open();
  EXPECT_THAT(commands(), ElementsAre("one", "two"));
}

TEST_F(CommandLogTest, entries_out_of_sequence_or_too_large_are_refused) {
  const auto refused = [this](const CommandLog::Entry& entry) {
    const auto done = log->append({&entry, 1});
    return !done && done.error().code == ErrorCode::INVALID_REQUEST;
  };
  EXPECT_TRUE(refused({.index = 2, .term = 1, .bytes = {}}));
  EXPECT_TRUE(refused({.index = 1, .term = 1, .bytes = Bytes(CommandLog::entry_max_bytes + 1)}));
  ASSERT_TRUE(append({"one"}));
  EXPECT_TRUE(refused({.index = 1, .term = 1, .bytes = {}}));
  EXPECT_TRUE(refused({.index = 2, .term = 0, .bytes = {}}));
}

TEST_F(CommandLogTest, a_newer_format_is_refused) {
  Bytes bytes = content();
  bytes[11] = std::byte{3};
  replace(bytes);
  EXPECT_THAT(refusal(), HasSubstr("its format version 3 is not known"));
}

}  // namespace
}  // namespace ottla
