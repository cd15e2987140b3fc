#include "broker/metrics.h"

#include <algorithm>
#include <bit>

namespace ottla {

namespace {
constexpr std::size_t client_labels_max = 100;
constexpr std::size_t client_label_bytes_max = 64;
}  // namespace

void LatencyHistogram::record(std::chrono::nanoseconds duration) {
  const auto microseconds = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::microseconds>(duration).count()));
  // The bucket "up to 2^i" takes what is above 2^(i-1).
  const auto index = microseconds <= 1 ? 0 : static_cast<std::size_t>(std::bit_width(microseconds - 1));
  buckets_[std::min(index, bounded_buckets)].add(1);
  sum_us_.add(static_cast<std::int64_t>(microseconds));
}

void CoreMetrics::served(std::int16_t api_key, std::chrono::nanoseconds duration, bool has_error) {
  ApiMetrics& api = apis_[slot(static_cast<std::size_t>(api_key))];
  api.requests.add(1);
  api.errors.add(has_error ? 1 : 0);
  api.latency.record(duration);
}

std::string CoreMetrics::client_seen(std::string_view name, std::string_view version) {
  std::string label = (std::string(name) + " " + std::string(version)).substr(0, client_label_bytes_max);
  const std::lock_guard lock(clients_mutex_);
  if (clients_.size() >= client_labels_max && !clients_.contains(label)) {
    label = "other";
  }
  ++clients_[label];
  return label;
}

void CoreMetrics::connection_closed(const std::string& client_software) {
  connections_.add(-1);
  if (client_software.empty()) {
    return;
  }
  const std::lock_guard lock(clients_mutex_);
  if (const auto found = clients_.find(client_software); found != clients_.end() && --found->second == 0) {
    clients_.erase(found);
  }
}

std::map<std::string, std::int64_t> CoreMetrics::connections_by_client() const {
  const std::lock_guard lock(clients_mutex_);
  return clients_;
}

}  // namespace ottla
