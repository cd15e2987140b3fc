#include "broker/metrics.h"

#include <gtest/gtest.h>

namespace ottla {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(Metrics, a_duration_falls_into_the_bucket_of_the_next_power_of_two) {
  LatencyHistogram histogram;
  histogram.record(nanoseconds(1));
  histogram.record(microseconds(2));
  histogram.record(microseconds(3));
  histogram.record(microseconds(4));
  histogram.record(microseconds(5));
  histogram.record(std::chrono::hours(1));
  EXPECT_EQ(histogram.bucket(0), 1);
  EXPECT_EQ(histogram.bucket(1), 1);
  EXPECT_EQ(histogram.bucket(2), 2);
  EXPECT_EQ(histogram.bucket(3), 1);
  EXPECT_EQ(histogram.bucket(LatencyHistogram::bounded_buckets), 1);
  EXPECT_EQ(histogram.sum_us(), 1 + 2 + 3 + 4 + 5 + 3'600'000'000);
}

TEST(Metrics, what_brokers_say_to_one_another_is_counted_apart_from_kafkas_apis) {
  CoreMetrics metrics;
  metrics.served(10'002, std::chrono::microseconds(1), false);
  metrics.served(10'003, std::chrono::microseconds(1), true);
  metrics.served(2, std::chrono::microseconds(1), true);
  EXPECT_EQ(metrics.api(10'002).requests.value(), 1);
  EXPECT_EQ(metrics.api(10'002).errors.value(), 0);
  EXPECT_EQ(metrics.api(10'003).requests.value(), 1);
  EXPECT_EQ(metrics.api(2).requests.value(), 1);
}

TEST(Metrics, clients_are_counted_while_they_are_there) {
  CoreMetrics metrics;
  const auto label = metrics.client_seen("librdkafka", "2.0.2");
  EXPECT_EQ(metrics.client_seen("librdkafka", "2.0.2"), label);
  EXPECT_EQ(metrics.connections_by_client().at(label), 2);
  metrics.connection_closed(label);
  metrics.connection_closed(label);
  EXPECT_TRUE(metrics.connections_by_client().empty());
}

TEST(Metrics, client_labels_are_bounded) {
  CoreMetrics metrics;
  for (int i = 0; i < 1000; ++i) {
    metrics.client_seen("client", std::to_string(i));
  }
  EXPECT_LE(metrics.connections_by_client().size(), 101U);
  EXPECT_EQ(metrics.connections_by_client().at("other"), 900);
}

}  // namespace
}  // namespace ottla
