// The times and bounds of a quorum.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ottla::quorum {

struct Settings {
  // A follower that hears of no leader for this long to twice this long (by chance) stands for election; a leader that
  // hears of no majority for this long steps down. More than ten round trips.
  unsigned election_timeout_ms = 1000;
  unsigned heartbeat_ms = 100;  // above the round trip, well below the election timeout
  unsigned install_snapshot_timeout_ms = 30'000;
  unsigned catch_up_round_max_ms = 5000;  // a server that needs longer for one round is not promoted
  bool pre_vote = true;                   // who comes back from being cut off does not depose a leader

  unsigned entries_in_flight_max = 256;  // to one follower, not yet acknowledged
  std::size_t uncommitted_max = 10'000;  // entries; proposals beyond are refused

  std::uint64_t snapshot_every = 10'000;    // entries applied
  unsigned entries_behind_snapshot = 1000;  // kept, for followers that are a little behind
};

}  // namespace ottla::quorum
