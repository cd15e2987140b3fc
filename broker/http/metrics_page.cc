#include "broker/http/metrics_page.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cmath>

#include "broker/broker.h"
#include "broker/dispatch.h"

namespace ottla {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using Labels = std::vector<ClientMetric::Label>;

MetricFamily family(const char* name, const char* help, MetricType type) {
  MetricFamily made;
  made.name = name;
  made.help = help;
  made.type = type;
  return made;
}

void add(MetricFamily& to, Labels labels, std::int64_t value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (to.type == MetricType::Counter) {
    metric.counter.value = static_cast<double>(value);
  } else {
    metric.gauge.value = static_cast<double>(value);
  }
  to.metric.push_back(std::move(metric));
}

// The sum of several histograms, as one that grows from bucket to bucket.
void add(MetricFamily& to, Labels labels, const std::vector<const LatencyHistogram*>& parts) {
  constexpr double microsecond = 1e-6;
  ClientMetric metric;
  metric.label = std::move(labels);
  auto& histogram = metric.histogram;
  for (std::size_t i = 0; i <= LatencyHistogram::bounded_buckets; ++i) {
    for (const LatencyHistogram* part : parts) {
      histogram.sample_count += static_cast<std::uint64_t>(part->bucket(i));
    }
    const double bound =
        i < LatencyHistogram::bounded_buckets ? std::ldexp(microsecond, static_cast<int>(i)) : INFINITY;
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  for (const LatencyHistogram* part : parts) {
    histogram.sample_sum += static_cast<double>(part->sum_us()) * microsecond;
  }
  to.metric.push_back(std::move(metric));
}

void collect_requests(const Broker& broker, std::vector<MetricFamily>& families) {
  auto requests = family("ottla_requests_total", "Requests served, by API.", MetricType::Counter);
  auto errors = family("ottla_request_errors_total", "Answers that carry an error, by API.", MetricType::Counter);
  auto latency = family("ottla_request_duration_seconds", "From a request's last byte to its answer being ready.",
                        MetricType::Histogram);
  std::vector<ApiEntry> apis(served_apis().begin(), served_apis().end());
  if (broker.cluster != nullptr) {
    apis.insert(apis.end(), served_cluster_apis().begin(), served_cluster_apis().end());
  }
  for (const ApiEntry& entry : apis) {
    std::int64_t count = 0;
    std::int64_t failed = 0;
    std::vector<const LatencyHistogram*> parts;
    for (const auto& core : broker.cores) {
      const ApiMetrics& api = core->metrics.api(static_cast<std::size_t>(entry.api.key));
      count += api.requests.value();
      failed += api.errors.value();
      parts.push_back(&api.latency);
    }
    const Labels labels{{"api", entry.api.name}};
    add(requests, labels, count);
    add(errors, labels, failed);
    add(latency, labels, parts);
  }
  families.insert(families.end(), {std::move(requests), std::move(errors), std::move(latency)});
}

void collect_connections(const Broker& broker, std::vector<MetricFamily>& families) {
  auto received = family("ottla_received_bytes_total", "Bytes received from clients.", MetricType::Counter);
  auto sent = family("ottla_sent_bytes_total", "Bytes sent to clients.", MetricType::Counter);
  auto open = family("ottla_connections", "Connections that are open.", MetricType::Gauge);
  auto clients =
      family("ottla_client_connections", "Connections by the software the client says it is.", MetricType::Gauge);
  auto closed = family("ottla_connections_closed_total", "Connections that ended or were not let in, and why.",
                       MetricType::Counter);
  auto held =
      family("ottla_held_bytes", "What clients make the broker hold of queued.max.request.bytes.", MetricType::Gauge);
  std::int64_t held_bytes = 0;
  std::array<std::int64_t, CoreMetrics::close_reasons.size()> closed_counts{};
  std::int64_t received_bytes = 0;
  std::int64_t sent_bytes = 0;
  std::int64_t connections = 0;
  std::map<std::string, std::int64_t> by_client;
  for (const auto& core : broker.cores) {
    received_bytes += core->metrics.received_bytes();
    sent_bytes += core->metrics.sent_bytes();
    connections += core->metrics.connections();
    held_bytes += core->held_bytes.value();
    for (std::size_t reason = 0; reason < closed_counts.size(); ++reason) {
      closed_counts[reason] += core->metrics.closed(reason);
    }
    for (const auto& [client, count] : core->metrics.connections_by_client()) {
      by_client[client] += count;
    }
  }
  add(received, {}, received_bytes);
  add(sent, {}, sent_bytes);
  add(open, {}, connections);
  add(held, {}, held_bytes);
  for (std::size_t reason = 0; reason < closed_counts.size(); ++reason) {
    add(closed, {{"reason", CoreMetrics::close_reasons[reason]}}, closed_counts[reason]);
  }
  for (const auto& [client, count] : by_client) {
    add(clients, {{"software", client}}, count);
  }
  families.insert(families.end(), {std::move(received), std::move(sent), std::move(open), std::move(held),
                                   std::move(closed), std::move(clients)});
}

void collect_storage(const Broker& broker, std::vector<MetricFamily>& families) {
  auto size = family("ottla_log_size_bytes", "Bytes of all partition logs.", MetricType::Gauge);
  auto count = family("ottla_partitions", "Partitions served.", MetricType::Gauge);
  auto offline = family("ottla_partitions_offline", "Partitions that cannot be used.", MetricType::Gauge);
  auto damaged = family("ottla_partitions_damaged", "Partitions with records that cannot be read.", MetricType::Gauge);
  auto syncs = family("ottla_log_sync_duration_seconds", "One group commit: all files of a partition synced.",
                      MetricType::Histogram);
  std::int64_t bytes = 0;
  std::int64_t partitions = 0;
  std::int64_t offline_partitions = 0;
  std::int64_t damaged_partitions = 0;
  broker.partitions.for_each([&](Partition& partition) {
    offline_partitions += partition.is_offline() ? 1 : 0;
    damaged_partitions += partition.is_damaged() ? 1 : 0;
    bytes += partition.size_bytes();
    ++partitions;
  });
  add(size, {}, bytes);
  add(count, {}, partitions);
  add(offline, {}, offline_partitions);
  add(damaged, {}, damaged_partitions);
  add(syncs, {}, {&broker.partitions.committer().latency()});
  families.insert(families.end(),
                  {std::move(size), std::move(count), std::move(offline), std::move(damaged), std::move(syncs)});
}

}  // namespace

std::string metrics_page(const Broker& broker) {
  std::vector<MetricFamily> families;
  collect_requests(broker, families);
  collect_connections(broker, families);
  collect_storage(broker, families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace ottla
