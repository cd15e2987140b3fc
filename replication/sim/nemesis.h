// Makes things go wrong: each class of faults with a stream of draws of its own, at a rate drawn for the seed, some not
// at all. Faults that no protocol survives together are not put together: a disk is lost only while another replica
// that counts has all there is, and never where min.insync.replicas changes too.
#pragma once

#include <array>
#include <vector>

#include "replication/sim/world.h"

namespace ottla::sim {

class Simulation;

class Nemesis {
 public:
  explicit Nemesis(Simulation& simulation) : simulation_(simulation) {}
  void begin(std::int64_t until_us);
  void heal();

 private:
  void plan(Fault fault);
  void strike(Fault fault, Random& random);
  void cut_links(Random& random);
  void slow_network(Random& random);
  void break_disk(Fault fault, Random& random);
  void wipe(Fault fault, int id, Random& random);
  void elect(Random& random);
  void stop_some(Fault fault, Random& random);
  [[nodiscard]] bool may_wipe(int id) const;

  Simulation& simulation_;
  std::int64_t until_us_ = 0;
  std::array<std::int64_t, static_cast<std::size_t>(Fault::count)> mean_us_{};  // 0: never
  std::vector<Random> random_;
};

}  // namespace ottla::sim
