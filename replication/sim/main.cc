// sim: runs seeds, replays one, walks small worlds whole, or shows that each broken rule is found. See usage().
#include <sys/resource.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "replication/mutants.h"
#include "replication/sim/exhaustive/exhaustive.h"
#include "replication/sim/simulation.h"

namespace ottla::sim {

namespace {

int usage() {
  fmt::print(
      stderr,
      "sim --seeds N [--from S]      runs N seeds, each twice where --twice is said\n"
      "sim --seed S --replay         one line an event\n"
      "sim --seed S --shrink         leaves out the faults that a violation does not need\n"
      "sim --mutants [--budget CPU_SECONDS]\n"
      "sim --short                   200 seeds, each twice, and the mutants that are found soon\n"
      "sim --exhaustive              small worlds walked whole, and each broken rule is found; four minutes, 4 GiB\n"
      "sim --exhaustive --mutant N   only that one, and the shortest way to what it breaks\n"
      "sim --exhaustive [--records N] [--epochs N] [--crashes N] [--fencings N] [--lag-times N] [--timeouts N]\n"
      "                 [--states N] [--mutant N]   one world of that size, at most so many states\n"
      "options: --twice, --cpu-seconds N, --mutant N, --without BITS\n");
  return 2;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Outcome {
  std::optional<std::string> violation;
  std::uint64_t hash = 0;
  Statistics statistics;
};

Outcome run_seed(const Options& options) {
  Simulation simulation(options);
  simulation.run();
  return {simulation.world.violation, simulation.world.trace_hash(), simulation.world.statistics};
}

void print(const Statistics& sum, std::int64_t seeds, double cpu) {
  const double hours = static_cast<double>(sum.simulated_us) / 3.6e9;
  fmt::print(
      "{} seeds, {:.2f} simulated hours, {:.4f} CPU hours ({:.0f} to 1), {} events\n"
      "{} kills, {} elections, {} ISR changes, {} truncations, {} sync failures, {} lost disks, "
      "{} deletions, {} acknowledged records\n",
      seeds, hours, cpu / 3600, hours / (cpu / 3600), sum.events, sum.kills, sum.elections, sum.isr_changes,
      sum.truncations, sum.sync_failures, sum.wiped_disks, sum.deletions, sum.acked_records);
}

struct Arguments {
  std::map<std::string, std::int64_t> numbers;
  [[nodiscard]] bool has(const std::string& name) const { return numbers.contains(name); }
  [[nodiscard]] std::int64_t get(const std::string& name, std::int64_t otherwise) const {
    const auto found = numbers.find(name);
    return found != numbers.end() ? found->second : otherwise;
  }
};

// True if no rule was broken and every seed that ran twice did the same twice.
bool run_seeds(const Arguments& arguments) {
  const std::int64_t from = arguments.get("from", 1);
  const double began = cpu_seconds();
  const auto cpu_max = static_cast<double>(arguments.get("cpu-seconds", 1'000'000));
  Statistics sum;
  std::int64_t seeds = 0;
  int violations = 0;
  for (; seeds < arguments.get("seeds", 1) && cpu_seconds() - began < cpu_max; ++seeds) {
    Options options{.seed = static_cast<std::uint64_t>(from + seeds),
                    .without = static_cast<std::uint32_t>(arguments.get("without", 0))};
    const Outcome outcome = run_seed(options);
    sum.add(outcome.statistics);
    if (arguments.has("twice") && run_seed(options).hash != outcome.hash) {
      fmt::print("seed {}: not the same twice\n", options.seed);
      ++violations;
    }
    if (outcome.violation) {
      fmt::print("seed {}: {}\n  ./dev sim --seed {} --replay\n", options.seed, *outcome.violation, options.seed);
      std::fflush(stdout);
      if (++violations >= 10) {
        break;
      }
    }
  }
  print(sum, seeds, cpu_seconds() - began);
  return violations == 0;
}

// Leaves out what the violation does not need, one class of faults after the other.
bool shrink(const Arguments& arguments) {
  Options options{.seed = static_cast<std::uint64_t>(arguments.get("seed", 1))};
  Outcome worst = run_seed(options);
  if (!worst.violation) {
    fmt::print("seed {}: nothing is violated\n", options.seed);
    return true;
  }
  for (unsigned fault = 0; fault < static_cast<unsigned>(Fault::count); ++fault) {
    Options fewer = options;
    fewer.without |= 1U << fault;
    const Outcome outcome = run_seed(fewer);
    if (outcome.violation) {
      options = fewer;
      worst = outcome;
    } else {
      fmt::print("needs {}\n", fault_names[fault]);
    }
  }
  fmt::print("seed {}: {}\n  ./dev sim --seed {} --without {} --replay\n", options.seed, *worst.violation, options.seed,
             options.without);
  return false;
}

constexpr Mutant mutants[] = {Mutant::high_watermark_on_log_end,
                              Mutant::high_watermark_ignores_a_member,
                              Mutant::alter_partition_reply_unchecked,
                              Mutant::pending_expand_not_counted,
                              Mutant::no_truncation_on_new_epoch,
                              Mutant::truncate_to_high_watermark,
                              Mutant::one_round_of_truncation,
                              Mutant::fetch_epoch_unchecked,
                              Mutant::diverging_fetch_counts,
                              Mutant::high_watermark_from_diverging_reply,
                              Mutant::expand_before_epoch_start,
                              Mutant::expand_without_broker_epoch,
                              Mutant::leader_acks_before_sync,
                              Mutant::shrink_used_before_commit,
                              Mutant::rollback_on_timeout,
                              Mutant::high_watermark_under_min_isr,
                              Mutant::elr_survives_storage_loss,
                              Mutant::epoch_entry_not_synced,
                              Mutant::truncation_not_synced,
                              Mutant::segment_entry_not_synced,
                              Mutant::clean_marker_kept,
                              Mutant::sync_error_ignored,
                              Mutant::recovery_truncates_damage,
                              Mutant::elects_anyone,
                              Mutant::generation_unchecked,
                              Mutant::late_alter_partition_reply,
                              Mutant::logs_compared_once,
                              Mutant::low_watermark_ignores_followers,
                              Mutant::expand_with_what_is_deleted};

// These take longer than ./dev test has time for.
bool is_rare(Mutant one) {
  return one == Mutant::alter_partition_reply_unchecked || one == Mutant::pending_expand_not_counted ||
         one == Mutant::fetch_epoch_unchecked || one == Mutant::expand_without_broker_epoch ||
         one == Mutant::generation_unchecked || one == Mutant::late_alter_partition_reply ||
         one == Mutant::logs_compared_once;
}

struct Count {
  int passed = 0;
  int failed = 0;
};

Count run_mutants(const Arguments& arguments) {
  const auto budget = static_cast<double>(arguments.get("budget", 600));
  Count count;
  for (const Mutant one : mutants) {
    const bool is_other = arguments.has("mutant") && arguments.get("mutant", 0) != static_cast<int>(one);
    if (is_other || (arguments.has("short") && is_rare(one))) {
      continue;
    }
    active_mutant = one;
    const double began = cpu_seconds();
    Outcome outcome;
    std::uint64_t seed = 0;
    while (!outcome.violation && cpu_seconds() - began < budget) {
      outcome = run_seed({.seed = ++seed});
    }
    const double took = cpu_seconds() - began;
    (outcome.violation ? count.passed : count.failed) += 1;
    fmt::print("mutant {:>2}: {} after {} seeds, {:.1f} CPU s{}{}\n", static_cast<int>(one),
               outcome.violation ? "killed" : "SURVIVES", seed, took, outcome.violation ? ": " : "",
               outcome.violation.value_or(""));
    std::fflush(stdout);
  }
  active_mutant = Mutant::none;
  fmt::print("{} mutants killed, {} survive\n", count.passed, count.failed);
  return count;
}

bool run_short() {
  const bool clean = run_seeds({{{"seeds", 200}, {"twice", 1}}});
  Count count = run_mutants({{{"short", 1}, {"budget", 30}}});
  (clean ? count.passed : count.failed) += 1;
  fmt::print("{} passed, {} failed\n", count.passed, count.failed);
  return count.failed == 0;
}

int run(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string name = words[i];
    if (!name.starts_with("--")) {
      return usage();
    }
    std::int64_t value = 1;
    if (i + 1 < count && words[i + 1][0] != '-') {
      const char* const text = words[++i];
      if (std::from_chars(text, text + std::strlen(text), value).ec != std::errc{}) {
        return usage();
      }
    }
    arguments.numbers[name.substr(2)] = value;
  }
  if (arguments.has("exhaustive")) {
    return exhaustive::run(arguments.numbers) ? 0 : 1;
  }
  if (arguments.has("mutants")) {
    return run_mutants(arguments).failed == 0 ? 0 : 1;
  }
  if (arguments.has("short")) {
    return run_short() ? 0 : 1;
  }
  active_mutant = static_cast<Mutant>(arguments.get("mutant", 0));
  if (arguments.has("shrink")) {
    return shrink(arguments) ? 0 : 1;
  }
  if (arguments.has("replay")) {
    const Outcome outcome = run_seed({.seed = static_cast<std::uint64_t>(arguments.get("seed", 1)),
                                      .without = static_cast<std::uint32_t>(arguments.get("without", 0)),
                                      .prints = true});
    print(outcome.statistics, 1, cpu_seconds());
    return outcome.violation ? 1 : 0;
  }
  return arguments.has("seeds") ? (run_seeds(arguments) ? 0 : 1) : usage();
}

}  // namespace

}  // namespace ottla::sim

int main(int count, char** words) { return ottla::sim::run(count, words); }
