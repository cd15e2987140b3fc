#include "replication/sim/exhaustive/walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <memory>

namespace ottla::exhaustive {

namespace {

constexpr std::uint32_t nobody = 0xffff'ffff;

struct Seen {
  State state;
  std::uint32_t parent = nobody;
};

std::uint64_t hash_of(const State& state) {
  std::array<std::uint64_t, sizeof(State) / 8> words{};
  std::memcpy(words.data(), &state, sizeof(State));
  std::uint64_t hash = 0;
  for (const std::uint64_t word : words) {
    hash = mixed(hash ^ word) + 0x9e3779b97f4a7c15U;
  }
  return hash;
}

// Every state once, in the order in which they were found; equal means equal in every byte.
class States {
 public:
  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] const Seen& operator[](std::uint32_t index) const { return (*chunks_[index / chunk])[index % chunk]; }

  // Most are known: memory is asked for all of them before the first is looked at.
  void add(const std::vector<Successor>& found, std::uint32_t parent) {
    while ((size_ + found.size()) * 3 >= slots_.size() * 2) {
      grow();
    }
    hashes_.clear();
    for (const Successor& one : found) {
      hashes_.push_back(hash_of(one.state));
      __builtin_prefetch(&slots_[hashes_.back() & (slots_.size() - 1)]);
    }
    for (const std::uint64_t hash : hashes_) {
      if (const std::uint64_t slot = slots_[hash & (slots_.size() - 1)]; slot >> 32 == hash >> 32) {
        __builtin_prefetch(&(*this)[static_cast<std::uint32_t>(slot) - 1]);
      }
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
      add(found[i].state, hashes_[i], parent);
    }
  }

 private:
  static constexpr std::size_t chunk = 1 << 16;

  void add(const State& state, std::uint64_t hash, std::uint32_t parent) {
    std::uint64_t& slot = find(hash, &state);
    if (slot != 0) {
      return;
    }
    if (size_ % chunk == 0) {
      chunks_.push_back(std::make_unique<std::array<Seen, chunk>>());
    }
    (*chunks_.back())[size_ % chunk] = {state, parent};
    slot = (hash >> 32 << 32) | ++size_;
  }

  // In a slot: the upper half of the hash, and the index + 1. `state`: null if it is known to be new.
  std::uint64_t& find(std::uint64_t hash, const State* state) {
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at] != 0) {
      const std::uint64_t slot = slots_[at];
      const bool may_be_same = state != nullptr && slot >> 32 == hash >> 32;
      if (may_be_same && (*this)[static_cast<std::uint32_t>(slot) - 1].state == *state) {
        break;
      }
      at = (at + 1) & (slots_.size() - 1);
    }
    return slots_[at];
  }
  void grow() {
    slots_ = std::vector<std::uint64_t>(slots_.size() * 2);
    for (std::uint32_t index = 0; index < size_; ++index) {
      const std::uint64_t hash = hash_of((*this)[index].state);
      find(hash, nullptr) = (hash >> 32 << 32) | (index + 1);
    }
  }

  std::vector<std::unique_ptr<std::array<Seen, chunk>>> chunks_;
  std::vector<std::uint64_t> slots_ = std::vector<std::uint64_t>(1 << 16);
  std::vector<std::uint64_t> hashes_;
  std::uint32_t size_ = 0;
};

// The events are found once more: only the states were kept.
std::vector<std::string> trace_of(SmallWorld& world, const States& states, std::uint32_t last, const Successor& end) {
  std::vector<State> path{end.state};
  for (std::uint32_t at = last; at != nobody; at = states[at].parent) {
    path.push_back(states[at].state);
  }
  std::ranges::reverse(path);
  std::vector<std::string> lines;
  std::vector<Successor> found;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    found.clear();
    world.successors(path[i], found);
    const bool is_last = i + 2 == path.size();
    const auto event = std::ranges::find_if(found, [&](const Successor& one) {
      return one.state == path[i + 1] && (!is_last || one.broken == end.broken);
    });
    lines.push_back(fmt::format("{:>3}. {}", i + 1, world.in_words(path[i], event->event)));
  }
  for (const std::string& line : world.in_words(end.state)) {
    lines.push_back("     " + line);
  }
  return lines;
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

Walked walk(const Bounds& bounds, std::uint64_t states_max, Views* views) {
  const double began = cpu_seconds();
  SmallWorld world(bounds);
  States states;
  states.add({{world.first(), {}, {}}}, nobody);
  Walked walked;
  std::uint32_t level_end = 1;
  std::vector<Successor> found;
  std::uint32_t at = 0;
  for (; at < states.size() && states.size() < states_max && walked.broken.empty(); ++at) {
    if (at == level_end) {
      ++walked.depth;
      level_end = states.size();
    }
    if (views != nullptr) {
      views->insert(world.view(states[at].state));
    }
    found.clear();
    world.successors(states[at].state, found);
    walked.transitions += found.size();
    const auto broken = std::ranges::find_if(found, [](const Successor& next) { return !next.broken.empty(); });
    if (broken != found.end()) {
      ++walked.depth;
      walked.broken = broken->broken;
      walked.trace = trace_of(world, states, at, Successor(*broken));
      break;
    }
    states.add(found, at);
  }
  walked.is_whole = walked.broken.empty() && at == states.size();
  walked.states = states.size();
  walked.local_states = world.local_states();
  walked.messages_without_room = world.messages_without_room();
  walked.seconds = cpu_seconds() - began;
  return walked;
}

}  // namespace ottla::exhaustive
