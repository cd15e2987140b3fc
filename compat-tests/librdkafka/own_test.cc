// librdkafka against a running broker, whose num.partitions is 3. usage: BOOTSTRAP=host:port librdkafka_test
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <set>
#include <thread>

#include "compat-tests/librdkafka/admin.h"

namespace compat {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int32_t default_partitions = 3;
constexpr int patience_ms = 30'000;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::vector<std::string> values_of(const std::vector<Message>& messages) {
  std::vector<std::string> values;
  values.reserve(messages.size());
  for (const auto& one : messages) {
    values.push_back(one.record.value.value_or("null"));
  }
  return values;
}

std::vector<std::string> numbers(int first, int end) {
  std::vector<std::string> made;
  for (int number = first; number < end; ++number) {
    made.push_back(std::to_string(number));
  }
  return made;
}

class Librdkafka : public testing::Test {
 protected:
  void SetUp() override { ASSERT_FALSE(bootstrap().empty()) << "BOOTSTRAP names the broker"; }

  static std::string bootstrap() {
    const char* named = std::getenv("BOOTSTRAP");
    return named == nullptr ? "" : named;
  }
  static std::string new_topic() {
    const std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
    return fmt::format("own-{}-{}", test.substr(0, test.find('/')), getpid()) + std::to_string(made++);
  }
  // first, first + 1, ... end - 1 as values of one partition.
  static void send_numbers(Producer& producer, const std::string& topic, int first, int end, std::int32_t to = 0) {
    for (const auto& number : numbers(first, end)) {
      producer.send(topic, {.partition = to, .key = {}, .value = number, .headers = {}});
    }
    producer.flush();
    ASSERT_EQ(producer.failures(), 0U);
  }
  static std::vector<Message> all_of(const std::string& topic, std::int32_t partitions = 1) {
    Consumer consumer(bootstrap());
    consumer.assign(topic, partitions, RdKafka::Topic::OFFSET_BEGINNING);
    return consumer.read_to_end();
  }
  static std::pair<std::int64_t, std::int64_t> watermarks(RdKafka::Handle& handle, const std::string& topic) {
    std::int64_t low = -1;
    std::int64_t high = -1;
    EXPECT_EQ(handle.query_watermark_offsets(topic, 0, &low, &high, patience_ms), RdKafka::ERR_NO_ERROR);
    return {low, high};
  }

  static inline int made = 0;
  const std::string topic = new_topic();
};

TEST_F(Librdkafka, an_unknown_topic_is_there_once_a_producer_has_asked_for_it) {
  Producer producer(bootstrap());
  EXPECT_EQ(partitions_of(producer.handle(), topic), default_partitions);
}

TEST_F(Librdkafka, a_consumer_reads_from_the_beginning_the_end_and_the_tail) {
  Producer producer(bootstrap());
  send_numbers(producer, topic, 0, 10);
  EXPECT_EQ(values_of(all_of(topic)), numbers(0, 10));

  Consumer at_end(bootstrap());
  at_end.assign(topic, 1, RdKafka::Topic::OFFSET_END);
  EXPECT_THAT(at_end.read_to_end(), IsEmpty());
  send_numbers(producer, topic, 10, 15);
  EXPECT_EQ(values_of(at_end.read_to_end()), numbers(10, 15));

  Consumer at_tail(bootstrap());
  at_tail.assign(topic, 1, RdKafka::Consumer::OffsetTail(3));
  EXPECT_EQ(values_of(at_tail.read_to_end()), numbers(12, 15));
}

TEST_F(Librdkafka, offsets_in_delivery_reports_are_contiguous_on_each_partition) {
  Producer producer(bootstrap());
  for (int i = 0; i < 3000; ++i) {
    producer.send(topic, {.partition = i % default_partitions, .key = "key", .value = {}, .headers = {}});
  }
  std::vector<std::int64_t> next(default_partitions);
  for (const auto& one : producer.flush()) {
    ASSERT_EQ(one.error, RdKafka::ERR_NO_ERROR);
    ASSERT_EQ(one.offset, next.at(static_cast<std::size_t>(one.partition))++);
  }
  EXPECT_EQ(next, std::vector<std::int64_t>(default_partitions, 1000));
}

TEST_F(Librdkafka, an_idempotent_producer_writes_ten_thousand_records_once_and_in_order) {
  Producer producer(bootstrap(), {{"enable.idempotence", "true"}});
  send_numbers(producer, topic, 0, 10'000);
  const auto read = all_of(topic);
  EXPECT_EQ(values_of(read), numbers(0, 10'000));
  for (std::size_t i = 0; i < read.size(); ++i) {
    ASSERT_EQ(read[i].offset, static_cast<std::int64_t>(i));
  }
}

TEST_F(Librdkafka, two_idempotent_producers_share_a_partition) {
  Producer one(bootstrap(), {{"enable.idempotence", "true"}});
  Producer other(bootstrap(), {{"enable.idempotence", "true"}});
  std::thread beside([&] { send_numbers(other, topic, 1000, 2000); });
  send_numbers(one, topic, 0, 1000);
  beside.join();
  const auto read = values_of(all_of(topic));
  EXPECT_THAT(read, SizeIs(2000));
  EXPECT_THAT(std::set(read.begin(), read.end()), SizeIs(2000));
}

TEST_F(Librdkafka, keys_values_and_headers_come_back_null_empty_and_repeated) {
  const std::string zeros(3, '\0');
  Producer producer(bootstrap());
  const std::vector<Record> sent{
      {.partition = 0, .key = {}, .value = "value", .headers = {}},
      {.partition = 0, .key = "", .value = {}, .headers = {{"null", {}}, {"empty", ""}}},
      {.partition = 0, .key = zeros, .value = "", .headers = {{"twice", "1"}, {"größe", zeros}, {"twice", "2"}}}};
  for (const auto& record : sent) {
    producer.send(topic, record);
  }
  producer.flush();
  const auto read = all_of(topic);
  ASSERT_THAT(read, SizeIs(sent.size()));
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(read[i].record.key, sent[i].key) << i;
    EXPECT_EQ(read[i].record.value, sent[i].value) << i;
    EXPECT_EQ(read[i].record.headers, sent[i].headers) << i;
  }
}

TEST_F(Librdkafka, a_time_finds_the_first_record_at_or_after_it) {
  Producer producer(bootstrap());
  for (const std::int64_t timestamp_ms : {1'000'000, 2'000'000, 3'000'000}) {
    producer.send(topic, {.partition = 0, .key = {}, .value = "x", .headers = {}}, timestamp_ms);
    producer.flush();
  }
  Consumer consumer(bootstrap());
  const auto offset_at = [&](std::int64_t timestamp_ms) {
    std::vector<RdKafka::TopicPartition*> asked{RdKafka::TopicPartition::create(topic, 0, timestamp_ms)};
    EXPECT_EQ(consumer.handle().offsetsForTimes(asked, patience_ms), RdKafka::ERR_NO_ERROR);
    EXPECT_EQ(asked[0]->err(), RdKafka::ERR_NO_ERROR);
    const auto offset = asked[0]->offset();
    RdKafka::TopicPartition::destroy(asked);
    return offset;
  };
  EXPECT_EQ(offset_at(1), 0);
  EXPECT_EQ(offset_at(2'000'000), 1);
  EXPECT_EQ(offset_at(2'000'001), 2);
  EXPECT_EQ(offset_at(3'000'001), RdKafka::Topic::OFFSET_END);
}

TEST_F(Librdkafka, the_watermarks_are_the_start_and_the_end) {
  Producer producer(bootstrap());
  partitions_of(producer.handle(), topic);
  EXPECT_EQ(watermarks(producer.handle(), topic), std::pair(std::int64_t{0}, std::int64_t{0}));
  send_numbers(producer, topic, 0, 42);
  EXPECT_EQ(watermarks(producer.handle(), topic), std::pair(std::int64_t{0}, std::int64_t{42}));
}

TEST_F(Librdkafka, a_record_too_large_is_refused_and_the_next_one_is_written) {
  Producer producer(bootstrap(), {{"message.max.bytes", "10000000"}});
  producer.send(topic, {.partition = 0, .key = {}, .value = std::string(2'000'000, 'x'), .headers = {}});
  ASSERT_THAT(producer.flush(), SizeIs(1));
  EXPECT_EQ(producer.flush()[0].error, RdKafka::ERR_MSG_SIZE_TOO_LARGE);
  producer.send(topic, {.partition = 0, .key = {}, .value = "small", .headers = {}});
  producer.flush();
  EXPECT_EQ(values_of(all_of(topic)), std::vector<std::string>{"small"});
}

class LibrdkafkaAcks : public Librdkafka, public testing::WithParamInterface<std::string> {};

TEST_P(LibrdkafkaAcks, what_is_sent_is_there) {
  Producer producer(bootstrap(), {{"acks", GetParam()}});
  send_numbers(producer, topic, 0, 100);
  // With acks=0 nobody says when the broker has them.
  const auto deadline_ms = now_ms() + patience_ms;
  while (watermarks(producer.handle(), topic).second < 100 && now_ms() < deadline_ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(values_of(all_of(topic)), numbers(0, 100));
}

INSTANTIATE_TEST_SUITE_P(acks, LibrdkafkaAcks, testing::Values("0", "1", "all"),
                         [](const auto& tested) { return "acks_" + tested.param; });

TEST_F(Librdkafka, a_topic_may_have_the_brokers_time_on_its_records) {
  Producer producer(bootstrap());
  ASSERT_EQ(create_topic(producer.handle(), topic, 1, {{"message.timestamp.type", "LogAppendTime"}}).error,
            RdKafka::ERR_NO_ERROR);
  const auto before_ms = now_ms();
  producer.send(topic, {.partition = 0, .key = {}, .value = "x", .headers = {}}, 1'000'000);
  producer.flush();
  const auto read = all_of(topic);
  ASSERT_THAT(read, SizeIs(1));
  EXPECT_TRUE(read[0].is_log_append_time);
  EXPECT_GE(read[0].timestamp_ms, before_ms);
  EXPECT_LE(read[0].timestamp_ms, now_ms());
}

TEST_F(Librdkafka, topics_are_made_and_deleted_by_the_admin_interface) {
  Consumer consumer(bootstrap());  // unlike a producer, its questions create nothing
  auto& handle = consumer.handle();
  ASSERT_EQ(create_topic(handle, topic, 5).error, RdKafka::ERR_NO_ERROR);
  EXPECT_EQ(partitions_of(handle, topic), 5);
  EXPECT_EQ(create_topic(handle, topic, 5).error, RdKafka::ERR_TOPIC_ALREADY_EXISTS);
  ASSERT_EQ(delete_topic(handle, topic).error, RdKafka::ERR_NO_ERROR);
  EXPECT_EQ(delete_topic(handle, topic).error, RdKafka::ERR_UNKNOWN_TOPIC_OR_PART);
}

TEST_F(Librdkafka, a_setting_that_is_none_is_refused_by_its_name) {
  Producer producer(bootstrap());
  const auto answer = create_topic(producer.handle(), topic, 1, {{"retention.parsecs", "12"}});
  EXPECT_EQ(answer.error, RdKafka::ERR_INVALID_CONFIG);
  EXPECT_THAT(answer.message, HasSubstr("retention.parsecs"));
}

TEST_F(Librdkafka, a_topic_made_again_begins_anew) {
  Producer producer(bootstrap());
  send_numbers(producer, topic, 0, 7);
  ASSERT_EQ(delete_topic(producer.handle(), topic).error, RdKafka::ERR_NO_ERROR);
  ASSERT_EQ(create_topic(producer.handle(), topic, 1).error, RdKafka::ERR_NO_ERROR);
  Producer another(bootstrap());
  send_numbers(another, topic, 7, 9);
  EXPECT_EQ(values_of(all_of(topic)), numbers(7, 9));
}

}  // namespace
}  // namespace compat
