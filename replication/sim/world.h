// Virtual time, the trace of what happens, what was counted, and the first rule that was found broken.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "replication/sim/random.h"

namespace ottla::sim {

// What may go wrong. Each can be left out, which changes nothing of the others' draws.
enum class Fault : std::uint8_t {
  power_cut,
  kill,
  pause,
  partition,
  delay,
  slow_disk,
  sync_error,
  write_error,
  full_disk,
  wipe,
  rot,
  clock,
  election,
  shutdown,
  min_isr,
  delete_records,
  count
};
inline constexpr std::string_view fault_names[] = {
    "power cut", "kill", "pause", "partition", "delay",    "slow disk", "sync error", "write error",
    "full disk", "wipe", "rot",   "clock",     "election", "shutdown",  "min isr",    "delete records"};

struct Options {
  std::uint64_t seed = 1;
  std::uint32_t without = 0;  // bits of Fault
  bool prints = false;
  [[nodiscard]] bool has(Fault fault) const { return (without >> static_cast<unsigned>(fault) & 1U) == 0; }
};

struct Statistics {
  std::int64_t simulated_us = 0;
  std::int64_t events = 0;
  std::int64_t kills = 0;
  std::int64_t elections = 0;
  std::int64_t isr_changes = 0;
  std::int64_t truncations = 0;
  std::int64_t sync_failures = 0;
  std::int64_t wiped_disks = 0;
  std::int64_t deletions = 0;  // acknowledged DeleteRecords
  std::int64_t acked_records = 0;
  void add(const Statistics& other) {
    simulated_us += other.simulated_us;
    events += other.events;
    kills += other.kills;
    elections += other.elections;
    isr_changes += other.isr_changes;
    truncations += other.truncations;
    sync_failures += other.sync_failures;
    wiped_disks += other.wiped_disks;
    deletions += other.deletions;
    acked_records += other.acked_records;
  }
};

class World {
 public:
  using Action = std::function<void()>;

  explicit World(const Options& chosen) : options(chosen) {}

  [[nodiscard]] std::int64_t now_us() const { return now_us_; }
  void at(std::int64_t time_us, Action action) {
    queue_.push_back({std::max(time_us, now_us_), ++sequence_, std::move(action)});
    std::ranges::push_heap(queue_, later);
  }
  void after(std::int64_t delay_us, Action action) { at(now_us_ + delay_us, std::move(action)); }

  // Runs until that time, or until a rule is broken.
  void run_until(std::int64_t time_us) {
    while (!violation && !queue_.empty() && queue_.front().time_us <= time_us) {
      std::ranges::pop_heap(queue_, later);
      Entry entry = std::move(queue_.back());
      queue_.pop_back();
      now_us_ = entry.time_us;
      ++statistics.events;
      entry.action();
    }
    now_us_ = violation ? now_us_ : std::max(now_us_, time_us);
    statistics.simulated_us = now_us_;
  }

  // One line of what happens, in words; every number and name in it goes into the hash.
  template <class... Arguments>
  void tell(fmt::format_string<const Arguments&...> text, const Arguments&... arguments) {
    hash_ = mix(hash_ ^ static_cast<std::uint64_t>(now_us_));
    (absorb(arguments), ...);
    if (options.prints) {
      fmt::print("{:>12.6f} {}\n", static_cast<double>(now_us_) / 1e6, fmt::format(text, arguments...));
    }
  }
  [[nodiscard]] std::uint64_t trace_hash() const { return mix(hash_ ^ static_cast<std::uint64_t>(statistics.events)); }

  // The first one counts, and ends the run.
  void violated(std::string what) {
    if (!violation) {
      tell("VIOLATED: {}", what);
      violation = std::move(what);
    }
  }

  const Options options;
  Statistics statistics;
  std::optional<std::string> violation;

 private:
  struct Entry {
    std::int64_t time_us;
    std::uint64_t sequence;
    Action action;
  };
  static bool later(const Entry& left, const Entry& right) {
    return left.time_us != right.time_us ? left.time_us > right.time_us : left.sequence > right.sequence;
  }
  void absorb(std::string_view text) {
    for (const char one : text) {
      hash_ = (hash_ ^ static_cast<unsigned char>(one)) * 0x100000001b3U;
    }
  }
  template <class Number>
    requires std::is_integral_v<Number> || std::is_enum_v<Number>
  void absorb(Number number) {
    hash_ = mix(hash_ ^ static_cast<std::uint64_t>(number));
  }

  std::int64_t now_us_ = 0;
  std::uint64_t sequence_ = 0;
  std::vector<Entry> queue_;
  std::uint64_t hash_ = 0;
};

}  // namespace ottla::sim
