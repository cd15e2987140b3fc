// What a run is to be, how often what goes wrong in it, and what it has seen.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "replication/quorum/guards.h"
#include "replication/quorum/settings.h"
#include "replication/quorum/types.h"

namespace ottla::quorum::sim {

// Mistakes that the owner of a driver can make. The checks must find each.
enum class Bug : std::uint8_t { none, ack_before_durable, vote_not_stored, log_dropped_before_snapshot };

struct Options {
  std::size_t servers = 3;  // first voters; three more may join
  TimeMs faults_ms = 30'000;
  Bug bug = Bug::none;
  Guards guards;
};

// Drawn for each seed: a run that has all faults at once hides some of them. Rates are parts per 10,000.
struct Faults {
  explicit Faults(std::uint64_t seed);

  std::uint64_t drop = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t late = 0;  // by up to two seconds: behind messages of later terms
  TimeMs latency_max_ms = 0;
  TimeMs disk_max_ms = 0;
  std::uint64_t slow_write = 0;          // 0.1 to 1.5 s
  std::uint64_t crash_after_effect = 0;  // between two effects of a list
  TimeMs between_crashes_ms = 0;         // and cuts of the network
  TimeMs between_changes_ms = 0;         // of the quorum, transfers, leaders given up
  Settings settings;
};

struct Counts {
  std::uint64_t seeds = 0;
  std::uint64_t inputs = 0;
  std::uint64_t messages = 0;
  std::uint64_t applied = 0;
  std::uint64_t elections = 0;
  std::uint64_t crashes = 0;
  std::uint64_t snapshots_taken = 0;
  std::uint64_t snapshots_installed = 0;
  std::uint64_t changes = 0;
  std::uint64_t promotions = 0;
  std::uint64_t transfers = 0;
  std::uint64_t given_up_leaders = 0;  // while they ran
  std::uint64_t truncations = 0;
  TimeMs virtual_ms = 0;
  Counts& operator+=(const Counts& other);
};

struct Outcome {
  std::string violation;  // empty: none
  TimeMs at_ms = 0;
  std::uint64_t trace = 0;  // equal traces: the runs did the same
  Counts counts;
};

}  // namespace ottla::quorum::sim
