#include "replication/quorum/sim/options.h"

#include "replication/quorum/sim/random.h"

namespace ottla::quorum::sim {

Faults::Faults(std::uint64_t seed) {
  Random random(seed, 1);
  drop = random.between(0, 600);
  duplicate = random.between(0, 400);
  late = random.one_in(4) ? 0 : random.between(50, 300);
  latency_max_ms = random.between(2, 40);
  disk_max_ms = random.between(2, 25);
  slow_write = random.one_in(3) ? 0 : random.between(50, 300);
  crash_after_effect = random.one_in(3) ? 0 : random.between(1, 10);
  between_crashes_ms = random.between(600, 3000);
  between_changes_ms = random.one_in(4) ? 1'000'000 : random.between(600, 3000);
  settings.election_timeout_ms = 300;
  settings.heartbeat_ms = 50;
  settings.install_snapshot_timeout_ms = 2000;
  settings.catch_up_round_max_ms = 3000;
  settings.pre_vote = !random.one_in(5);
  settings.entries_in_flight_max = static_cast<unsigned>(random.between(4, 64));
  settings.snapshot_every = random.between(15, 60);
  settings.entries_behind_snapshot = static_cast<unsigned>(random.between(0, 30));
}

Counts& Counts::operator+=(const Counts& other) {
  for (auto field :
       {&Counts::seeds, &Counts::inputs, &Counts::messages, &Counts::applied, &Counts::elections, &Counts::crashes,
        &Counts::snapshots_taken, &Counts::snapshots_installed, &Counts::changes, &Counts::promotions,
        &Counts::transfers, &Counts::given_up_leaders, &Counts::truncations, &Counts::virtual_ms}) {
    this->*field += other.*field;
  }
  return *this;
}

}  // namespace ottla::quorum::sim
