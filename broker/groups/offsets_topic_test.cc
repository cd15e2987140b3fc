#include "broker/groups/offsets_topic.h"

#include <gtest/gtest.h>

#include "protocol/record_batch.h"

namespace ottla {
namespace {

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// "abc".hashCode() is 96354 in Java, and so on; kafka-consumer-groups finds a group where Kafka would have put it.
TEST(OffsetsTopic, a_group_has_the_partition_that_kafka_gives_it) {
  EXPECT_EQ(partition_of_group("abc", 50), 96354 % 50);
  EXPECT_EQ(partition_of_group("", 50), 0);
  EXPECT_EQ(partition_of_group("polygenelubricants", 50), 0);           // Integer.MIN_VALUE
  EXPECT_EQ(partition_of_group("my-group", 50), 12);                    // a negative hash
  EXPECT_EQ(partition_of_group("\xF0\x9F\x98\x80", 50), 1772899 % 50);  // one character outside the BMP, two in Java
}

TEST(OffsetsTopic, a_batch_of_records_is_one_that_a_producer_might_send) {
  const std::vector<groups::LogRecord> records{{bytes_of("k1"), bytes_of("v")}, {bytes_of("k2"), std::nullopt}};
  const Bytes batch = batch_of(records, 1'700'000'000'000);
  const auto checked = check_produced_batch(batch, {});
  ASSERT_TRUE(checked.has_value()) << checked.error().message;
  EXPECT_FALSE(checked->lacks_a_key);
  EXPECT_EQ(checked->header.records_count, 2);
  EXPECT_EQ(checked->true_max_timestamp_ms, 1'700'000'000'000);
  std::vector<bool> has_value;
  (void)for_each_record(batch, {}, [&](const RecordView& record) -> Result<void> {
    has_value.push_back(record.value.has_value());
    return {};
  });
  EXPECT_EQ(has_value, (std::vector{true, false}));
}

}  // namespace
}  // namespace ottla
