// One cluster, one seed: some seconds of work under faults, then all is healed and everything must come right.
#pragma once

#include <memory>
#include <vector>

#include "replication/sim/broker.h"
#include "replication/sim/clients.h"
#include "replication/sim/controller_node.h"
#include "replication/sim/ghost.h"
#include "replication/sim/history.h"
#include "replication/sim/nemesis.h"
#include "replication/sim/network.h"
#include "replication/sim/world.h"

namespace ottla::sim {

enum class Stream : std::uint8_t { shape, broker, client, disk, lateness, count };

class Simulation {
 public:
  // How a process ends: with the power, alone, or as it was asked to.
  enum class End : std::uint8_t { power_cut, kill, clean };

  explicit Simulation(const Options& options);
  ~Simulation();
  // Runs it to its end. False: a rule was broken (world.violation).
  bool run();

  [[nodiscard]] int brokers() const { return brokers_; }
  [[nodiscard]] int partitions() const { return partitions_; }
  // nullptr: its process does not run.
  [[nodiscard]] Broker* broker(int id) { return machine(id).broker.get(); }
  [[nodiscard]] FaultDisk& disk(int id) { return *machine(id).disk; }
  Random& random(Stream stream, int node) {
    return random_[static_cast<std::size_t>(stream) * nodes_ + static_cast<std::size_t>(node)];
  }
  [[nodiscard]] bool is_ending() const { return world.now_us() >= quiet_from_us_; }
  [[nodiscard]] std::int64_t wall_ms(int id) const;
  std::int64_t timer_lateness_us(int id);

  // The process ends now, and is started again some time later.
  void stop(int id, End how);
  void disk_has_failed(int id);
  void has_told_of_lost_disk(int id, BrokerEpoch epoch) {
    machine(id).has_lost_disk = false;
    ghost.has_told_of_lost_disk(id, epoch);
  }
  void has_rotten(int id);
  [[nodiscard]] bool is_rotten(int id) { return machine(id).has_rotten; }
  // A start has found what cannot be read: an operator gives the broker a new disk.
  void finds_damage(int id, const std::string& what);
  void wipe_at_next_stop(int id) { machine(id).wipes = true; }

 private:
  struct Machine {
    std::unique_ptr<FaultDisk> disk;
    std::unique_ptr<Broker> broker;
    bool wipes = false;          // the disk is lost with the process
    bool has_lost_disk = false;  // ... and a registration has not told yet
    bool has_rotten = false;
    std::uint64_t start_token = 0;
  };
  Machine& machine(int id) { return machines_[static_cast<std::size_t>(id)]; }
  void start(int id);
  void start_later(int id, std::int64_t delay_us);
  void shape();
  void make_clients();
  void expire_sessions();
  void heal();
  // Why the cluster is not as it should be, or nothing.
  [[nodiscard]] std::string unsettled();
  void check_ends();

  int brokers_;
  int partitions_;
  std::size_t nodes_;
  std::vector<Random> random_;

 public:
  // Short, so that more happens in a second.
  const ReplicaTimes times;
  const std::int64_t fetch_timeout_us;
  const std::uint64_t late_alter_partition_one_in;
  World world;
  Network network;
  ControllerNode controller;
  Ghost ghost;
  History history;

 private:
  Nemesis nemesis_;
  std::vector<Machine> machines_;
  std::vector<std::unique_ptr<ProducerClient>> producers_;
  std::vector<std::unique_ptr<ReaderClient>> readers_;
  std::int64_t faults_until_us_ = 0;
  std::int64_t quiet_from_us_ = 0;
};

}  // namespace ottla::sim
