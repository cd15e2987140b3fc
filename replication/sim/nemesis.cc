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
                                                                                    0,      // clock: set once
                                                                                    1500,   // election
                                                                                    15000,  // shutdown
                                                                                    9000};  // min isr

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
    case Fault::clock:
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

void Nemesis::break_disk(Fault fault, Random& random) {
  const int id = static_cast<int>(random.between(1, simulation_.brokers()));
  Broker* const broker = simulation_.broker(id);
  FaultDisk& disk = simulation_.disk(id);
  const std::int64_t time_us = random.between(200'000, 5'000'000);
  const auto how = static_cast<FailedSync>(random.below(4));
  const int after = static_cast<int>(random.below(20));
  if (broker == nullptr) {
    return;
  }
  simulation_.world.tell("broker {}: {}", id, fault_names[static_cast<std::size_t>(fault)]);
  if (fault == Fault::sync_error) {
    disk.failed_sync = how;
    disk.fail_sync_after = after;
    return;
  }
  if (fault == Fault::write_error) {
    disk.fail_write_after = after;
    return;
  }
  if (fault == Fault::full_disk) {
    broker->refuses_appends = true;
  } else {
    broker->sync_delay_us = time_us / 4;
  }
  // The next start of the broker may lie at the same address; its incarnation is another one.
  simulation_.world.after(time_us, [this, id, incarnation = simulation_.network.process(id).incarnation] {
    Broker* const same = simulation_.broker(id);
    if (same != nullptr && simulation_.network.process(id).incarnation == incarnation) {
      same->refuses_appends = false;
      same->sync_delay_us = 800;
    }
  });
}

bool Nemesis::may_wipe(int id) const {
  const auto& registrations = simulation_.controller.registrations();
  for (int p = 0; p < simulation_.partitions(); ++p) {
    const PartitionRegistration& known = registrations[static_cast<std::size_t>(p)];
    std::size_t others = 0;
    for (const auto* const members : {&known.isr, &known.elr}) {
      others += members->size() - static_cast<std::size_t>(std::ranges::count(*members, BrokerId{id}));
    }
    for (int other = 1; other <= simulation_.brokers(); ++other) {
      if (other != id && (simulation_.ghost.has_lost_disk(other, p) || simulation_.is_rotten(other))) {
        return false;
      }
    }
    if (others == 0) {
      return false;
    }
  }
  return simulation_.broker(id) != nullptr && simulation_.controller.min_isr() >= 2;
}

void Nemesis::wipe(Fault fault, int id, Random& random) {
  const int p = static_cast<int>(random.below(static_cast<std::uint64_t>(simulation_.partitions())));
  if (!may_wipe(id)) {
    return;
  }
  if (fault == Fault::rot) {
    simulation_.world.tell("broker {}: a bit rots", id);
    simulation_.broker(id)->rot(p, random);
  } else {
    simulation_.world.tell("broker {} loses its disk", id);
    ++simulation_.world.statistics.wiped_disks;
    simulation_.wipe_at_next_stop(id);
    simulation_.stop(id, Simulation::End::power_cut);
  }
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
