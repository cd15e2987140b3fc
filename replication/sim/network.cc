#include "replication/sim/network.h"

namespace ottla::sim {

Network::Network(World& world, int nodes)
    : world_(world),
      processes_(static_cast<std::size_t>(nodes)),
      blocked_(processes_.size() * processes_.size()),
      stalled_(processes_.size() * processes_.size()) {
  for (int node = 0; node < nodes; ++node) {
    random_.emplace_back(world.options.seed, 100, static_cast<std::uint64_t>(node));
  }
}

std::int64_t Network::clock_ms(int node) const {
  const std::int64_t ms = world_.now_us() / 1000;
  return 1'000'000 + ms + ms * processes_[static_cast<std::size_t>(node)].clock_skew_ppm / 1'000'000;
}

void Network::on_process(int node, std::uint64_t incarnation, std::int64_t delay_us, World::Action action) {
  const std::int64_t due_us = std::max(world_.now_us() + delay_us, process(node).paused_until_us);
  world_.at(due_us, [this, node, incarnation, action = std::move(action)] {
    const Process& one = process(node);
    if (!one.alive || one.incarnation != incarnation) {
      return;
    }
    if (one.paused_until_us > world_.now_us()) {
      on_process(node, incarnation, 0, action);
      return;
    }
    action();
  });
}

Network::ConnectionPtr Network::connect(int from, int to, Channel channel) {
  ConnectionPtr& known = connections_[{from, to, channel}];
  if (!known || known->closed || known->from_incarnation != process(from).incarnation ||
      known->to_incarnation != process(to).incarnation) {
    if (known) {
      close(*known);
    }
    known =
        std::make_shared<Connection>(Connection{from, to, channel, process(from).incarnation, process(to).incarnation});
  }
  return known;
}

void Network::close(Connection& connection) {
  if (!std::exchange(connection.closed, true)) {
    connection.delivers_late = random_[static_cast<std::size_t>(connection.from)].one_in(2);
  }
}

void Network::reset_connections(int node) {
  for (auto& [key, connection] : connections_) {
    if (connection->from == node || connection->to == node) {
      close(*connection);
    }
  }
}

std::int64_t Network::delay_us(const Connection& connection, bool is_request) {
  Random& random = random_[static_cast<std::size_t>(is_request ? connection.from : connection.to)];
  std::int64_t delay = 50 + random.skewed(mean_delay_us);
  if (connection.channel == Channel::alter_partition && random.one_in(late_alter_partition_one_in)) {
    delay += random.between(0, 1'500'000);
  }
  return delay;
}

void Network::transmit(const ConnectionPtr& connection, bool is_request, World::Action action, World::Action refused) {
  if (!process(is_request ? connection->from : connection->to).alive) {
    return;
  }
  std::int64_t& last = connection->last_delivery_us[is_request ? 0 : 1];
  last = std::max(last, world_.now_us() + delay_us(*connection, is_request));
  world_.at(last, [this, connection, is_request, action = std::move(action), refused = std::move(refused)]() mutable {
    deliver(connection, is_request, std::move(action), std::move(refused));
  });
}

void Network::deliver(const ConnectionPtr& connection, bool is_request, World::Action action, World::Action refused) {
  const int from = is_request ? connection->from : connection->to;
  const int to = is_request ? connection->to : connection->from;
  if (connection->closed && !connection->delivers_late) {
    return;
  }
  if (blocked_[index(from, to)]) {
    stalled_[index(from, to)].push_back({connection, is_request, std::move(action), std::move(refused)});
    return;
  }
  const Process& target = process(to);
  if (!target.alive || target.incarnation != (is_request ? connection->to_incarnation : connection->from_incarnation)) {
    if (refused) {
      refused();  // a reset
    }
    return;
  }
  if (target.paused_until_us > world_.now_us()) {
    world_.at(target.paused_until_us,
              [this, connection, is_request, action = std::move(action), refused = std::move(refused)]() mutable {
                deliver(connection, is_request, std::move(action), std::move(refused));
              });
    return;
  }
  action();
}

void Network::block(int from, int to, bool blocked) {
  blocked_[index(from, to)] = blocked;
  if (blocked) {
    return;
  }
  auto held = std::move(stalled_[index(from, to)]);
  stalled_[index(from, to)].clear();
  for (Stalled& one : held) {
    transmit(one.connection, one.is_request, std::move(one.action), std::move(one.refused));
  }
}

void Network::unblock_all() {
  const int nodes = static_cast<int>(processes_.size());
  for (int from = 0; from < nodes; ++from) {
    for (int to = 0; to < nodes; ++to) {
      block(from, to, false);
    }
  }
}

}  // namespace ottla::sim
