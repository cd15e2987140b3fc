// What is counted. Each core writes its own plain counters (no lock, no shared cache line); a scrape adds them up.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace ottla {

// Written by one thread, read by any.
class Counter {
 public:
  void add(std::int64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_ = 0;
};

// Fixed buckets: up to 1, 2, 4 ... 2^24 microseconds, and beyond. Written by one thread, read by any.
class LatencyHistogram {
 public:
  static constexpr std::size_t bounded_buckets = 25;
  void record(std::chrono::nanoseconds duration);
  [[nodiscard]] std::int64_t bucket(std::size_t index) const { return buckets_[index].value(); }
  [[nodiscard]] std::int64_t sum_us() const { return sum_us_.value(); }

 private:
  std::array<Counter, bounded_buckets + 1> buckets_;
  Counter sum_us_;
};

struct ApiMetrics {
  Counter requests;
  Counter errors;  // answers that carry an error code anywhere
  LatencyHistogram latency;
};

// Why a connection ended.
enum class CloseReason : std::uint8_t { left, bad_request, too_slow, idle, refused, stopped, internal_error };

class CoreMetrics {
 public:
  // Kafka's APIs, and those that brokers have among themselves (keys from 10000).
  static constexpr std::size_t kafka_api_keys = 100;
  static constexpr std::size_t cluster_api_keys = 10;

  static constexpr std::array<const char*, 7> close_reasons{"left",    "bad_request", "too_slow",      "idle",
                                                            "refused", "stopped",     "internal_error"};

  void connection_opened() { connections_.add(1); }
  void closed(CloseReason reason) { closed_[static_cast<std::size_t>(reason)].add(1); }
  void connection_closed(const std::string& client_software);
  // Gives the label to hand back to connection_closed. Labels are bounded: the hundred-and-first is "other".
  std::string client_seen(std::string_view name, std::string_view version);
  void received(std::size_t size_bytes) { received_bytes_.add(static_cast<std::int64_t>(size_bytes)); }
  void sent(std::size_t size_bytes) { sent_bytes_.add(static_cast<std::int64_t>(size_bytes)); }
  void served(std::int16_t api_key, std::chrono::nanoseconds duration, bool has_error);

  [[nodiscard]] std::int64_t connections() const { return connections_.value(); }
  [[nodiscard]] std::int64_t closed(std::size_t reason) const { return closed_[reason].value(); }
  [[nodiscard]] std::int64_t received_bytes() const { return received_bytes_.value(); }
  [[nodiscard]] std::int64_t sent_bytes() const { return sent_bytes_.value(); }
  [[nodiscard]] const ApiMetrics& api(std::size_t key) const { return apis_[slot(key)]; }
  [[nodiscard]] std::map<std::string, std::int64_t> connections_by_client() const;

 private:
  static constexpr std::size_t slot(std::size_t key) {
    constexpr std::size_t first_cluster_key = 10'000;
    return key < first_cluster_key ? key % kafka_api_keys : kafka_api_keys + key % cluster_api_keys;
  }

  Counter connections_;
  std::array<Counter, close_reasons.size()> closed_;
  Counter received_bytes_;
  Counter sent_bytes_;
  std::array<ApiMetrics, kafka_api_keys + cluster_api_keys> apis_;
  mutable std::mutex clients_mutex_;  // taken when a client says hello or leaves, and at a scrape
  std::map<std::string, std::int64_t> clients_;
};

}  // namespace ottla
