// A broker that listens for clients and for brokers, on a disk in memory, without a cluster behind it: what others ask
// of it comes to the test.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "broker/broker.h"
#include "broker/cluster/cluster_services.h"
#include "broker/cluster/peer.h"
#include "broker/server.h"
#include "storage/fault_file.h"

namespace ottla {

inline void run_on(Core& core, const std::function<void()>& action) {
  std::promise<void> done;
  asio::post(core.io, [&] {
    action();
    done.set_value();
  });
  done.get_future().wait();
}

// False if it does not come true in ten seconds.
inline bool comes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 2'000 && !condition(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

class FakeServices final : public ClusterServices {
 public:
  void receive(const quorum::Message& message, const std::string& /*from_address*/) override {
    const std::lock_guard lock(mutex_);
    received_.push_back(message);
  }
  // Answered with the length of the command as its index; one of more than 100 bytes when the test says so.
  Awaitable<ProposeResponse> propose(std::span<const std::byte> command) override {
    constexpr std::size_t long_command_bytes = 100;
    const auto size = static_cast<std::int64_t>(command.size());
    ++proposed;
    if (command.size() > long_command_bytes) {
      const auto turn = std::make_shared<OneShot<bool>>();
      {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(turn);
      }
      co_await turn->wait();
    }
    ++answered;
    ProposeResponse response{.index = size};
    co_return response;
  }
  Awaitable<MemberHeartbeatResponse> heartbeat(const MemberHeartbeatRequest& request) override {
    MemberHeartbeatResponse response{.is_caught_up = request.metadata_index > 0};
    co_return response;
  }
  Awaitable<ErrorCode> join_quorum(const JoinQuorumRequest& request) override {
    co_return request.address.empty() ? ErrorCode::INVALID_REQUEST : ErrorCode::NONE;
  }
  Awaitable<Result<void>> change_voter(const VoterChange& /*change*/, Clock::duration /*time_out*/) override {
    co_return failure(ErrorCode::NOT_CONTROLLER, "nobody is");
  }
  Awaitable<Result<DescribeQuorumResponse>> ask_controller(const DescribeQuorumRequest& request) override {
    DescribeQuorumResponse response;
    response.topics.resize(request.topics.size());
    co_return response;
  }

  std::size_t received() {
    const std::lock_guard lock(mutex_);
    return received_.size();
  }
  quorum::Message last_received() {
    const std::lock_guard lock(mutex_);
    return received_.empty() ? quorum::Message{} : received_.back();
  }
  // The longest waiting ones get their answer.
  void let_go(std::size_t count) {
    std::vector<std::shared_ptr<OneShot<bool>>> gone;
    {
      const std::lock_guard lock(mutex_);
      const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(count, waiting_.size()));
      gone.assign(waiting_.begin(), end);
      waiting_.erase(waiting_.begin(), end);
    }
    for (const auto& turn : gone) {
      turn->complete(true);
    }
  }

  std::atomic<std::size_t> proposed = 0;
  std::atomic<std::size_t> answered = 0;

 private:
  std::mutex mutex_;
  std::vector<quorum::Message> received_;
  std::vector<std::shared_ptr<OneShot<bool>>> waiting_;
};

class ClusterBroker {
 public:
  explicit ClusterBroker(std::int32_t id = 1)
      : broker_(settings(id), LogDirectory::open(disk_, "data", "cluster", BrokerId{id}).value(), disk_) {
    broker_.cluster = &services;
    broker_.cores.push_back(std::make_unique<Core>(0));
  }
  ClusterBroker(const ClusterBroker&) = delete;
  ClusterBroker& operator=(const ClusterBroker&) = delete;
  ~ClusterBroker() {
    run_on(core(), [this] {
      server_.stop();
      core().close_connections();
    });
    broker_.partitions.for_each([](Partition& partition) { partition.end_waits(); });
    services.let_go(std::numeric_limits<std::size_t>::max());
    EXPECT_TRUE(comes_true([this] { return connections() == 0; }));
    core().stop_and_join();
  }

  void start() {
    const auto listening = server_.listen();
    ASSERT_TRUE(listening) << listening.error().message;
    core().start();
    run_on(core(), [this] {
      server_.start_for_brokers();
      server_.start();
    });
  }
  [[nodiscard]] PeerAddress address(const std::string& listener) const {
    for (const std::string& text : server_.addresses()) {
      if (text.starts_with(listener + "://")) {
        return {.host = "127.0.0.1", .port = static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)))};
      }
    }
    ADD_FAILURE() << listener << " does not listen";
    return {};
  }
  std::int64_t connections() {
    std::int64_t count = 0;
    run_on(core(), [&] { count = core().metrics.connections(); });
    return count;
  }
  Broker& broker() { return broker_; }
  Core& core() { return *broker_.cores.front(); }

  FakeServices services;

 private:
  static Config settings(std::int32_t id) {
    Config config = parse_config({}).value().config;
    config.node_id = BrokerId{id};
    config.controller_quorum_voters = {{.id = BrokerId{id}, .host = "127.0.0.1", .port = 1}};
    config.inter_broker_listener_name = "CLUSTER";
    config.connection_handshake_timeout_ms = 500;
    config.listeners = {{.name = "PLAINTEXT", .host = "127.0.0.1"}, {.name = "CLUSTER", .host = "127.0.0.1"}};
    return config;
  }

  FaultDisk disk_;
  Broker broker_;
  Server server_{broker_};
};

}  // namespace ottla
