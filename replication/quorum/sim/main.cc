// The quorum's simulator, from the command line: seeds from one on, or one seed told line by line.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <map>

#include "replication/quorum/sim/world.h"

namespace {

using namespace ottla::quorum;
using namespace ottla::quorum::sim;

const std::map<std::string, Bug> bugs{{"none", Bug::none},
                                      {"ack-before-durable", Bug::ack_before_durable},
                                      {"vote-not-stored", Bug::vote_not_stored},
                                      {"log-dropped-before-snapshot", Bug::log_dropped_before_snapshot}};
const std::map<std::string, bool Guards::*> guards{{"no-claims-about-old-terms", &Guards::no_claims_about_old_terms},
                                                   {"changes-come-first", &Guards::changes_come_first},
                                                   {"commit-only-what-was-sent", &Guards::commit_only_what_was_sent},
                                                   {"late-rejections-are-void", &Guards::late_rejections_are_void},
                                                   {"anchor-at-own-snapshot", &Guards::anchor_at_own_snapshot},
                                                   {"denials-tell-the-term", &Guards::denials_tell_the_term},
                                                   {"deadlines-lie-ahead", &Guards::deadlines_lie_ahead},
                                                   {"own-entry-before-changes", &Guards::own_entry_before_changes},
                                                   {"late-votes-are-void", &Guards::late_votes_are_void}};

void print(const Counts& counts, std::uint64_t trace, double seconds) {
  fmt::print(
      "{} inputs, {} messages, {} applied, {} elections, {} crashes, {} truncations, {} snapshots taken, {} installed, "
      "{} changes, {} promotions, {} transfers, {} leaders given up\n",
      counts.inputs, counts.messages, counts.applied, counts.elections, counts.crashes, counts.truncations,
      counts.snapshots_taken, counts.snapshots_installed, counts.changes, counts.promotions, counts.transfers,
      counts.given_up_leaders);
  fmt::print("{:.2f} virtual hours in {:.1f} s, {:.0f} times real time; trace {:016x}\n",
             static_cast<double>(counts.virtual_ms) / 3.6e6, seconds,
             static_cast<double>(counts.virtual_ms) / 1000 / seconds, trace);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Simulates a quorum under faults; the same seed does the same (every 20th is run twice to see).");
  std::uint64_t first = 1;
  std::uint64_t count = 100;
  std::uint64_t seconds = 30;
  Options options;
  std::string bug = "none";
  std::vector<std::string> without;
  bool replays = false;
  app.add_option("--first", first, "the first seed");
  app.add_option("--seeds", count, "how many");
  app.add_option("--servers", options.servers, "first voters")->check(CLI::Range(1, 7));
  app.add_option("--seconds", seconds, "virtual seconds of faults");
  app.add_option("--bug", bug, "a mistake of the owner")->check(CLI::IsMember(bugs));
  app.add_option("--without", without, "guards to switch off")->check(CLI::IsMember(guards));
  app.add_flag("--replay", replays, "tell what happens");
  CLI11_PARSE(app, argc, argv);
  options.faults_ms = seconds * 1000;
  options.bug = bugs.at(bug);
  for (const std::string& name : without) {
    options.guards.*guards.at(name) = false;
  }
  const auto began = std::chrono::steady_clock::now();
  Counts counts;
  std::uint64_t trace = 0;
  std::uint64_t failed = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const auto line = [](const std::string& text) { fmt::print("{}\n", text); };
    Outcome outcome = run_seed(seed, options, replays ? line : std::function<void(std::string)>{});
    counts += outcome.counts;
    trace = fold(trace, outcome.trace);
    if (seed % 20 == 0 && run_seed(seed, options).trace != outcome.trace) {
      outcome.violation += "not the same when run again";
    }
    if (!outcome.violation.empty()) {
      ++failed;
      fmt::print("FAIL seed {} of {} servers at {} ms: {}\n", seed, options.servers, outcome.at_ms, outcome.violation);
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  print(counts, trace, took.count());
  fmt::print("{} passed, {} failed\n", count - failed, failed);
  return failed == 0 ? 0 : 1;
}
