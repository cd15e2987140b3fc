// What happens to disks: errors, no room, rot, loss.
#include <algorithm>

#include "replication/sim/nemesis.h"
#include "replication/sim/simulation.h"

namespace ottla::sim {

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

}  // namespace ottla::sim
