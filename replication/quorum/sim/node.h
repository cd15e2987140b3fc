// One server of the quorum in a run: its disk, its state machine, and a driver while it is up.
#pragma once

#include <functional>
#include <memory>

#include "replication/quorum/driver.h"
#include "replication/quorum/sim/checks.h"
#include "replication/quorum/sim/disk.h"
#include "replication/quorum/sim/random.h"

namespace ottla::quorum::sim {

class World;

class Node {
 public:
  Node(World& world, ServerId id, std::uint64_t seed);

  void start();
  void crash();
  void receive(const Message& message);
  // An input to the driver, and all that follows from it: effects, checks, the next tick. REQUIRES: is_up.
  void input(const std::function<void(Driver&, TimeMs, Effects&)>& give);

  [[nodiscard]] ServerId id() const { return id_; }
  [[nodiscard]] bool is_up() const { return driver_ != nullptr; }
  [[nodiscard]] bool has_been_up() const { return life_ > 0; }
  [[nodiscard]] const Driver& driver() const { return *driver_; }
  [[nodiscard]] bool leads() const { return is_up() && driver_->core().state() == State::leader; }

  Disk disk;

 private:
  void carry_out(Effects& effects);
  void carry_out_one(const StoreVote& vote);
  void carry_out_one(const WriteEntries& write);
  void carry_out_one(const WriteSnapshot& write);
  void carry_out_one(TakeSnapshot& write);
  void carry_out_one(const Send& send);
  void carry_out_one(const Apply& apply);
  void carry_out_one(const Restore& restore);
  void carry_out_one(const LeadershipChanged& changed);
  void carry_out_one(const Broken& broken);

  void arm();
  void go_on_writing();
  void report(const Disk::Write& write);

  World& world_;
  const ServerId id_;
  Random random_;
  std::unique_ptr<Driver> driver_;
  StateMachine machine_;
  std::uint64_t life_ = 0;  // counts starts: what an earlier one scheduled is void
  bool is_writing_ = false;
  LogIndex last_queued_ = 0;
  TimeMs armed_ms_ = 0;
  std::uint64_t timer_ = 0;
};

}  // namespace ottla::quorum::sim
