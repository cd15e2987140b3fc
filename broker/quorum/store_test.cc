#include "broker/quorum/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/quorum/test_store.h"
#include "replication/quorum/driver.h"

namespace ottla {
namespace {

using namespace quorum;

Bytes bytes_of(std::string_view text) {
  Bytes bytes;
  for (const char letter : text) {
    bytes.push_back(static_cast<std::byte>(letter));
  }
  return bytes;
}
std::string text_of(const SharedBytes& bytes) {
  std::string text;
  for (const std::byte byte : *bytes) {
    text.push_back(std::to_integer<char>(byte));
  }
  return text;
}

// A quorum of one on a disk: everything is written before the next thing is done.
struct Alone {
  explicit Alone(Disk& disk) : store(open_store(disk)), driver(1, "server-1", {.snapshot_every = 10}, 1) {
    Effects effects;
    driver.start(1000, *store.load(), effects);
    carry_out(effects);
  }
  void propose(std::string_view command) {
    Effects effects;
    ASSERT_TRUE(driver.propose(1000, {share(bytes_of(command))}, effects));
    carry_out(effects);
  }
  void carry_out(const Effects& effects) {
    for (const Effect& effect : effects) {
      Effects more;
      if (const auto* vote = std::get_if<StoreVote>(&effect)) {
        EXPECT_TRUE(store.write(*vote));
      } else if (const auto* entries = std::get_if<WriteEntries>(&effect)) {
        EXPECT_TRUE(store.write(*entries));
        driver.written(1000, entries->id, more);
      } else if (const auto* taken = std::get_if<TakeSnapshot>(&effect)) {
        TakeSnapshot write = *taken;
        write.snapshot.image = share(bytes_of(machine));
        EXPECT_TRUE(store.write(write));
        driver.snapshot_taken(1000, write.id, write.snapshot.image, more);
      } else if (const auto* apply = std::get_if<Apply>(&effect)) {
        machine += apply->entry.kind == EntryKind::command ? text_of(apply->entry.bytes) : "";
      } else if (const auto* restore = std::get_if<Restore>(&effect)) {
        machine = text_of(restore->snapshot.image);
      } else if (const auto* broken = std::get_if<Broken>(&effect)) {
        ADD_FAILURE() << broken->why;
      }
      carry_out(more);
    }
  }

  QuorumStore store;
  Driver driver;
  std::string machine;
};

TEST(QuorumStore, a_quorum_of_one_has_after_a_restart_what_it_had) {
  const auto disk = new_disk();
  QuorumStore store = open_store(*disk);
  EXPECT_FALSE(store.has_quorum());
  ASSERT_TRUE(store.format({{self}}));
  std::string all;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    Alone one(*disk);
    EXPECT_TRUE(one.store.has_quorum());
    EXPECT_EQ(one.machine, all);
    all.push_back(letter);
    one.propose(std::string(1, letter));
    EXPECT_EQ(one.machine, all);
  }
}

TEST(QuorumStore, the_commands_of_a_broker_on_its_own_become_entries_of_term_1) {
  for (const bool with_snapshot : {false, true}) {
    const auto disk = new_disk();
    {
      const auto log = open_log(*disk);
      for (const char* command : {"a", "b", "c"}) {
        const CommandLog::Entry entry{log->last_index() + 1, 1, bytes_of(command)};
        ASSERT_TRUE(log->append({&entry, 1}));
      }
      if (with_snapshot) {
        ASSERT_TRUE(log->write_snapshot(3, 1, bytes_of("abc")));
      }
    }
    QuorumStore store = open_store(*disk);
    EXPECT_FALSE(store.has_quorum());
    ASSERT_TRUE(store.adopt(self, bytes_of("abc")));
    for (const char* expected : {"abc", "abcd"}) {
      Alone one(*disk);
      EXPECT_EQ(one.machine, expected);
      EXPECT_EQ(one.driver.leadership(), (Leadership{State::leader, 1, 1, true}));
      one.propose(one.machine == "abc" ? "d" : "e");
    }
    EXPECT_EQ(open_log(*disk)->last_index(), 5U);
  }
}

TEST(QuorumStore, an_adoption_that_breaks_off_is_begun_again) {
  for (int calls = 0; calls < 40; ++calls) {
    const auto disk = new_disk();
    const CommandLog::Entry entry{1, 1, bytes_of("a")};
    ASSERT_TRUE(open_log(*disk)->append({&entry, 1}));
    disk->stop_after = disk->changes + calls;
    if (auto log = CommandLog::open(*disk, "data")) {
      (void)QuorumStore(std::move(*log)).adopt(self, bytes_of("a"));
    }
    disk->stop_after = 1 << 30;
    QuorumStore store = open_store(*disk);
    if (!store.has_quorum()) {
      ASSERT_TRUE(store.adopt(self, bytes_of("a"))) << calls;
    }
    EXPECT_EQ(Alone(*disk).machine, "a") << calls;
  }
}

}  // namespace
}  // namespace ottla
