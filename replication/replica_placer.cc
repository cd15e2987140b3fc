#include "replication/replica_placer.h"

#include <fmt/format.h>

#include <algorithm>

#include "replication/random.h"

namespace ottla {

namespace {

// Brokers in a circle: partition n begins n further on.
struct Circle {
  std::vector<BrokerId> brokers;
  std::size_t start = 0;
  void append_turn(std::size_t turn, std::vector<BrokerId>& order) const {
    for (std::size_t i = 0; i < brokers.size(); ++i) {
      order.push_back(brokers[(start + turn + i) % brokers.size()]);
    }
  }
};

struct Rack {
  Circle active;
  Circle inactive;
};

class Stripes {
 public:
  Stripes(const Brokers& brokers, Random random) : random_(random) {
    std::map<std::optional<std::string>, Rack> by_name;
    for (const auto& [id, broker] : brokers) {
      Rack& rack = by_name[broker.rack];
      const bool may_lead = is_active(brokers, id);
      (may_lead ? rack.active : rack.inactive).brokers.push_back(id);
      ++(may_lead ? active_count : inactive_count);
    }
    for (auto& [name, rack] : by_name) {
      rack.active.start = random_.below(rack.active.brokers.size());
      rack.inactive.start = random_.below(rack.inactive.brokers.size());
      racks_.push_back(std::move(rack));
    }
    first_rack_ = random_.below(racks_.size());
  }

  std::size_t active_count = 0;
  std::size_t inactive_count = 0;

  // Needs an active broker, and at least as many brokers as `replicas`.
  std::vector<BrokerId> next(std::size_t replicas) {
    if (turn_ == active_count && active_count > 1) {  // the lists would repeat from here on
      reshuffle();
    }
    const auto orders = orders_of_this_turn();
    std::vector<std::size_t> taken(orders.size());
    const std::size_t begin = (first_rack_ + turn_) % racks_.size();
    std::size_t leader_rack = begin;
    while (racks_[leader_rack].active.brokers.empty()) {
      leader_rack = (leader_rack + 1) % racks_.size();
    }
    std::vector<BrokerId> chosen{orders[leader_rack][taken[leader_rack]++]};
    bool passes_leader_rack = true;  // once: it has had its turn
    for (std::size_t rack = begin; chosen.size() < replicas; rack = (rack + 1) % racks_.size()) {
      if (rack == leader_rack && passes_leader_rack) {
        passes_leader_rack = false;
      } else if (taken[rack] < orders[rack].size()) {
        chosen.push_back(orders[rack][taken[rack]++]);
      }
    }
    ++turn_;
    return chosen;
  }

 private:
  [[nodiscard]] std::vector<std::vector<BrokerId>> orders_of_this_turn() const {
    std::vector<std::vector<BrokerId>> orders;
    for (const Rack& rack : racks_) {
      auto& order = orders.emplace_back();
      rack.active.append_turn(turn_, order);
      rack.inactive.append_turn(turn_, order);
    }
    return orders;
  }
  void reshuffle() {
    random_.shuffle(std::span(racks_));
    for (Rack& rack : racks_) {
      random_.shuffle(std::span(rack.active.brokers));
      random_.shuffle(std::span(rack.inactive.brokers));
    }
    turn_ = 0;
  }

  Random random_;
  std::vector<Rack> racks_;
  std::size_t first_rack_ = 0;
  std::size_t turn_ = 0;
};

}  // namespace

Result<std::vector<std::vector<BrokerId>>> place_replicas(const Brokers& brokers, std::size_t partitions,
                                                          std::int32_t replication_factor, std::uint64_t seed) {
  Stripes stripes(brokers, Random(seed));
  const std::size_t usable = stripes.active_count + stripes.inactive_count;
  if (replication_factor <= 0) {
    return failure(
        ErrorCode::INVALID_REPLICATION_FACTOR,
        fmt::format("Invalid replication factor {}: the replication factor must be positive.", replication_factor));
  }
  if (static_cast<std::size_t>(replication_factor) > usable) {
    return failure(ErrorCode::INVALID_REPLICATION_FACTOR,
                   fmt::format("The target replication factor of {} cannot be reached because only {} broker(s) are "
                               "registered.",
                               replication_factor, usable));
  }
  if (stripes.active_count == 0) {
    return failure(ErrorCode::INVALID_REPLICATION_FACTOR, "All brokers are currently fenced.");
  }
  std::vector<std::vector<BrokerId>> placed;
  placed.reserve(partitions);
  for (std::size_t i = 0; i < partitions; ++i) {
    placed.push_back(stripes.next(static_cast<std::size_t>(replication_factor)));
  }
  return placed;
}

}  // namespace ottla
