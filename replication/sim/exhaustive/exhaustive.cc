#include "replication/sim/exhaustive/exhaustive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "replication/mutants.h"
#include "replication/sim/exhaustive/walk.h"

namespace ottla::exhaustive {

namespace {

// Small ones first. Each broken rule below is found out in a world that is part of one of these.
constexpr Bounds worlds[] = {
    {.records = 1, .leader_epochs = 1, .crashes = 1, .fencings = 0, .lag_times = 1},
    {.records = 1, .leader_epochs = 3, .crashes = 0, .fencings = 1, .timeouts = 1},
    {.records = 1, .leader_epochs = 2, .crashes = 0, .fencings = 0, .lag_times = 1},
    {.records = 1, .leader_epochs = 1, .crashes = 0, .fencings = 0, .lag_times = 2},
    {.records = 1, .leader_epochs = 1, .crashes = 1, .fencings = 2},
    {.records = 1, .leader_epochs = 1, .crashes = 0, .fencings = 1, .lag_times = 1},
    {.records = 2, .leader_epochs = 1, .crashes = 0, .fencings = 0, .lag_times = 1},
    {.records = 1, .leader_epochs = 3, .crashes = 0, .fencings = 2},
    {.records = 3, .leader_epochs = 3, .crashes = 0, .fencings = 1},
    {.records = 2, .leader_epochs = 3, .crashes = 1, .fencings = 1},
};

// In these, what is seen with short cuts and without is compared.
constexpr Bounds compared[] = {
    {.records = 1, .leader_epochs = 1, .crashes = 1, .fencings = 1},
    {.records = 2, .leader_epochs = 2, .crashes = 0, .fencings = 0},
    {.records = 1, .leader_epochs = 2, .crashes = 0, .fencings = 1},
    {.records = 1, .leader_epochs = 1, .crashes = 0, .fencings = 0, .lag_times = 1},
};

constexpr Bounds elections{.records = 2, .leader_epochs = 3, .crashes = 0, .fencings = 1};
constexpr Bounds fencings{.records = 1, .leader_epochs = 3, .crashes = 0, .fencings = 2};
constexpr Bounds lost_disk{.records = 1, .leader_epochs = 1, .crashes = 1, .fencings = 2};
constexpr Bounds laggard{.records = 1, .leader_epochs = 2, .crashes = 0, .fencings = 0, .lag_times = 1};
constexpr Bounds laggard_fenced{.records = 1, .leader_epochs = 1, .crashes = 0, .fencings = 1, .lag_times = 1};
constexpr Bounds laggard_fenced_again{.records = 1, .leader_epochs = 1, .crashes = 0, .fencings = 2, .lag_times = 1};
constexpr Bounds laggard_twice{.records = 1, .leader_epochs = 1, .crashes = 0, .fencings = 0, .lag_times = 2};

struct Broken {
  Mutant mutant;
  const char* name;
  Bounds bounds;
};
constexpr Broken broken_rules[] = {
    {Mutant::high_watermark_on_log_end, "high watermark on log end", elections},
    {Mutant::high_watermark_ignores_a_member, "high watermark ignores a member", elections},
    {Mutant::alter_partition_reply_unchecked, "AlterPartition reply unchecked", laggard},
    {Mutant::pending_expand_not_counted, "pending expand not counted", laggard_fenced},
    {Mutant::no_truncation_on_new_epoch, "no truncation on new epoch", elections},
    {Mutant::truncate_to_high_watermark, "KafkaTruncateToHighWatermark", elections},
    {Mutant::one_round_of_truncation, "Kip101: one round of truncation", elections},
    {Mutant::fetch_epoch_unchecked, "Kip320FirstTry: fetch epoch unchecked", elections},
    {Mutant::diverging_fetch_counts, "diverging fetch counts", elections},
    {Mutant::high_watermark_from_diverging_reply, "high watermark from diverging reply", elections},
    {Mutant::expand_before_epoch_start, "expand before epoch start", elections},
    {Mutant::expand_without_broker_epoch, "expand without broker epoch", lost_disk},
    {Mutant::leader_acks_before_sync, "leader acks before sync", elections},
    {Mutant::shrink_used_before_commit, "shrink used before commit", laggard},
    {Mutant::rollback_on_timeout, "rollback on timeout", laggard_twice},
    {Mutant::high_watermark_under_min_isr, "high watermark under min ISR", fencings},
    {Mutant::elr_survives_storage_loss, "ELR survives storage loss", lost_disk},
    {Mutant::elects_anyone, "elects anyone", elections},
    {Mutant::late_alter_partition_reply, "late AlterPartition reply", laggard},
    {Mutant::logs_compared_once, "Kip279: logs compared once", elections},
    {Mutant::refusal_keeps_partition_epoch, "refusal keeps partition epoch", laggard_fenced_again},
    {Mutant::election_keeps_leader_epoch, "election keeps leader epoch", elections},
    {Mutant::change_keeps_partition_epoch, "change keeps partition epoch", elections},
    {Mutant::partition_epoch_unchecked, "partition epoch unchecked", laggard_fenced},
    {Mutant::fenced_stays_in_isr, "fenced stays in ISR", elections},
    {Mutant::inactive_joins_isr, "inactive joins ISR", laggard_fenced},
};

std::string in_words(const Bounds& bounds) {
  std::string words;
  const auto add = [&](std::int64_t count, const char* one, const char* many) {
    if (count > 0) {
      words += fmt::format("{}{} {}", words.empty() ? "" : ", ", count, count == 1 ? one : many);
    }
  };
  add(bounds.records, "record", "records");
  add(bounds.leader_epochs, "leader epoch", "leader epochs");
  add(bounds.crashes, "crash", "crashes");
  add(bounds.fencings, "fencing", "fencings");
  add(bounds.lag_times, "lag time", "lag times");
  add(bounds.timeouts, "fetch given up", "fetches given up");
  return words;
}

class Report {
 public:
  explicit Report(std::uint64_t states_max) : states_max_(states_max) {}

  void walk_one(Mutant which, const std::string& name, const Bounds& bounds, bool tells) {
    active_mutant = which;
    const Walked walked = walk(bounds, states_max_);
    active_mutant = Mutant::none;
    const bool is_whole = walked.is_whole && walked.messages_without_room == 0;
    const bool is_right = which == Mutant::none ? is_whole : !walked.broken.empty();
    (is_right ? passed_ : failed_) += 1;
    seconds_ += walked.seconds;
    const char* const outcome = !walked.broken.empty() ? "found" : is_whole ? "held" : "NOT WHOLE";
    print(name, walked);
    fmt::print("{}, depth {}{}\n", outcome, walked.depth, is_right ? "" : "  FAILED");
    if (tells || (which == Mutant::none && !walked.broken.empty())) {
      fmt::print("at most {}; {} local states\n", in_words(bounds), walked.local_states);
      if (!walked.broken.empty()) {
        fmt::print("{}\n", walked.broken);
      }
      for (const std::string& line : walked.trace) {
        fmt::print("{}\n", line);
      }
    }
    std::fflush(stdout);
  }
  void compare(Bounds bounds) {
    Views views;
    Views all_views;
    const Walked walked = walk(bounds, states_max_, &views);
    bounds.takes_short_cuts = false;
    const Walked all = walk(bounds, states_max_, &all_views);
    const bool is_right = walked.is_whole && all.is_whole && all.messages_without_room == 0 && views == all_views;
    (is_right ? passed_ : failed_) += 1;
    seconds_ += walked.seconds + all.seconds;
    print("no short cuts: " + in_words(bounds), all);
    fmt::print("{}, {} views{}\n", is_right ? "the same is seen" : "NOT THE SAME", views.size(),
               is_right ? "" : "  FAILED");
    std::fflush(stdout);
  }
  [[nodiscard]] bool end() const {
    fmt::print("{:.0f} CPU seconds\n{} passed, {} failed\n", seconds_, passed_, failed_);
    return failed_ == 0;
  }

 private:
  static void print(const std::string& name, const Walked& walked) {
    fmt::print("{:<58} {:>9} states {:>10} transitions {:>6.1f} s  ", name, walked.states, walked.transitions,
               walked.seconds);
  }

  std::uint64_t states_max_;
  int passed_ = 0;
  int failed_ = 0;
  double seconds_ = 0;
};

std::string name_of(const Broken& broken) {
  return fmt::format("mutant {:>2}: {}", static_cast<int>(broken.mutant), broken.name);
}

// What the options say, where they say anything.
bool has_bounds(const std::map<std::string, std::int64_t>& options, Bounds& bounds) {
  bool has = false;
  const auto read = [&](const char* name, auto& bound, std::int64_t most) {
    if (const auto found = options.find(name); found != options.end()) {
      bound = static_cast<std::remove_reference_t<decltype(bound)>>(std::clamp<std::int64_t>(found->second, 0, most));
      has = true;
    }
  };
  read("records", bounds.records, 4);
  read("epochs", bounds.leader_epochs, 100);
  read("crashes", bounds.crashes, 3);
  read("fencings", bounds.fencings, 15);
  read("lag-times", bounds.lag_times, 7);
  read("timeouts", bounds.timeouts, 7);
  return has;
}

}  // namespace

bool run(const std::map<std::string, std::int64_t>& options) {
  const auto get = [&](const char* name, std::int64_t otherwise) {
    const auto found = options.find(name);
    return found != options.end() ? found->second : otherwise;
  };
  Report report(static_cast<std::uint64_t>(get("states", 70'000'000)));
  const auto only = static_cast<Mutant>(get("mutant", 0));
  const auto* const known = std::ranges::find(broken_rules, only, &Broken::mutant);
  Bounds bounds = known != std::end(broken_rules) ? known->bounds : elections;
  if (has_bounds(options, bounds) || only != Mutant::none) {
    const std::string world = in_words(bounds);
    const std::string otherwise =
        only == Mutant::none ? world : fmt::format("mutant {:>2}: {}", static_cast<int>(only), world);
    report.walk_one(only, known != std::end(broken_rules) ? name_of(*known) : otherwise, bounds, true);
    return report.end();
  }
  for (const Broken& one : broken_rules) {
    report.walk_one(one.mutant, name_of(one), one.bounds, false);
  }
  for (const Bounds& world : compared) {
    report.compare(world);
  }
  for (const Bounds& world : worlds) {
    report.walk_one(Mutant::none, in_words(world), world, false);
  }
  return report.end();
}

}  // namespace ottla::exhaustive
