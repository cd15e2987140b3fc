#include "replication/quorum/sim/world.h"

#include <fmt/format.h>

#include "replication/quorum/configuration.h"
#include "replication/quorum/sim/violation.h"

namespace ottla::quorum::sim {

namespace {

constexpr std::size_t may_join = 3;

Configuration first_voters(std::size_t count) {
  Configuration made;
  for (ServerId id = 1; id <= count; ++id) {
    made.servers.push_back({id, fmt::format("server-{}", id), ServerRole::voter});
  }
  return made;
}

}  // namespace

World::World(std::uint64_t seed, const Options& with, std::function<void(std::string)> tell)
    : checks([this](ServerId id) -> const Disk& { return nodes_[id - 1]->disk; }),
      options(with),
      faults(seed),
      network_random_(seed, 2),
      load_random_(seed, 3),
      crash_random_(seed, 4),
      operator_random_(seed, 5),
      tell_(std::move(tell)) {
  for (ServerId id = 1; id <= options.servers + may_join; ++id) {
    nodes_.push_back(std::make_unique<Node>(*this, id, seed));
  }
  const StoredState first = first_state(first_voters(options.servers));
  checks.logged({}, 1, first.entries.front());
  for (std::size_t i = 0; i < options.servers; ++i) {
    nodes_[i]->disk.format(first);
  }
}

void World::tell(const std::string& line) {
  if (tell_) {
    tell_(fmt::format("{:6} {}", schedule.now_ms(), line));
  }
}

void World::run() {
  for (std::size_t i = 0; i < options.servers; ++i) {
    nodes_[i]->start();
  }
  keep_proposing();
  keep_disturbing();
  keep_changing();
  schedule.run(options.faults_ms);
  is_faulty_ = false;
  heal();
}

// Any order, any delay, some twice, some never.
void World::send(const Message& message) {
  ++counts.messages;
  require(message.to >= 1 && message.to <= nodes_.size(), "a message to nobody");
  if (cut_.contains({message.from, message.to}) || (is_faulty_ && network_random_.happens(faults.drop))) {
    return;
  }
  const int copies = is_faulty_ && network_random_.happens(faults.duplicate) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    TimeMs takes_ms = network_random_.between(1, faults.latency_max_ms);
    if (is_faulty_ && network_random_.happens(faults.late)) {
      takes_ms += network_random_.between(50, 2000);
    }
    schedule.after(takes_ms, [this, message] {
      if (!cut_.contains({message.from, message.to})) {
        nodes_[message.to - 1]->receive(message);
      }
    });
  }
}

void World::revive(Node& node) {
  schedule.after(crash_random_.between(50, 3000), [&node] {
    if (!node.is_up()) {
      node.start();
    }
  });
}

Node& World::any(std::size_t count) { return *nodes_[crash_random_.between(0, count - 1)]; }

// The one of the highest term: an older one may not know yet.
Node* World::leader() {
  Node* found = nullptr;
  for (const auto& node : nodes_) {
    if (node->leads() && (found == nullptr || node->driver().core().term() > found->driver().core().term())) {
      found = node.get();
    }
  }
  return found;
}

// Now and then to one that only believes to lead.
void World::keep_proposing() {
  if (!is_faulty_) {
    return;
  }
  for (const auto& node : nodes_) {
    if (node->leads() && (load_random_.one_in(4) || node.get() == leader())) {
      (void)propose(*node);
    }
  }
  schedule.after(load_random_.between(5, 60), [this] { keep_proposing(); });
}

Result<Position> World::propose(Node& node) {
  std::vector<SharedBytes> commands;
  for (std::uint64_t count = load_random_.between(1, 3); count > 0; --count) {
    Bytes bytes(8 + load_random_.between(0, 40));
    store_big_endian(bytes, ++proposals_);
    commands.push_back(share(std::move(bytes)));
  }
  Result<Position> at = failure(ErrorCode::NONE, "");
  node.input([&](Driver& driver, TimeMs now_ms, Effects& effects) { at = driver.propose(now_ms, commands, effects); });
  return at;
}

void World::keep_disturbing() {
  schedule.after(crash_random_.between(200, faults.between_crashes_ms), [this] {
    if (is_faulty_) {
      disturb();
      keep_disturbing();
    }
  });
}

void World::cut_links(const std::function<bool(ServerId, ServerId)>& is_cut) {
  cut_.clear();
  for (ServerId from = 1; from <= nodes_.size(); ++from) {
    for (ServerId to = 1; to <= nodes_.size(); ++to) {
      if (is_cut(from, to)) {
        cut_.emplace(from, to);
      }
    }
  }
  tell(fmt::format("{} links are cut", cut_.size()));
}

void World::disturb() {
  const std::uint64_t what = crash_random_.between(0, 11);
  if (what < 2) {  // any one
    Node& node = any(nodes_.size());
    if (node.is_up()) {
      node.crash();
      revive(node);
    }
  } else if (what == 2) {
    if (Node* leads = leader()) {
      leads->crash();
      revive(*leads);
    }
  } else if (what == 3) {  // most
    for (const auto& node : nodes_) {
      if (node->is_up() && crash_random_.happens(6000)) {
        node->crash();
        revive(*node);
      }
    }
  } else if (what < 7) {  // single directions
    cut_links([this](ServerId, ServerId) { return crash_random_.one_in(4); });
  } else if (what == 7) {  // one server
    const ServerId lone = any(nodes_.size()).id();
    cut_links([lone](ServerId from, ServerId to) { return from == lone || to == lone; });
  } else if (what == 8) {  // halves
    const std::uint64_t side = crash_random_.next();
    cut_links([side](ServerId from, ServerId to) { return ((side >> from) & 1) != ((side >> to) & 1); });
  } else {
    cut_links([](ServerId, ServerId) { return false; });
  }
}

void World::keep_changing() {
  schedule.after(operator_random_.between(300, faults.between_changes_ms), [this] {
    Node* leads = leader();
    if (is_faulty_ && leads != nullptr) {
      change(*leads);
    }
    if (is_faulty_) {
      keep_changing();
    }
  });
}

// Whatever an operator may ask for; much of it is refused.
void World::change(Node& leads) {
  const std::uint64_t what = operator_random_.between(0, 9);
  const ServerId id = operator_random_.between(1, nodes_.size());
  const ServerRole role = operator_random_.one_in(2) ? ServerRole::spare : ServerRole::standby;
  if (nodes_[id - 1]->is_up() && operator_random_.one_in(4)) {
    nodes_[id - 1]->input([&](Driver& driver, TimeMs now_ms, Effects& effects) {
      const Term before = driver.core().term();
      driver.leader_is_gone(now_ms, leads.id(), effects);
      counts.given_up_leaders += driver.core().term() > before ? 1 : 0;
    });
    return;
  }
  const Configuration now = leads.driver().core().configuration();
  const Node& one = *nodes_[id - 1];
  if (what < 3 && now.servers.size() < options.servers + 2) {
    if (!one.is_up() && !one.has_been_up()) {
      nodes_[id - 1]->start();
    }
  }
  leads.input([&](Driver& driver, TimeMs now_ms, Effects& effects) {
    if (what < 3 && now.servers.size() < options.servers + 2) {
      counts.changes += driver.add(now_ms, {id, fmt::format("server-{}", id), role}, effects) ? 1 : 0;
    } else if (what < 6) {
      counts.promotions += driver.promote(now_ms, id, effects) ? 1 : 0;
    } else if (what == 6 && count_voters(now) > 2) {
      counts.changes += driver.remove(now_ms, id, effects) ? 1 : 0;
    } else if (what == 7 && count_voters(now) > 2) {
      counts.changes += driver.demote(now_ms, id, role, effects) ? 1 : 0;
    } else if (what > 7) {
      counts.transfers += driver.transfer(now_ms, operator_random_.one_in(3) ? 0 : id, effects) ? 1 : 0;
    }
  });
}

}  // namespace ottla::quorum::sim
