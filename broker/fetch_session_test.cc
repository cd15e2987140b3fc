// The rules of KIP-227, without a socket.
#include "broker/fetch_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace ottla {
namespace {

using testing::ElementsAre;

FetchRequest asks(std::string_view topic, const std::vector<std::int32_t>& partitions) {
  FetchRequest request;
  request.session_epoch = 0;
  auto& asked = request.topics.emplace_back();
  asked.topic = topic;
  for (const std::int32_t partition : partitions) {
    asked.partitions.push_back({.partition = partition, .fetch_offset = Offset{0}});
  }
  return request;
}

FetchRequest next(const FetchSession& session, std::int32_t epoch) {
  FetchRequest request;
  request.session_id = session.id();
  request.session_epoch = epoch;
  return request;
}

std::vector<std::int32_t> partitions_of(FetchSession& session) {
  std::vector<std::int32_t> numbers;
  for (const auto& one : session.partitions()) {
    numbers.push_back(one.asked.partition);
  }
  return numbers;
}

FetchSession::Answer at(std::int64_t high_watermark) {
  return {.high_watermark = Offset{high_watermark}, .log_start_offset = Offset{0}};
}

TEST(FetchSession, AddsChangesAndForgets) {
  FetchSessionSlots slots(1);
  const auto session = FetchSession::begin(asks("t", {0, 1, 2}), false, slots);
  ASSERT_NE(session, nullptr);
  EXPECT_GT(session->id(), 0);
  FetchRequest change = next(*session, 1);
  change.topics = asks("t", {3}).topics;
  change.topics.front().partitions.push_back({.partition = 1, .fetch_offset = Offset{77}});
  change.forgotten_topics_data.push_back({.topic = "t", .topic_id = {}, .partitions = {2, 9}});
  EXPECT_EQ(session->update(change, false), ErrorCode::NONE);
  EXPECT_THAT(partitions_of(*session), ElementsAre(0, 1, 3));
  EXPECT_EQ(session->find("t", {}, 1)->asked.fetch_offset, Offset{77});
}

TEST(FetchSession, AnOldEpochAnotherIdAndTheOtherKindOfTopicAreRefused) {
  FetchSessionSlots slots(1);
  const auto session = FetchSession::begin(asks("t", {0}), false, slots);
  EXPECT_EQ(session->update(next(*session, 1), false), ErrorCode::NONE);
  EXPECT_EQ(session->update(next(*session, 1), false), ErrorCode::INVALID_FETCH_SESSION_EPOCH);
  EXPECT_EQ(session->update(next(*session, 3), false), ErrorCode::INVALID_FETCH_SESSION_EPOCH);
  EXPECT_EQ(session->update(next(*session, 2), true), ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR);
  FetchRequest foreign = next(*session, 2);
  foreign.session_id = session->id() == 1 ? 2 : session->id() - 1;
  EXPECT_EQ(session->update(foreign, false), ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
  EXPECT_EQ(session->update(next(*session, 2), false), ErrorCode::NONE);
}

TEST(FetchSession, OnlyNewsIsTold) {
  FetchSessionSlots slots(1);
  const auto session = FetchSession::begin(asks("t", {0}), false, slots);
  const auto only = session->partitions().begin();
  EXPECT_TRUE(session->note(only, at(5)));
  EXPECT_FALSE(session->note(only, at(5)));
  EXPECT_TRUE(session->note(only, at(6)));
  FetchSession::Answer moved = at(6);
  moved.log_start_offset = Offset{2};
  EXPECT_TRUE(session->note(only, moved));
  FetchSession::Answer diverging = moved;
  diverging.diverging_epoch.end_offset = Offset{1};
  EXPECT_TRUE(session->note(only, diverging));
}

TEST(FetchSession, AnErrorIsToldEachTimeAndItsEndOnce) {
  FetchSessionSlots slots(1);
  const auto session = FetchSession::begin(asks("t", {0}), false, slots);
  const auto only = session->partitions().begin();
  session->note(only, at(5));
  FetchSession::Answer failed = at(5);
  failed.error_code = ErrorCode::KAFKA_STORAGE_ERROR;
  EXPECT_TRUE(session->note(only, failed));
  EXPECT_TRUE(session->note(only, failed));
  EXPECT_TRUE(session->note(only, at(5)));
  EXPECT_FALSE(session->note(only, at(5)));
}

TEST(FetchSession, APartitionThatGaveRecordsGoesBehindTheOthers) {
  FetchSessionSlots slots(1);
  const auto session = FetchSession::begin(asks("t", {0, 1, 2}), false, slots);
  std::array<std::byte, 1> bytes{};
  FetchSession::Answer records = at(5);
  records.records.bytes = bytes;
  EXPECT_TRUE(session->note(session->partitions().begin(), records));
  EXPECT_THAT(partitions_of(*session), ElementsAre(1, 2, 0));
  EXPECT_TRUE(session->note(session->find("t", {}, 0), records));
}

TEST(FetchSession, ASlotIsGoodForAHundredPartitionsAndComesBack) {
  FetchSessionSlots slots(3);
  std::vector<std::int32_t> many(150);
  std::iota(many.begin(), many.end(), 0);
  {
    const auto session = FetchSession::begin(asks("t", many), false, slots);
    ASSERT_NE(session, nullptr);
    EXPECT_EQ(slots.free(), 1);
    EXPECT_EQ(FetchSession::begin(asks("u", many), false, slots), nullptr);
    EXPECT_EQ(slots.free(), 1);
    FetchRequest more = next(*session, 1);
    more.topics = asks("u", many).topics;
    EXPECT_EQ(session->update(more, false), ErrorCode::NONE);  // 300 partitions, three slots
    more = next(*session, 2);
    more.topics = asks("v", {0}).topics;
    EXPECT_EQ(session->update(more, false), ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
  }
  EXPECT_EQ(slots.free(), 3);
}

}  // namespace
}  // namespace ottla
