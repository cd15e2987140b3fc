#include "replication/sim/nemesis.h"

#include <algorithm>

#include "replication/sim/simulation.h"

namespace ottla::sim {

namespace {

// Mean time between two of a class, in ms.
constexpr std::array<std::int64_t, static_cast<std::size_t>(Fault::count)> usual_ms{4000,   // power cut
                                                                                    6000,   // kill
                                                                                    5000,   // pause
                                                                                    5000,   // partition
                                                                                    8000,   // delay
                                                                                    8000,   // slow disk
                                                                                    15000,  // sync error
                                                                                    10000,  // write error
                                                                                    12000,  // full disk
                                                                                    9000,   // wipe
                                                                                    9000,   // rot
                                                                                    7000,   // clock
                                                                                    1500,   // election
                                                                                    15000,  // shutdown
                                                                                    9000,   // min isr
                                                                                    3000};  // delete records

}  // namespace

void Nemesis::begin(std::int64_t until_us) {
  until_us_ = until_us;
  const Options& options = simulation_.world.options;
  for (std::size_t i = 0; i < mean_us_.size(); ++i) {
    Random& random = random_.emplace_back(options.seed, 200 + i, 0);
    constexpr std::array<std::int64_t, 7> tenths{0, 0, 3, 7, 10, 10, 30};
    mean_us_[i] = usual_ms[i] * 100 * tenths[random.below(tenths.size())];
    if (!options.has(static_cast<Fault>(i))) {
      mean_us_[i] = 0;
    }
  }
  // Not both: see the header.
  auto& wipe_us = mean_us_[static_cast<std::size_t>(Fault::wipe)];
  auto& min_isr_us = mean_us_[static_cast<std::size_t>(Fault::min_isr)];
  auto& rot_us = mean_us_[static_cast<std::size_t>(Fault::rot)];
  if (options.seed % 2 == 0) {
    wipe_us = rot_us = 0;
  } else {
    min_isr_us = 0;
  }
  if (options.has(Fault::clock)) {
    Random& random = random_[static_cast<std::size_t>(Fault::clock)];
    for (int id = 0; id <= simulation_.brokers(); ++id) {
      simulation_.network.process(id).clock_skew_ppm = random.between(-500, 500);
      simulation_.network.process(id).wall_error_ms = random.between(-300'000, 300'000);
    }
  }
  for (std::size_t i = 0; i < mean_us_.size(); ++i) {
    plan(static_cast<Fault>(i));
  }
}

void Nemesis::plan(Fault fault) {
  const auto i = static_cast<std::size_t>(fault);
  if (mean_us_[i] == 0) {
    return;
  }
  simulation_.world.after(random_[i].skewed(mean_us_[i]) + 1000, [this, fault, i] {
    if (simulation_.world.now_us() < until_us_) {
      strike(fault, random_[i]);
      plan(fault);
    }
  });
}

void Nemesis::strike(Fault fault, Random& random) {
  World& world = simulation_.world;
  const int id = static_cast<int>(random.between(1, simulation_.brokers()));
  switch (fault) {
    case Fault::power_cut:
    case Fault::kill:
      stop_some(fault, random);
      return;
    case Fault::pause: {
      const std::int64_t pause_us = random.between(10'000, 4'000'000);
      world.tell("broker {} is paused for {} ms", id, pause_us / 1000);
      simulation_.network.process(id).paused_until_us = world.now_us() + pause_us;
      return;
    }
    case Fault::partition:
      cut_links(random);
      return;
    case Fault::delay:
      slow_network(random);
      return;
    case Fault::slow_disk:
    case Fault::sync_error:
    case Fault::write_error:
    case Fault::full_disk:
      break_disk(fault, random);
      return;
    case Fault::wipe:
    case Fault::rot:
      wipe(fault, id, random);
      return;
    case Fault::election:
      elect(random);
      return;
    case Fault::shutdown:
      if (Broker* const broker = simulation_.broker(id)) {
        world.tell("operator: broker {} shall shut down", id);
        broker->begin_shutdown();
      }
      return;
    case Fault::min_isr:
      simulation_.controller.set_min_isr(static_cast<int>(random.between(1, 3)));
      return;
    case Fault::clock: {
      const std::int64_t step_ms = random.between(-3'600'000, 3'600'000);
      world.tell("broker {}: the wall clock is set by {} ms", id, step_ms);
      simulation_.network.process(id).wall_error_ms += step_ms;
      return;
    }
    case Fault::delete_records: {
      const int p = static_cast<int>(random.below(static_cast<std::uint64_t>(simulation_.partitions())));
      const BrokerId leader = simulation_.controller.registrations()[static_cast<std::size_t>(p)].leader;
      if (Broker* const broker = leader.value > 0 ? simulation_.broker(leader.value) : nullptr) {
        broker->delete_records(p, random);
      }
      return;
    }
    case Fault::count:
      return;
  }
}

// One, sometimes all at once; or in the middle of the disk's work, maybe while it recovers.
void Nemesis::stop_some(Fault fault, Random& random) {
  const bool cuts = fault == Fault::power_cut;
  const int chosen = static_cast<int>(random.between(1, simulation_.brokers()));
  const bool all = random.one_in(10);
  const bool in_the_middle = cuts && random.one_in(3);
  for (int id = 1; id <= simulation_.brokers(); ++id) {
    if (!all && id != chosen) {
      continue;
    }
    if (in_the_middle) {
      FaultDisk& disk = simulation_.disk(id);
      disk.stop_after = disk.changes + static_cast<int>(random.between(0, 40));
    } else if (simulation_.broker(id) != nullptr) {
      simulation_.world.tell("broker {} is {}", id, cuts ? "cut off from power" : "killed");
      simulation_.stop(id, cuts ? Simulation::End::power_cut : Simulation::End::kill);
    }
  }
}

void Nemesis::cut_links(Random& random) {
  Network& network = simulation_.network;
  const int nodes = simulation_.brokers() + 1;
  const int one = static_cast<int>(random.between(0, nodes - 1));
  const int other = static_cast<int>((one + random.between(1, nodes - 1)) % nodes);
  const bool only_pair = random.one_in(3);     // else from all others
  const std::uint64_t ways = random.below(4);  // 0: to it, 1: from it, else both
  std::vector<std::pair<int, int>> links;
  for (int peer = 0; peer < nodes; ++peer) {
    if (peer == one || (only_pair && peer != other)) {
      continue;
    }
    if (ways != 1) {
      links.emplace_back(peer, one);
    }
    if (ways != 0) {
      links.emplace_back(one, peer);
    }
  }
  const std::int64_t time_us = random.between(50'000, 5'000'000);
  simulation_.world.tell("network: {} is cut off from {} ({} links) for {} ms", one, only_pair ? other : -1,
                         links.size(), time_us / 1000);
  for (const auto& [from, to] : links) {
    network.block(from, to, true);
  }
  simulation_.world.after(time_us, [&network, links] {
    for (const auto& [from, to] : links) {
      network.block(from, to, false);
    }
  });
}

void Nemesis::slow_network(Random& random) {
  Network& network = simulation_.network;
  if (random.one_in(2)) {
    const int id = static_cast<int>(random.between(0, simulation_.brokers()));
    simulation_.world.tell("network: the connections of {} are reset", id);
    network.reset_connections(id);
    return;
  }
  network.mean_delay_us = random.between(1'000, 100'000);
  network.late_alter_partition_one_in = 2;
  simulation_.world.tell("network: slow, {} us", network.mean_delay_us);
  simulation_.world.after(random.between(200'000, 3'000'000), [this, &network] {
    network.mean_delay_us = 500;
    network.late_alter_partition_one_in = simulation_.late_alter_partition_one_in;
  });
}

// Sometimes several elections within one round of fetches.
void Nemesis::elect(Random& random) {
  const int p = static_cast<int>(random.below(static_cast<std::uint64_t>(simulation_.partitions())));
  const std::int64_t times = random.one_in(3) ? random.between(2, 4) : 1;
  for (std::int64_t i = 0; i < times; ++i) {
    const std::uint64_t rotate = random.next();
    simulation_.world.after(i * random.between(500, 20'000), [this, p, rotate] {
      auto replicas = simulation_.controller.registrations()[static_cast<std::size_t>(p)].replicas;
      std::ranges::rotate(replicas, replicas.begin() + static_cast<std::ptrdiff_t>(rotate % replicas.size()));
      simulation_.controller.prefer_and_elect(p, std::move(replicas));
    });
  }
}

void Nemesis::heal() {
  simulation_.network.unblock_all();
  simulation_.network.mean_delay_us = 500;
  simulation_.network.late_alter_partition_one_in = 50;
  for (int id = 1; id <= simulation_.brokers(); ++id) {
    FaultDisk& disk = simulation_.disk(id);
    disk.stop_after = std::numeric_limits<int>::max();
    disk.fail_sync_after = disk.fail_write_after = -1;
    simulation_.network.process(id).paused_until_us = 0;
    if (Broker* const broker = simulation_.broker(id)) {
      broker->refuses_appends = false;
      broker->sync_delay_us = 800;
    }
  }
}

}  // namespace ottla::sim
