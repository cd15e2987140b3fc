#include "broker/cluster/quorum_wire.h"

#include <gtest/gtest.h>

#include <limits>

#include "protocol/codec.h"
#include "replication/quorum/configuration.h"

namespace ottla {
namespace {

using quorum::Message;
using quorum::MessageBody;
using Kind = QuorumMessageRequest::Kind;

quorum::SharedBytes bytes(std::string_view text) {
  const auto raw = std::as_bytes(std::span(text));
  return quorum::share({raw.begin(), raw.end()});
}

const quorum::Configuration three{{{1, "a:1", quorum::ServerRole::voter},
                                   {2, "b:1", quorum::ServerRole::voter},
                                   {3, "c:1", quorum::ServerRole::standby}}};

Message message(MessageBody body) { return {.from = 1, .to = 2, .body = std::move(body)}; }

// Through its bytes, as it travels.
Result<Message> there_and_back(const Message& sent) {
  Writer out;
  encode_message(out, to_wire(sent, "cluster"), 0, 0);
  Bytes travels = out.flatten();
  DecodeBudget budget{1'000'000};
  auto request = decode_message<QuorumMessageRequest>(travels, 0, 0, budget);
  if (!request) {
    return std::unexpected(request.error());
  }
  EXPECT_EQ(request->cluster_id, "cluster");
  return from_wire(std::move(*request));
}

template <class Body>
Body body_after_travel(const Body& body) {
  const auto got = there_and_back(message(body));
  EXPECT_TRUE(got) << got.error().message;
  if (!got || !std::holds_alternative<Body>(got->body)) {
    ADD_FAILURE() << "it came as something else";
    return {};
  }
  EXPECT_EQ(got->from, 1U);
  EXPECT_EQ(got->to, 2U);
  return std::get<Body>(got->body);
}

TEST(QuorumWire, votes) {
  const auto vote = body_after_travel(quorum::RequestVote{
      .term = 5, .candidate = 1, .last_log = {.index = 9, .term = 4}, .disrupt_leader = true, .pre_vote = false});
  EXPECT_EQ(vote.term, 5U);
  EXPECT_EQ(vote.candidate, 1U);
  EXPECT_EQ(vote.last_log, (quorum::Position{9, 4}));
  EXPECT_TRUE(vote.disrupt_leader);
  EXPECT_FALSE(vote.pre_vote);
  EXPECT_TRUE(body_after_travel(quorum::RequestVote{.term = 5, .candidate = 1, .pre_vote = true}).pre_vote);
  const auto result = body_after_travel(quorum::RequestVoteResult{.term = 6, .granted = true, .pre_vote = false});
  EXPECT_EQ(result.term, 6U);
  EXPECT_TRUE(result.granted);
  EXPECT_FALSE(result.pre_vote);
  EXPECT_TRUE(body_after_travel(quorum::RequestVoteResult{.term = 6, .pre_vote = true}).pre_vote);
}

TEST(QuorumWire, entries) {
  const auto append = body_after_travel(quorum::AppendEntries{
      .term = 5,
      .previous = {.index = 9, .term = 3},
      .leader_commit = 8,
      .entries = {{.term = 4, .kind = quorum::EntryKind::command, .bytes = bytes("one")},
                  {.term = 5, .kind = quorum::EntryKind::barrier, .bytes = bytes("")},
                  {.term = 5, .kind = quorum::EntryKind::change, .bytes = quorum::share(quorum::encode(three))}}});
  EXPECT_EQ(append.term, 5U);
  EXPECT_EQ(append.previous, (quorum::Position{9, 3}));
  EXPECT_EQ(append.leader_commit, 8U);
  ASSERT_EQ(append.entries.size(), 3U);
  EXPECT_EQ(append.entries[0].term, 4U);
  EXPECT_EQ(append.entries[0].kind, quorum::EntryKind::command);
  EXPECT_EQ(*append.entries[0].bytes, *bytes("one"));
  EXPECT_EQ(append.entries[1].kind, quorum::EntryKind::barrier);
  EXPECT_EQ(append.entries[2].kind, quorum::EntryKind::change);
  const auto result = body_after_travel(quorum::AppendEntriesResult{.term = 5, .rejected = 7, .last_log_index = 6});
  EXPECT_EQ(result.term, 5U);
  EXPECT_EQ(result.rejected, 7U);
  EXPECT_EQ(result.last_log_index, 6U);
}

TEST(QuorumWire, snapshots_and_hand_overs) {
  const auto install = body_after_travel(quorum::InstallSnapshot{
      .term = 5,
      .snapshot = {
          .last = {.index = 9, .term = 4}, .configuration_index = 2, .configuration = three, .image = bytes("image")}});
  EXPECT_EQ(install.term, 5U);
  EXPECT_EQ(install.snapshot.last, (quorum::Position{9, 4}));
  EXPECT_EQ(install.snapshot.configuration_index, 2U);
  EXPECT_EQ(install.snapshot.configuration, three);
  EXPECT_EQ(*install.snapshot.image, *bytes("image"));
  const auto timeout = body_after_travel(quorum::TimeoutNow{.term = 5, .last_log = {.index = 9, .term = 4}});
  EXPECT_EQ(timeout.term, 5U);
  EXPECT_EQ(timeout.last_log, (quorum::Position{9, 4}));
}

class DamagedQuorumMessage : public testing::Test {
 protected:
  static QuorumMessageRequest append() {
    return to_wire(message(quorum::AppendEntries{.term = 5,
                                                 .previous = {.index = 9, .term = 3},
                                                 .leader_commit = 8,
                                                 .entries = {{.term = 4, .bytes = bytes("one")}}}),
                   "cluster");
  }
  static QuorumMessageRequest install() {
    return to_wire(message(quorum::InstallSnapshot{.term = 5,
                                                   .snapshot = {.last = {.index = 9, .term = 4},
                                                                .configuration_index = 2,
                                                                .configuration = three,
                                                                .image = bytes("image")}}),
                   "cluster");
  }
  static bool is_refused(QuorumMessageRequest request) {
    const auto got = from_wire(std::move(request));
    return !got && got.error().code == ErrorCode::INVALID_REQUEST;
  }
};

TEST_F(DamagedQuorumMessage, is_refused_and_the_whole_one_is_not) {
  EXPECT_FALSE(is_refused(append()));
  EXPECT_FALSE(is_refused(install()));
}

TEST_F(DamagedQuorumMessage, of_no_kind) {
  for (const int kind : {-128, -1, 0, 7, 127}) {
    auto request = append();
    request.kind = static_cast<Kind>(kind);
    EXPECT_TRUE(is_refused(request)) << kind;
  }
}

TEST_F(DamagedQuorumMessage, with_a_number_out_of_bounds) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t wrong : {std::int64_t{-1}, most, std::numeric_limits<std::int64_t>::min()}) {
    for (auto member :
         {&QuorumMessageRequest::from, &QuorumMessageRequest::to, &QuorumMessageRequest::term,
          &QuorumMessageRequest::index, &QuorumMessageRequest::log_term, &QuorumMessageRequest::commit_index,
          &QuorumMessageRequest::rejected_index, &QuorumMessageRequest::configuration_index}) {
      auto request = append();
      request.*member = wrong;
      EXPECT_TRUE(is_refused(request)) << wrong;
    }
    auto request = append();
    request.entries.front().term = wrong;
    EXPECT_TRUE(is_refused(request)) << wrong;
  }
}

TEST_F(DamagedQuorumMessage, from_nobody_to_nobody_or_to_itself) {
  for (auto member : {&QuorumMessageRequest::from, &QuorumMessageRequest::to, &QuorumMessageRequest::term}) {
    auto request = append();
    request.*member = 0;
    EXPECT_TRUE(is_refused(request));
  }
  auto request = append();
  request.to = request.from;
  EXPECT_TRUE(is_refused(request));
}

TEST_F(DamagedQuorumMessage, with_entries_that_cannot_be) {
  auto falling = append();
  falling.entries.front().term = 2;
  EXPECT_TRUE(is_refused(falling));
  auto of_no_kind = append();
  of_no_kind.entries.front().kind = 4;
  EXPECT_TRUE(is_refused(of_no_kind));
  auto change = append();
  change.entries.front().kind = static_cast<std::int8_t>(quorum::EntryKind::change);
  EXPECT_TRUE(is_refused(change));
}

TEST_F(DamagedQuorumMessage, with_half_a_snapshot) {
  auto cut = install();
  cut.configuration.pop_back();
  EXPECT_TRUE(is_refused(cut));
  auto none = install();
  none.configuration.clear();
  EXPECT_TRUE(is_refused(none));
  auto of_no_entry = install();
  of_no_entry.index = 0;
  EXPECT_TRUE(is_refused(of_no_entry));
  auto late = install();
  late.configuration_index = 10;
  EXPECT_TRUE(is_refused(late));
}

TEST(QuorumWire, a_broker_is_the_server_of_the_number_above_its_own) {
  EXPECT_EQ(quorum::server_id(BrokerId{0}), 1U);
  EXPECT_EQ(quorum::broker_id(1), BrokerId{0});
  EXPECT_EQ(quorum::broker_id(quorum::server_id(BrokerId{std::numeric_limits<std::int32_t>::max()})),
            BrokerId{std::numeric_limits<std::int32_t>::max()});
}

}  // namespace
}  // namespace ottla
