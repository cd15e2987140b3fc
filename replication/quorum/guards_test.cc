// Each guard of guards.h: what it keeps from happening, and that it would happen without it.
#include "replication/quorum/guards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replication/quorum/test_quorum.h"

namespace ottla::quorum {
namespace {

Guards without(bool Guards::* guard) {
  Guards guards;
  guards.*guard = false;
  return guards;
}

// The library leaves a field as it finds it on the stack.
[[gnu::noinline]] void dirty_the_stack() {
  volatile unsigned char dirt[32 * 1024];
  for (volatile unsigned char& byte : dirt) {
    byte = 0x11;
  }
}

LogIndex claim_about_old_term(const Guards& guards) {
  StoredState disk = first_state(voters({1, 2, 3}));
  disk.term = 7;
  TestServer server(3, disk, guards);
  dirty_the_stack();
  server.receive(1, AppendEntries{.term = 5, .previous = {0, 0}, .leader_commit = 1, .entries = disk.entries});
  const auto answers = server.take_sent<AppendEntriesResult>();
  EXPECT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers.front().rejected, 0U);  // taken for success
  return answers.front().last_log_index;
}

TEST(Guards, an_answer_to_an_old_term_claims_nothing) {
  EXPECT_EQ(claim_about_old_term({}), 0U);
  EXPECT_GT(claim_about_old_term(without(&Guards::no_claims_about_old_terms)), 1U);  // it has one entry
}

// What a late answer does to the leader that asked, when it leads again: commits what nobody else has.
LogIndex committed_after_claim(const Guards& guards) {
  TestQuorum quorum({1, 2, 3}, guards);
  quorum.elect(1);
  quorum.cut(2);
  quorum.cut(3);
  EXPECT_TRUE(quorum[1].propose("x"));
  quorum[1].receive(3, AppendEntriesResult{quorum[1].driver.core().term(), 0, claim_about_old_term(guards)});
  return quorum[1].driver.core().commit_index();
}

TEST(Guards, nothing_is_committed_by_a_claim_about_an_old_term) {
  const LogIndex last_of_quorum = 2;  // the first entry and the barrier
  EXPECT_EQ(committed_after_claim({}), last_of_quorum);
  EXPECT_GT(committed_after_claim(without(&Guards::no_claims_about_old_terms)), last_of_quorum);
}

AppendEntries two_commands_and_a_change() {
  return {.term = 1,
          .previous = {1, 1},
          .leader_commit = 1,
          .entries = {command(1, "a"), command(1, "b"), change(1, voters({1, 2, 3, 4}))}};
}

LogIndex uncommitted_after_commit(const Guards& guards) {
  TestServer server(2, first_state(voters({1, 2, 3})), guards);
  server.receive(1, two_commands_and_a_change());
  server.receive(1, AppendEntries{.term = 1, .previous = {4, 1}, .leader_commit = 4, .entries = {}});
  EXPECT_EQ(server.driver.configuration_index(), 4U);
  return server.driver.core().uncommitted_configuration_index();
}

TEST(Guards, a_change_behind_other_entries_is_committed) {
  EXPECT_EQ(uncommitted_after_commit({}), 0U);
  EXPECT_NE(uncommitted_after_commit(without(&Guards::changes_come_first)), 0U);
}

std::size_t servers_after_truncation(const Guards& guards) {
  TestServer server(2, first_state(voters({1, 2, 3})), guards);
  server.receive(1, two_commands_and_a_change());
  server.receive(3, AppendEntries{.term = 2, .previous = {3, 1}, .leader_commit = 1, .entries = {command(2, "c")}});
  return server.driver.core().configuration().servers.size();
}

TEST(Guards, a_change_that_is_truncated_is_undone) {
  EXPECT_EQ(servers_after_truncation({}), 3U);
  EXPECT_EQ(servers_after_truncation(without(&Guards::changes_come_first)), 4U);
}

std::string late_append(const Guards& guards) {
  TestServer server(2, first_state(voters({1, 2, 3})), guards);
  AppendEntries append{.term = 1, .previous = {1, 1}, .leader_commit = 8, .entries = {}};
  append.entries.assign(9, command(1, "x"));
  server.receive(1, append);
  EXPECT_EQ(server.driver.core().commit_index(), 8U);
  server.receive(1, AppendEntries{.term = 1, .previous = {4, 1}, .leader_commit = 10, .entries = {}});
  return server.broken;
}

TEST(Guards, a_late_append_does_not_take_the_commit_index_back) {
  EXPECT_EQ(late_append({}), "");
  EXPECT_THAT(late_append(without(&Guards::commit_only_what_was_sent)), testing::HasSubstr("went back to 4"));
}

std::string commands_of_a_follower_after_late_rejection(const Guards& guards) {
  TestQuorum quorum({1, 2, 3}, guards);
  quorum.elect(1);
  EXPECT_TRUE(quorum[1].propose("a"));
  quorum.run(100);
  EXPECT_EQ(quorum[2].driver.core().last_index(), 3U);
  quorum.cut(2);
  quorum.run(1000);  // the leader probes from what 2 has confirmed
  quorum[1].receive(2, AppendEntriesResult{quorum[1].driver.core().term(), 3, 1});
  quorum.heal();
  EXPECT_TRUE(quorum[1].propose("b"));
  quorum.run(2000);
  EXPECT_TRUE(quorum.leads(1));
  return quorum[2].commands();
}

TEST(Guards, a_late_rejection_does_not_stall_a_follower) {
  EXPECT_EQ(commands_of_a_follower_after_late_rejection({}), "ab");
  EXPECT_EQ(commands_of_a_follower_after_late_rejection(without(&Guards::late_rejections_are_void)), "a");
}

LogIndex rejected_before_snapshot(const Guards& guards) {
  StoredState disk{.term = 1, .first_index = 11};
  disk.snapshot = Snapshot{{10, 1}, 1, voters({1, 2, 3}), text("state")};
  TestServer server(2, disk, guards);
  AppendEntries append{.term = 1, .previous = {5, 1}, .leader_commit = 10, .entries = {}};
  append.entries.assign(7, command(1, "x"));
  server.receive(1, append);
  const auto answers = server.take_sent<AppendEntriesResult>();
  EXPECT_EQ(answers.size(), 1U);
  return answers.front().rejected;
}

TEST(Guards, an_append_from_before_our_snapshot_is_no_mismatch) {
  EXPECT_EQ(rejected_before_snapshot({}), 0U);
  EXPECT_EQ(rejected_before_snapshot(without(&Guards::anchor_at_own_snapshot)), 5U);
}

ServerId leader_of_long_log_and_old_term(const Guards& guards) {
  TestQuorum quorum(guards);
  StoredState long_log = first_state(voters({1, 2, 3}));
  long_log.term = 8;
  long_log.entries.push_back(command(8, "only here"));
  StoredState short_log = first_state(voters({1, 2, 3}));
  short_log.term = 12;
  quorum.start(1, long_log);
  quorum.start(2, short_log);  // 3 is down
  quorum.run(20'000);
  return quorum.leader();
}

TEST(Guards, a_candidate_with_an_old_term_learns_the_new_one) {
  EXPECT_EQ(leader_of_long_log_and_old_term({}), 1U);
  EXPECT_EQ(leader_of_long_log_and_old_term(without(&Guards::denials_tell_the_term)), 0U);
}

bool ticks_at_once(const Guards& guards) {
  TestServer server(1, first_state(voters({1})), guards);
  EXPECT_TRUE(server.add(2, ServerRole::standby));
  server.wait(100);
  EXPECT_TRUE(server.demote(2, ServerRole::spare));
  server.now_ms += 5000;
  server.wait(0);
  return server.driver.deadline_ms() <= server.now_ms;
}

TEST(Guards, a_spare_server_does_not_make_the_leader_spin) {
  EXPECT_FALSE(ticks_at_once({}));
  EXPECT_TRUE(ticks_at_once(without(&Guards::deadlines_lie_ahead)));
}

bool leads_after_late_denial(const Guards& guards) {
  TestQuorum quorum({1, 2, 3}, guards);
  quorum.elect(1);
  const Term term = quorum[1].driver.core().term();
  quorum[1].receive(2, RequestVoteResult{.term = term + 1, .granted = false, .pre_vote = true});
  return quorum.leads(1) && quorum[1].driver.core().term() == term;
}

TEST(Guards, a_late_answer_to_a_pre_vote_does_not_depose_a_leader) {
  EXPECT_TRUE(leads_after_late_denial({}));
  EXPECT_FALSE(leads_after_late_denial(without(&Guards::late_votes_are_void)));
}

}  // namespace
}  // namespace ottla::quorum
