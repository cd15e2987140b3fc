// What became of every update: sent, acknowledged, read. One row a symbol, one entry a sequence number.
//
// The producer's thread calls sent, its delivery reports come in on the same thread, the reader has a thread of its
// own: a mutex is held for each call.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ottla::stocks {

struct Counts {
  std::int64_t sent = 0;
  std::int64_t acknowledged = 0;
  std::int64_t failed = 0;  // the client gave them up: they may or may not be there
  std::int64_t read = 0;
  std::int64_t lost = 0;          // acknowledged and not read
  std::int64_t doubled = 0;       // read again
  std::int64_t out_of_order = 0;  // read behind a later one of the same symbol
  std::int64_t unknown = 0;       // read, never sent
};

struct Verdict {
  Counts counts;
  std::set<std::int32_t> partitions;  // with data
  std::int64_t split_symbols = 0;     // on more than one partition
  std::vector<double> latencies_ms;   // from send to read, sorted
  double longest_pause_ms = 0;        // between two acknowledgements
  [[nodiscard]] double latency_ms(double quantile) const {
    return latencies_ms.empty()
               ? 0
               : latencies_ms[static_cast<std::size_t>(quantile * static_cast<double>(latencies_ms.size() - 1))];
  }
};

class Ledger {
 public:
  // The sequence number the next update of this symbol carries.
  std::int64_t sent(const std::string& symbol, double now_ms) {
    const std::lock_guard lock(mutex_);
    auto& row = rows_[symbol];
    row.updates.push_back({.sent_ms = now_ms});
    return static_cast<std::int64_t>(row.updates.size()) - 1;
  }

  void delivered(const std::string& symbol, std::int64_t sequence, bool acknowledged, double now_ms) {
    const std::lock_guard lock(mutex_);
    auto& update = rows_[symbol].updates.at(static_cast<std::size_t>(sequence));
    (acknowledged ? update.acknowledged : update.failed) = true;
    if (acknowledged) {
      longest_pause_ms_ = std::max(longest_pause_ms_, now_ms - last_acknowledged_ms_.value_or(now_ms));
      last_acknowledged_ms_ = now_ms;
    }
  }

  void read(const std::string& symbol, std::int64_t sequence, std::int32_t partition, double now_ms) {
    const std::lock_guard lock(mutex_);
    auto& row = rows_[symbol];
    row.partitions.insert(partition);
    if (sequence < 0 || static_cast<std::size_t>(sequence) >= row.updates.size()) {
      ++unknown_;
      return;
    }
    auto& update = row.updates[static_cast<std::size_t>(sequence)];
    if (++update.reads == 1) {
      if (judges_latency_) {
        latencies_ms_.push_back(now_ms - update.sent_ms);
      }
      out_of_order_ += sequence < row.last_read;
      row.last_read = std::max(row.last_read, sequence);
    }
  }

  // From here on everything is read a second time, from the start: what is in the log at the end.
  void read_again() {
    const std::lock_guard lock(mutex_);
    for (auto& [symbol, row] : rows_) {
      row.last_read = -1;
      for (Update& update : row.updates) {
        update.read_before = update.read_before || update.reads > 1;
        update.reads = 0;
      }
    }
    judges_latency_ = false;
  }

  [[nodiscard]] Verdict verdict() const {
    const std::lock_guard lock(mutex_);
    Verdict verdict{.latencies_ms = latencies_ms_, .longest_pause_ms = longest_pause_ms_};
    Counts& counts = verdict.counts;
    counts.out_of_order = out_of_order_;
    counts.unknown = unknown_;
    for (const auto& [symbol, row] : rows_) {
      for (const Update& update : row.updates) {
        counts.sent += 1;
        counts.acknowledged += update.acknowledged;
        counts.failed += update.failed;
        counts.read += update.reads > 0;
        counts.lost += update.acknowledged && update.reads == 0;
        counts.doubled += update.reads > 1 || update.read_before;
      }
      verdict.split_symbols += row.partitions.size() > 1;
      verdict.partitions.insert(row.partitions.begin(), row.partitions.end());
    }
    std::ranges::sort(verdict.latencies_ms);
    return verdict;
  }

 private:
  struct Update {
    double sent_ms = 0;
    std::int32_t reads = 0;
    bool acknowledged = false;
    bool failed = false;
    bool read_before = false;  // more than once, the first time round
  };
  struct Row {
    std::vector<Update> updates;
    std::set<std::int32_t> partitions;
    std::int64_t last_read = -1;
  };

  mutable std::mutex mutex_;
  std::map<std::string, Row> rows_;
  std::vector<double> latencies_ms_;
  std::optional<double> last_acknowledged_ms_;
  double longest_pause_ms_ = 0;
  bool judges_latency_ = true;
  std::int64_t out_of_order_ = 0;
  std::int64_t unknown_ = 0;
};

}  // namespace ottla::stocks
