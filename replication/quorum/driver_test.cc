// The order of effects, and what a driver makes of writes that come late, are void, or stand for a snapshot.
#include "replication/quorum/driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replication/quorum/test_quorum.h"

namespace ottla::quorum {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

AppendEntries append(Term term, Position previous, LogIndex commit, std::vector<Entry> entries) {
  return {term, previous, commit, std::move(entries)};
}

// Everything an input gave, in words.
std::vector<std::string> names(const Effects& effects) {
  static constexpr const char* all[] = {"vote",  "entries", "snapshot",   "take",  "send",
                                        "apply", "restore", "leadership", "broken"};
  std::vector<std::string> made;
  for (const Effect& effect : effects) {
    made.emplace_back(all[effect.index()]);
  }
  return made;
}

TEST(Driver, a_vote_is_stored_before_it_is_given) {
  TestServer server(2, first_state(voters({1, 2, 3})));
  Effects effects;
  ASSERT_TRUE(server.driver.receive(server.now_ms, {1, 2, RequestVote{.term = 4, .candidate = 1, .last_log = {1, 1}}},
                                    effects));
  EXPECT_THAT(names(effects), ElementsAre("vote", "send", "leadership"));
  EXPECT_EQ(std::get<StoreVote>(effects.front()), (StoreVote{4, 1}));
  EXPECT_TRUE(std::get<RequestVoteResult>(std::get<Send>(effects[1]).message.body).granted);
}

TEST(Driver, an_entry_is_acknowledged_when_it_is_durable_and_not_before) {
  TestServer server(2, first_state(voters({1, 2, 3})));
  server.hold_writes = true;
  server.receive(1, append(1, {1, 1}, 1, {command(1, "a")}));
  EXPECT_THAT(server.take_sent<AppendEntriesResult>(), IsEmpty());
  server.receive(1, append(1, {1, 1}, 1, {command(1, "a")}));  // again
  EXPECT_EQ(server.take_sent<AppendEntriesResult>().back().last_log_index, 1U);
  server.write_one();
  EXPECT_EQ(server.take_sent<AppendEntriesResult>().back().last_log_index, 2U);
}

TEST(Driver, a_write_that_is_void_meanwhile_acknowledges_nothing) {
  TestServer server(2, first_state(voters({1, 2, 3})));
  server.hold_writes = true;
  server.receive(1, append(2, {1, 1}, 1, {command(2, "a")}));
  server.receive(3, append(3, {1, 1}, 1, {command(3, "b")}));  // truncates it
  server.receive(1, append(4, {1, 1}, 1, {command(2, "a")}));  // the same entry of the same term again
  server.take_sent<AppendEntriesResult>();
  server.write_one();
  server.write_one();
  EXPECT_THAT(server.take_sent<AppendEntriesResult>(), IsEmpty());  // the disk is about to lose it once more
  server.write_one();
  EXPECT_EQ(server.take_sent<AppendEntriesResult>().back().last_log_index, 2U);
}

// Raft, figure 8: an entry of an old term is not committed because a majority has it.
TEST(Driver, an_old_terms_entry_is_committed_by_one_of_the_new_term_only) {
  StoredState disk = first_state(voters({1, 2, 3}));
  disk.term = 2;
  disk.entries.push_back(command(2, "a"));
  Settings settings = TestServer::settings();
  settings.pre_vote = false;
  TestServer server(1, disk, {}, settings);
  server.hold_writes = true;
  server.wait(1000);
  server.receive(2, RequestVoteResult{.term = 3, .granted = true});
  ASSERT_EQ(server.driver.leadership().state, State::leader);
  for (const ServerId follower : {ServerId{2}, ServerId{3}}) {
    server.receive(follower, AppendEntriesResult{3, 0, 2});
  }
  EXPECT_EQ(server.driver.core().commit_index(), 1U);  // all three have entry 2
  server.write_all();                                  // the barrier, entry 3
  EXPECT_EQ(server.driver.core().commit_index(), 1U);
  server.receive(2, AppendEntriesResult{3, 0, 3});
  EXPECT_EQ(server.driver.core().commit_index(), 3U);
}

TEST(Driver, writes_that_are_reported_out_of_order_stop_it) {
  TestServer server(1, first_state(voters({1})));
  server.hold_writes = true;
  ASSERT_TRUE(server.propose("a"));
  ASSERT_TRUE(server.propose("b"));
  Effects effects;
  server.driver.written(server.now_ms, 2, effects);
  EXPECT_THAT(names(effects), ElementsAre("broken"));
  EXPECT_FALSE(server.propose("c"));
  EXPECT_EQ(server.commands(), "");
}

TEST(Driver, a_log_that_does_not_join_its_snapshot_is_refused) {
  StoredState gap{.term = 1, .first_index = 12};
  gap.snapshot = Snapshot{{10, 1}, 1, voters({1}), text("")};
  EXPECT_THAT(TestServer(1, gap).broken, HasSubstr("does not join"));
  gap.first_index = 8;
  gap.entries = {command(1, "8"), command(1, "9")};
  EXPECT_THAT(TestServer(1, gap).broken, HasSubstr("does not join"));
  EXPECT_THAT(TestServer(1, {.term = 1, .entries = {command(1, "a")}}).broken, HasSubstr("begin with"));
}

TEST(Driver, proposals_are_bounded) {
  Settings settings = TestServer::settings();
  settings.uncommitted_max = 2;
  TestServer server(1, first_state(voters({1})), {}, settings);
  server.hold_writes = true;
  EXPECT_TRUE(server.propose("a"));
  EXPECT_TRUE(server.propose("b"));
  EXPECT_EQ(server.propose("c").error().code, ErrorCode::THROTTLING_QUOTA_EXCEEDED);
  server.write_all();
  EXPECT_TRUE(server.propose("c"));
}

TEST(Driver, a_snapshot_stands_for_the_log_that_it_replaces) {
  Settings settings = TestServer::settings();
  settings.snapshot_every = 10;
  TestServer server(1, first_state(voters({1})), {}, settings);
  for (const char* letter : {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}) {
    ASSERT_TRUE(server.propose(letter));
  }
  ASSERT_TRUE(server.stored.snapshot);
  EXPECT_EQ(server.stored.snapshot->last, (Position{10, 1}));
  EXPECT_EQ(letters(server.stored.snapshot->image), "abcdefghi");
  EXPECT_EQ(server.stored.first_index, 7U);  // four are kept
  EXPECT_EQ(server.driver.log().first(), 7U);
  const TestServer again(1, server.stored, {}, settings);
  EXPECT_EQ(again.commands(), "abcdefghijk");
}

TEST(Driver, nothing_is_applied_while_a_snapshot_is_installed) {
  TestServer server(2, first_state(voters({1, 2, 3})));
  server.hold_writes = true;
  server.receive(1, append(1, {1, 1}, 2, {command(1, "a")}));
  server.receive(1, InstallSnapshot{1, {{9, 1}, 1, voters({1, 2, 3}), text("image")}});
  server.receive(1, append(1, {9, 1}, 9, {}));
  EXPECT_EQ(server.commands(), "a");
  EXPECT_TRUE(server.driver.is_installing());
  server.write_one();  // the entry, which no longer counts
  EXPECT_THAT(server.take_sent<AppendEntriesResult>(),
              testing::Each(testing::Field(&AppendEntriesResult::last_log_index, 0U)));
  server.write_one();
  EXPECT_EQ(server.commands(), "image");
  EXPECT_EQ(server.take_sent<AppendEntriesResult>().back().last_log_index, 9U);
}

TEST(Driver, messages_that_no_server_sends_are_refused) {
  TestServer server(2, first_state(voters({1, 2, 3})));
  const auto error = [&](ServerId from, MessageBody body) {
    Effects effects;
    const auto taken = server.driver.receive(server.now_ms, {from, 2, std::move(body)}, effects);
    EXPECT_THAT(effects, IsEmpty());
    return taken ? "" : taken.error().message;
  };
  EXPECT_THAT(error(0, TimeoutNow{.term = 1}), HasSubstr("no sender"));
  EXPECT_THAT(error(1, TimeoutNow{.term = 0}), HasSubstr("no term"));
  EXPECT_THAT(error(1, RequestVote{.term = 2, .candidate = 3}), HasSubstr("somebody else"));
  EXPECT_THAT(error(1, append(2, {1, 0}, 0, {})), HasSubstr("index or a term"));
  EXPECT_THAT(error(1, append(2, {1, 1}, 0, {command(3, "a")})), HasSubstr("terms fall"));
  EXPECT_THAT(error(1, append(2, {1, 1}, 0, {command(2, "a"), command(1, "a")})), HasSubstr("terms fall"));
  EXPECT_THAT(error(1, append(2, {1, 1}, 0, {{2, EntryKind::change, text("\1no")}})), HasSubstr("cannot be read"));
  EXPECT_THAT(error(1, InstallSnapshot{2, {{5, 1}, 6, voters({1}), text("")}}), HasSubstr("comes after"));
  EXPECT_THAT(error(1, InstallSnapshot{2, {{5, 1}, 1, {}, text("")}}), HasSubstr("half"));
}

}  // namespace
}  // namespace ottla::quorum
