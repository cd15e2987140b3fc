// What a log does with producers that it does not know, and for how long it knows them.
#include "storage/log_test_fixture.h"
#include "storage/producer_state.h"

namespace ottla {
namespace {

class LogProducersTest : public LogFixture {
 protected:
  void SetUp() override {
    epoch = LeaderEpoch{1};
    open();
  }

  Result<Appended> append_of(std::int64_t producer, std::int32_t sequence) {
    return append(make_batch({{.key = "k", .value = "v"}}, {.id = producer, .epoch = 0, .sequence = sequence}));
  }
  // Of a producer that is new to the log.
  bool may_begin_anywhere() { return append_of(++stranger, 5).has_value(); }
  void write_nine(int batches) {
    for (int sequence = 0; sequence < batches; ++sequence) {
      ASSERT_TRUE(append_of(nine, sequence));
    }
  }

  static constexpr std::int64_t nine = 9;
  std::int64_t stranger = 1000;
};

TEST_F(LogProducersTest, where_nobody_was_forgotten_a_producer_begins_with_zero) {
  const auto refused = append_of(nine, 1);
  EXPECT_EQ(refused.error().code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
  EXPECT_EQ(log->log_end_offset(), Offset{0});
  write_nine(2);
  EXPECT_FALSE(may_begin_anywhere());
  const auto hints = close();
  open(hints);
  EXPECT_FALSE(may_begin_anywhere());
}

// A topic that is made anew has no past, and its producers go on.
TEST_F(LogProducersTest, in_the_first_epoch_a_producer_may_begin_anywhere) {
  epoch = LeaderEpoch{0};
  EXPECT_TRUE(may_begin_anywhere());
}

// A failover cuts what a producer began with; what follows it must not be taken for the beginning.
TEST_F(LogProducersTest, nor_after_a_truncation) {
  write_nine(7);
  ASSERT_TRUE(log->truncate_to(Offset{1}));
  EXPECT_FALSE(append_of(nine, 2));
  ASSERT_TRUE(log->truncate_to(Offset{0}));
  EXPECT_FALSE(append_of(nine, 1));
  EXPECT_TRUE(append_of(nine, 0));
  EXPECT_TRUE(append_of(nine, 1));
}

TEST_F(LogProducersTest, where_somebody_expired_a_producer_may_begin_anywhere_also_after_a_restart) {
  write_nine(1);
  log->expire_producers(now_ms + config.producer_id_expiration_ms);
  EXPECT_FALSE(may_begin_anywhere());
  log->expire_producers(now_ms + config.producer_id_expiration_ms + 1);
  EXPECT_TRUE(may_begin_anywhere());
  const auto hints = close();
  open(hints);
  EXPECT_TRUE(may_begin_anywhere());
}

TEST_F(LogProducersTest, where_records_were_deleted_a_producer_may_begin_anywhere) {
  write_nine(3);
  log->advance_log_start(Offset{1});
  EXPECT_TRUE(may_begin_anywhere());
}

TEST_F(LogProducersTest, where_offsets_are_missing_a_producer_may_begin_anywhere) {
  Bytes batch = make_batch({{.key = "k", .value = "v"}});
  patch_base_offset(batch, Offset{3});
  ASSERT_TRUE(log->append_replicated(batch, now_ms));
  EXPECT_TRUE(may_begin_anywhere());
}

// They had counted as last seen in 1970, and the next clean-up forgot them.
TEST_F(LogProducersTest, a_truncation_makes_no_producer_expire_earlier) {
  write_nine(3);
  ASSERT_TRUE(log->truncate_to(Offset{2}));
  log->expire_producers(now_ms + config.producer_id_expiration_ms);
  const auto again = append_of(nine, 1);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->duplicate);
}

}  // namespace
}  // namespace ottla
