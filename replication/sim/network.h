// Processes and the network between them. A call is a request and its answer on a connection: in order within it, none
// across connections. A connection ends with either process, or when the caller waits no longer; what is on its way
// then is lost, or comes late. Blocked links hold what is sent until they are free again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "replication/sim/random.h"
#include "replication/sim/world.h"

namespace ottla::sim {

struct Process {
  bool alive = false;
  std::uint64_t incarnation = 0;
  std::int64_t paused_until_us = 0;
  std::int64_t clock_skew_ppm = 0;  // of the monotonic clock
  std::int64_t wall_error_ms = 0;
};

// Calls on different channels take different connections.
enum class Channel : std::uint8_t { control, alter_partition, metadata, fetch, client };

class Network {
 public:
  Network(World& world, int nodes);

  Process& process(int node) { return processes_[static_cast<std::size_t>(node)]; }
  // A process's own clock; never goes back.
  [[nodiscard]] std::int64_t clock_ms(int node) const;
  // Something that a process does later, if it still lives and once it is not paused.
  void on_process(int node, std::int64_t delay_us, World::Action action) {
    on_process(node, process(node).incarnation, delay_us, std::move(action));
  }
  void on_process(int node, std::uint64_t incarnation, std::int64_t delay_us, World::Action action);

  template <class Reply>
  using Respond = std::function<void(Reply)>;
  // `serve` runs at the other process; `done` here, once, with no answer if there was none in time. With `takes_late`
  // an answer that comes after that is told, too.
  template <class Reply>
  void call(int from, int to, Channel channel, std::int64_t timeout_us, std::function<void(Respond<Reply>)> serve,
            std::function<void(const Reply*)> done, bool takes_late = false) {
    struct State {
      std::function<void(const Reply*)> done;
      bool takes_late;
      bool finished = false;
      void finish(const Reply* reply) {
        if (!std::exchange(finished, true) || (takes_late && reply != nullptr)) {
          done(reply);
        }
      }
    };
    if (!process(from).alive) {
      return;
    }
    auto state = std::make_shared<State>(State{std::move(done), takes_late});
    const auto connection = connect(from, to, channel);
    transmit(
        connection, true,
        [this, connection, state, serve = std::move(serve)] {
          serve([this, connection, state](Reply reply) {
            transmit(connection, false, [state, reply = std::move(reply)] { state->finish(&reply); }, {});
          });
        },
        [this, state, connection] {
          on_process(connection->from, connection->from_incarnation, 0, [state] { state->finish(nullptr); });
        });
    on_process(from, timeout_us, [this, connection, state] {
      if (!state->finished) {
        close(*connection);
        state->finish(nullptr);
      }
    });
  }

  // How fast: the mean delay of a message, for all, and once more for AlterPartition.
  std::int64_t mean_delay_us = 500;
  std::uint64_t late_alter_partition_one_in = 8;
  void block(int from, int to, bool blocked);
  void unblock_all();
  [[nodiscard]] bool is_blocked(int from, int to) const { return blocked_[index(from, to)]; }
  void reset_connections(int node);

 private:
  struct Connection {
    int from = 0;
    int to = 0;
    Channel channel = Channel::control;
    std::uint64_t from_incarnation = 0;
    std::uint64_t to_incarnation = 0;
    std::int64_t last_delivery_us[2] = {0, 0};
    bool closed = false;
    bool delivers_late = false;
  };
  using ConnectionPtr = std::shared_ptr<Connection>;

  [[nodiscard]] std::size_t index(int from, int to) const {
    return static_cast<std::size_t>(from) * processes_.size() + static_cast<std::size_t>(to);
  }
  ConnectionPtr connect(int from, int to, Channel channel);
  void close(Connection& connection);
  void transmit(const ConnectionPtr& connection, bool is_request, World::Action action, World::Action refused);
  void deliver(const ConnectionPtr& connection, bool is_request, World::Action action, World::Action refused);
  std::int64_t delay_us(const Connection& connection, bool is_request);

  World& world_;
  std::vector<Process> processes_;
  std::vector<bool> blocked_;
  std::vector<Random> random_;  // of the sender
  std::map<std::tuple<int, int, Channel>, ConnectionPtr> connections_;
  struct Stalled {
    ConnectionPtr connection;
    bool is_request;
    World::Action action;
    World::Action refused;
  };
  std::vector<std::vector<Stalled>> stalled_;  // by link
};

}  // namespace ottla::sim
