// Several servers: the first one, growing, shrinking, handing over, and changes that two leaders make.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replication/quorum/test_quorum.h"

namespace ottla::quorum {
namespace {

ErrorCode code(const auto& result) { return result ? ErrorCode::NONE : result.error().code; }

TEST(Quorum, one_voter_leads_as_soon_as_it_has_started) {
  TestServer server(1, first_state(voters({1})));
  ASSERT_FALSE(server.leaderships.empty());
  EXPECT_EQ(server.driver.leadership(), (Leadership{State::leader, 1, 1, true}));
  EXPECT_EQ(*server.propose("a"), (Position{2, 1}));
  EXPECT_EQ(server.commands(), "a");
  const TestServer again(1, server.stored);
  EXPECT_EQ(again.commands(), "a");
  EXPECT_EQ(again.driver.leadership(), (Leadership{State::leader, 1, 1, true}));
}

TEST(Quorum, three_voters_elect_one_and_agree) {
  TestQuorum quorum({1, 2, 3});
  quorum.run(2000);
  const ServerId leader = quorum.leader();
  ASSERT_NE(leader, 0U);
  EXPECT_TRUE(quorum[leader].driver.leadership().is_settled);
  ASSERT_TRUE(quorum[leader].propose("a"));
  quorum.run(200);
  for (const ServerId id : {ServerId{1}, ServerId{2}, ServerId{3}}) {
    EXPECT_EQ(quorum[id].commands(), "a");
    EXPECT_EQ(quorum[id].driver.leadership().leader, leader);
    EXPECT_EQ(code(quorum[id].propose("b")), id == leader ? ErrorCode::NONE : ErrorCode::NOT_CONTROLLER);
  }
}

TEST(Quorum, followers_know_at_once_what_is_committed) {
  TestQuorum quorum({1, 2, 3});
  quorum.elect(1);
  ASSERT_TRUE(quorum[1].propose("a"));
  quorum.deliver();
  EXPECT_EQ(quorum[2].commands(), "a");
  EXPECT_EQ(quorum[3].commands(), "a");
}

TEST(Quorum, a_leader_that_is_known_to_be_gone_is_replaced_at_once) {
  TestQuorum quorum({1, 2, 3});
  quorum.elect(1);
  quorum.deliver();
  quorum.cut(1);
  const auto tell = [&](ServerId server, ServerId gone) {
    quorum[server].leader_is_gone(gone);
    quorum.deliver();
  };
  tell(2, 3);  // it does not lead
  EXPECT_FALSE(quorum.leads(2));
  tell(2, 1);
  EXPECT_TRUE(quorum.leads(2));
  tell(3, 1);  // knows a better one by now
  EXPECT_EQ(quorum[3].driver.leadership().leader, 2U);
  quorum.heal();
  quorum.run(200);
  EXPECT_EQ(quorum.leader(), 2U);
}

TEST(Quorum, a_leader_that_is_cut_off_steps_down_and_its_proposal_is_void) {
  TestQuorum quorum({1, 2, 3});
  quorum.elect(1);
  quorum.run(100);
  quorum.cut(1);
  const auto lost = quorum[1].propose("lost");
  ASSERT_TRUE(lost);
  quorum.run(3000);
  const ServerId leader = quorum.leader();
  ASSERT_THAT(leader, testing::AnyOf(2U, 3U));
  EXPECT_EQ(quorum[1].driver.leadership().leader, 0U);
  ASSERT_TRUE(quorum[leader].propose("kept"));
  quorum.heal();
  quorum.run(1000);
  EXPECT_EQ(quorum[1].commands(), "kept");
  EXPECT_NE(quorum[1].applied.at(lost->index), lost->term);
}

// A server of its own becomes a voter, by and by.
void join(TestQuorum& quorum, ServerId leader, ServerId id) {
  quorum.start(id, {});
  TestServer& to = quorum[leader];
  ASSERT_TRUE(to.add(id, ServerRole::standby));
  quorum.run(300);
  const auto promoted = to.promote(id);
  ASSERT_TRUE(promoted) << promoted.error().message;
  quorum.run(500);
  EXPECT_EQ(to.driver.promoting(), 0U);
  EXPECT_EQ(find(to.driver.configuration(), id)->role, ServerRole::voter);
}

TEST(Quorum, one_grows_to_three) {
  TestQuorum quorum({1});
  ASSERT_TRUE(quorum[1].propose("a"));
  join(quorum, 1, 2);
  join(quorum, 1, 3);
  EXPECT_EQ(count_voters(quorum[1].driver.configuration()), 3U);
  quorum.cut(1);
  quorum.run(3000);
  const ServerId leader = quorum.leader();
  ASSERT_THAT(leader, testing::AnyOf(2U, 3U));
  ASSERT_TRUE(quorum[leader].propose("b"));
  quorum.run(200);
  EXPECT_EQ(quorum[leader].commands(), "ab");
}

TEST(Quorum, who_joins_late_gets_a_snapshot) {
  Settings settings = TestServer::settings();
  settings.snapshot_every = 10;
  TestQuorum quorum({1}, {}, settings);
  std::string all;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    all.push_back(letter);
    ASSERT_TRUE(quorum[1].propose(std::string(1, letter)));
  }
  ASSERT_GT(quorum[1].driver.log().first(), 1U);
  join(quorum, 1, 2);
  EXPECT_TRUE(quorum[2].stored.snapshot);
  EXPECT_EQ(quorum[2].commands(), all);
  quorum.restart(2);
  EXPECT_EQ(quorum.broken(), "");
}

TEST(Quorum, a_server_that_does_not_answer_is_not_promoted) {
  TestQuorum quorum({1});
  quorum.start(2, {});
  quorum.cut(2);
  TestServer& one = quorum[1];
  ASSERT_TRUE(one.add(2, ServerRole::standby));
  ASSERT_TRUE(one.promote(2));
  EXPECT_EQ(code(one.remove(2)), ErrorCode::REQUEST_TIMED_OUT);
  quorum.run(5000);
  EXPECT_EQ(one.driver.promoting(), 0U);
  EXPECT_EQ(find(one.driver.configuration(), 2)->role, ServerRole::standby);
  EXPECT_TRUE(one.propose("a"));  // it still needs nobody
  EXPECT_EQ(one.commands(), "a");
}

TEST(Quorum, changes_that_make_no_sense_are_refused) {
  TestQuorum quorum({1, 2, 3});
  quorum.elect(1);
  quorum.run(200);
  TestServer& one = quorum[1];
  EXPECT_EQ(code(one.add(2, "new", ServerRole::spare)), ErrorCode::DUPLICATE_VOTER);
  EXPECT_EQ(code(one.add(9, "server-2", ServerRole::spare)), ErrorCode::DUPLICATE_VOTER);
  EXPECT_EQ(code(one.add(9, "new", ServerRole::voter)), ErrorCode::INVALID_REQUEST);
  EXPECT_EQ(code(one.remove(9)), ErrorCode::VOTER_NOT_FOUND);
  EXPECT_EQ(code(one.promote(9)), ErrorCode::VOTER_NOT_FOUND);
  EXPECT_EQ(code(one.promote(2)), ErrorCode::INVALID_REQUEST);
  EXPECT_EQ(code(one.transfer(9)), ErrorCode::INVALID_REQUEST);
  EXPECT_EQ(code(quorum[2].remove(3)), ErrorCode::NOT_CONTROLLER);
}

TEST(Quorum, a_voter_is_removed_and_the_leader_only_after_it_has_handed_over) {
  TestQuorum quorum({1, 2, 3});
  quorum.elect(1);
  quorum.run(200);
  EXPECT_EQ(code(quorum[1].remove(1)), ErrorCode::INVALID_REQUEST);
  ASSERT_TRUE(quorum[1].transfer(2));
  EXPECT_EQ(code(quorum[1].propose("a")), ErrorCode::NOT_CONTROLLER);
  quorum.run(200);
  ASSERT_EQ(quorum.leader(), 2U);
  EXPECT_TRUE(quorum[2].remove(1));
  quorum.run(200);
  quorum.cut(1);
  quorum.cut(3);
  EXPECT_EQ(quorum[2].driver.configuration(), (Configuration{{voters({2}).servers[0], voters({3}).servers[0]}}));
  ASSERT_TRUE(quorum[2].propose("x"));
  EXPECT_EQ(quorum[2].commands(), "");  // two of two are needed
}

TEST(Quorum, no_voter_goes_while_another_lacks_the_configuration) {
  TestQuorum quorum({1, 2});
  quorum.elect(1);
  quorum.run(100);
  join(quorum, 1, 3);
  quorum.cut(3);
  TestServer& one = quorum[1];
  ASSERT_TRUE(one.add(4, ServerRole::spare));  // committed by 1 and 2
  quorum.run(100);
  EXPECT_EQ(code(one.remove(2)), ErrorCode::REQUEST_TIMED_OUT);
  quorum.heal();
  quorum.run(500);
  EXPECT_TRUE(one.remove(2));
}

// The indexes at which two servers have applied entries of different terms: never any, or Raft is broken.
std::size_t disagreements(TestQuorum& quorum, std::initializer_list<ServerId> ids) {
  std::map<LogIndex, std::set<Term>> terms;
  for (const ServerId id : ids) {
    for (const auto& [index, term] : quorum[id].applied) {
      terms[index].insert(term);
    }
  }
  return static_cast<std::size_t>(std::ranges::count_if(terms, [](const auto& one) { return one.second.size() > 1; }));
}

// A leader promotes 5, and only 5 hears of it. The others elect another leader, which removes the first one with half
// of them. Then the first comes back with 5 and the other half.
std::size_t two_leaders_change_the_quorum(const Guards& guards) {
  TestQuorum quorum({1, 2, 3, 4}, guards);
  quorum.elect(1);
  quorum.run(200);
  TestServer& one = quorum[1];
  quorum.start(5, {});
  EXPECT_TRUE(one.add(5, ServerRole::standby));
  quorum.run(200);
  quorum.part({1, 5});
  EXPECT_TRUE(one.promote(5));
  quorum.run(100);
  EXPECT_NE(quorum[5].driver.core().uncommitted_configuration_index(), 0U);
  quorum.cut(1);
  quorum.cut(5);
  quorum.run(5000);
  const ServerId second = quorum.leader();
  EXPECT_THAT(second, testing::AnyOf(2U, 3U, 4U));
  const ServerId other = second == 2 ? 3 : 2;
  const ServerId third = 9 - second - other;
  quorum.cut(third);
  EXPECT_TRUE(quorum[second].remove(1));
  quorum.run(100);
  EXPECT_EQ(find(quorum[second].driver.configuration(), 1), nullptr);
  quorum.heal();
  quorum.cut(second);
  quorum.cut(other);
  quorum.run(20'000);
  return disagreements(quorum, {1, 2, 3, 4, 5});
}

TEST(Guards, two_leaders_do_not_commit_two_configurations) {
  EXPECT_EQ(two_leaders_change_the_quorum({}), 0U);
  Guards guards;
  guards.own_entry_before_changes = false;
  EXPECT_GT(two_leaders_change_the_quorum(guards), 0U);
}

TEST(Quorum, a_leader_changes_nothing_before_an_entry_of_its_own_is_committed) {
  TestQuorum quorum({1, 2, 3});
  quorum.elect(1);
  quorum.run(200);
  quorum.cut(1);
  quorum.run(2000);
  const ServerId leader = quorum.leader();
  ASSERT_THAT(leader, testing::AnyOf(2U, 3U));
  EXPECT_EQ(quorum[leader].stored.entries.back().kind, EntryKind::barrier);
  EXPECT_TRUE(quorum[leader].driver.leadership().is_settled);
}

}  // namespace
}  // namespace ottla::quorum
