// Bytes that no broker has written, where a log and what stands beside it should be. Fuzzing has found them.
#include <gmock/gmock.h>

#include "storage/log_test_fixture.h"
#include "storage/producer_state.h"

namespace ottla {
namespace {

class LogAnyBytesTest : public LogFixture {
 protected:
  // One batch a segment.
  LogAnyBytesTest() { config.segment_bytes = 100; }
  void overwrite(const std::string& path, std::string_view text) {
    const auto part = as_bytes(text);
    ASSERT_TRUE((*disk->open(path, OpenMode::write_existing))->write_at({&part, 1}, 0));
  }
  // As in a log that was compacted once: no offset need follow the one before it.
  void allow_gaps() { ASSERT_TRUE(disk->remove("data/t-0/.ottla-no-gaps")); }
  void remove_snapshots() {
    const auto names = disk->list("data/t-0").value();
    for (const std::string& name : names) {
      if (name.ends_with(".snapshot") || name.ends_with(".producers")) {
        ASSERT_TRUE(disk->remove("data/t-0/" + name));
      }
    }
  }
};

TEST_F(LogAnyBytesTest, a_segment_below_the_recovery_point_that_cannot_be_read_leaves_the_others_in_service) {
  open();
  write_durably({"a", "b", "c"});
  log.reset();
  remove_snapshots();
  overwrite(segment(0), std::string(60, 'x'));
  open({.recovery_point = Offset{2}});
  EXPECT_EQ(read_error(0), ErrorCode::CORRUPT_MESSAGE);
  EXPECT_THAT(values(1), testing::ElementsAre("b", "c"));
  EXPECT_TRUE(append(make_batch({{.key = "d", .value = "d"}})));
}

// A read that fails once: what had been read of the index until then passed for all of it.
TEST_F(LogAnyBytesTest, an_index_that_could_not_be_read_is_read_again_when_the_disk_can) {
  open();
  write_durably({"a", "b", "c"});
  const LogHints hints = close();
  log.reset();
  open(hints);
  disk->unreadable_path = segment(0);
  EXPECT_EQ(read_error(0), ErrorCode::KAFKA_STORAGE_ERROR);
  EXPECT_FALSE(log->apply_retention(now_ms, Offset{3}));
  disk->unreadable_path = "";
  EXPECT_THAT(values(), testing::ElementsAre("a", "b", "c"));
  config.retention_ms = 0;
  log->set_config(config);
  ASSERT_TRUE(log->apply_retention(now_ms + 1, Offset{3}));
  EXPECT_EQ(log->log_start_offset(), Offset{3});
}

// No CRC covers it. Looking for an offset went on for ever: the index cannot hold what is so far from its beginning.
TEST_F(LogAnyBytesTest, a_base_offset_with_a_bit_in_its_upper_half_is_damage_and_ends_no_search) {
  config.segment_bytes = 100'000;
  open();
  write_durably({"a", "b", "c", "d"});
  const auto size = size_of(segment(0));
  log.reset();
  allow_gaps();
  disk->flip_bit(segment(0), size / 4 * 2, 1);  // of the third batch, the first byte
  open({.recovery_point = Offset{4}});
  EXPECT_EQ(read_error(2), ErrorCode::CORRUPT_MESSAGE);
  EXPECT_EQ(values(0).front(), "a");
  const auto found = log->offset_for_timestamp(std::numeric_limits<std::int64_t>::max(), Offset{4});
  EXPECT_TRUE(!found || found->offset.value < 4);
}

TEST_F(LogAnyBytesTest, offsets_beyond_64_bits_are_damage) {
  open();
  write_durably({"a"});
  log.reset();
  Writer offset;
  offset.integer(std::numeric_limits<std::int64_t>::max());
  overwrite(segment(0), as_text(offset.flatten()));
  ASSERT_TRUE(disk->remove("data/.ottla-durable"));
  allow_gaps();
  open();
  EXPECT_EQ(end(), 0);
  EXPECT_GT(log->cut_bytes(), 0);
}

TEST(ProducerStateTest, a_producer_that_has_moved_on_to_another_epoch_is_refused_in_the_old_one) {
  ProducerState state;
  state.remember({.producer_id = 5, .producer_epoch = 1, .base_sequence = 0}, 0);
  const auto refused = state.check({.producer_id = 5, .producer_epoch = 0, .base_sequence = 1}, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::INVALID_PRODUCER_EPOCH);
}

TEST(ProducerStateTest, a_producer_that_is_idle_for_too_long_is_forgotten) {
  ProducerState state;
  state.remember({.producer_id = 5, .producer_epoch = 1, .base_sequence = 0}, 100);
  state.remember({.producer_id = 6, .producer_epoch = 1, .base_sequence = 0}, 200);
  state.expire(150);
  ASSERT_EQ(state.last_batches().size(), 1U);
  EXPECT_EQ(state.last_batches().front().producer_id, 6);
}

// Both formats.
Bytes with_version_and_crc(const Writer& content) {
  Writer whole;
  whole.integer(std::int16_t{1});
  whole.integer(crc32c(content.flatten()));
  whole.raw(content.flatten());
  return whole.flatten();
}

// As Kafka writes it, with one producer.
Bytes kafkas_snapshot(std::int32_t last_sequence, std::int64_t last_offset, std::int32_t last_offset_delta) {
  Writer content;
  content.integer(std::int32_t{1});
  content.integer(std::int64_t{5});  // id
  content.integer(std::int16_t{0});  // epoch
  content.integer(last_sequence);
  content.integer(last_offset);
  content.integer(last_offset_delta);
  content.integer(std::int64_t{1'700'000'000'000});
  content.integer(std::int32_t{-1});  // coordinator epoch
  content.integer(std::int64_t{-1});  // no transaction
  return with_version_and_crc(content);
}

TEST(ProducerStateTest, a_producer_without_a_batch_is_none_of_kafkas) {
  Writer content;
  content.integer(std::int32_t{1});
  content.integer(std::int64_t{5});    // id
  content.integer(std::int16_t{3});    // epoch
  content.integer(std::int64_t{100});  // last seen
  content.integer(std::int32_t{0});    // batches
  const auto state = ProducerState::decode(with_version_and_crc(content));
  ASSERT_TRUE(state);
  EXPECT_EQ(state->last_batches().front().producer_epoch, 3);
  const auto kafkas = ProducerState::decode_from_kafka(state->encode_for_kafka());
  ASSERT_TRUE(kafkas);
  EXPECT_EQ(kafkas->size(), 0U);
}

TEST(KafkasSnapshotTest, a_batch_whose_sequences_wrap_is_known_when_it_comes_again) {
  const auto state = ProducerState::decode_from_kafka(kafkas_snapshot(1, 103, 3));
  ASSERT_TRUE(state);
  const BatchHeader again{.last_offset_delta = 3,
                          .producer_id = 5,
                          .producer_epoch = 0,
                          .base_sequence = std::numeric_limits<std::int32_t>::max() - 1};
  EXPECT_EQ(again.last_sequence(), 1);
  const auto known = state->check(again, false);
  ASSERT_TRUE(known && *known);
  EXPECT_EQ(**known, Offset{100});
}

TEST(KafkasSnapshotTest, numbers_that_no_batch_has_are_refused) {
  constexpr std::int32_t least = std::numeric_limits<std::int32_t>::min();
  EXPECT_FALSE(ProducerState::decode_from_kafka(kafkas_snapshot(0, 0, least)));
  EXPECT_FALSE(ProducerState::decode_from_kafka(kafkas_snapshot(least, 0, 0)));
  EXPECT_FALSE(ProducerState::decode_from_kafka(kafkas_snapshot(0, std::numeric_limits<std::int64_t>::min(), 0)));
  EXPECT_TRUE(ProducerState::decode_from_kafka(kafkas_snapshot(-1, -1, 0)));  // an epoch, and no batch
}

}  // namespace
}  // namespace ottla
