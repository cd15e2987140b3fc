// All servers of one run, the network between them, and those who operate and disturb them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>

#include "replication/quorum/sim/checks.h"
#include "replication/quorum/sim/node.h"
#include "replication/quorum/sim/options.h"
#include "replication/quorum/sim/schedule.h"

namespace ottla::quorum::sim {

class World {
 public:
  // `tell`: what happens, one line each; may be empty.
  World(std::uint64_t seed, const Options& options, std::function<void(std::string)> tell);

  // Faults for their time, then thirty seconds without, within which all must agree. Throws a Violation.
  void run();

  // For nodes.
  Schedule schedule;
  Checks checks;
  const Options options;
  const Faults faults;
  Counts counts;
  std::uint64_t trace = 0;
  [[nodiscard]] bool is_faulty() const { return is_faulty_; }
  void send(const Message& message);
  void revive(Node& node);
  void tell(const std::string& line);

 private:
  void keep_proposing();
  Result<Position> propose(Node& node);
  void keep_disturbing();
  void keep_changing();
  void disturb();
  void change(Node& leads);
  void cut_links(const std::function<bool(ServerId, ServerId)>& is_cut);
  Node& any(std::size_t count);
  Node* leader();

  void heal();
  // What keeps them from agreeing; empty: nothing.
  std::string disagreement(LogIndex wanted);
  void check_configurations();

  Random network_random_;
  Random load_random_;
  Random crash_random_;
  Random operator_random_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::set<std::pair<ServerId, ServerId>> cut_;
  std::function<void(std::string)> tell_;
  bool is_faulty_ = true;
  std::uint64_t proposals_ = 0;
};

// One seed from beginning to end.
Outcome run_seed(std::uint64_t seed, const Options& options, std::function<void(std::string)> tell = {});

}  // namespace ottla::quorum::sim
