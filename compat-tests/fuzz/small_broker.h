// A whole broker in this process: its threads and sockets, on a disk in memory. And a client's end of a connection.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "broker/broker.h"
#include "broker/connection.h"
#include "broker/groups/group_coordinator.h"
#include "broker/log.h"
#include "broker/server.h"
#include "compat-tests/fuzz/fuzz.h"
#include "storage/fault_file.h"

namespace ottla {

class SmallBroker {
 public:
  explicit SmallBroker(Disk& disk) {
    logger().set_level(spdlog::level::off);
    std::vector<GivenSetting> given;
    for (const auto& [name, value] :
         std::initializer_list<std::pair<const char*, const char*>>{{"listeners", "PLAINTEXT://127.0.0.1:0"},
                                                                    {"log.dirs", "data"},
                                                                    {"num.network.threads", "1"},
                                                                    {"offsets.topic.num.partitions", "1"},
                                                                    {"group.initial.rebalance.delay.ms", "0"},
                                                                    {"max.partitions.per.cluster", "100"}}) {
      given.push_back({.name = name, .value = value, .source = "fuzz"});
    }
    const auto parsed = parse_config(given);
    must(parsed.has_value(), parsed ? "" : parsed.error().message);
    auto opened = Broker::open(parsed->config, disk);
    must(opened.has_value(), opened ? "" : opened.error().message);
    broker_ = std::move(*opened);
    server_ = std::make_unique<Server>(*broker_);
    must(server_->listen().has_value(), "it can listen");
    core().start();
    run_on_core([this] { server_->start(); });
    broker_->ready = true;
  }
  SmallBroker(const SmallBroker&) = delete;
  SmallBroker& operator=(const SmallBroker&) = delete;

  // A clean stop, as main.cc has it.
  ~SmallBroker() {
    run_on_core([this] {
      server_->stop();
      core().close_connections();
    });
    broker_->groups->close();
    broker_->partitions.for_each([](Partition& partition) { partition.end_waits(); });
    const auto deadline = Clock::now() + std::chrono::seconds(30);
    bool is_busy = true;
    while (is_busy && Clock::now() < deadline) {
      run_on_core([&] { is_busy = core().has_connections(); });
      std::this_thread::sleep_for(std::chrono::milliseconds(is_busy ? 1 : 0));
    }
    must(!is_busy, "every request ends when its connection does");
    core().stop_and_join();
    const auto closed = broker_->close();
    must(closed.has_value(), closed ? "" : closed.error().message);
  }

  [[nodiscard]] std::uint16_t port() const {
    const std::string address = server_->addresses().front();
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }

 private:
  Core& core() { return *broker_->cores.front(); }
  void run_on_core(const std::function<void()>& action) {
    std::promise<void> done;
    asio::post(core().io, [&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }

  std::unique_ptr<Broker> broker_;
  std::unique_ptr<Server> server_;
};

// The client's end: bytes out, whole frames in.
class ClientSocket {
 public:
  explicit ClientSocket(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    must(::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0, "it accepts connections");
  }
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;
  ~ClientSocket() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};  // thousands of runs must not use up the ports
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(socket_);
  }

  // False once the broker has closed. A broker that does not read does not make us wait: what it sends is read first.
  bool send(std::span<const std::byte> bytes) {
    while (!bytes.empty() && !is_closed_) {
      const int ready = wait_for(POLLIN | POLLOUT, 30'000);
      must(ready != 0, "a broker reads, or its answers can be read");
      if ((ready & POLLOUT) != 0) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        is_closed_ = sent < 0 && errno != EAGAIN && errno != EINTR;
        bytes = bytes.subspan(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
      } else {
        receive();
      }
    }
    return !is_closed_;
  }

  // The next frame without its length; nothing when none came for so long, or the broker has closed.
  std::optional<Bytes> next(std::chrono::milliseconds patience) {
    for (;;) {
      if (in_.size() >= 4) {
        const auto size = static_cast<std::size_t>(load_big_endian<std::int32_t>(in_));
        must(size <= std::size_t{64} * 1024 * 1024, "an answer has a length that can be");
        if (in_.size() >= 4 + size) {
          Bytes frame(in_.begin() + 4, in_.begin() + 4 + static_cast<std::ptrdiff_t>(size));
          in_.erase(in_.begin(), in_.begin() + 4 + static_cast<std::ptrdiff_t>(size));
          return frame;
        }
      }
      if (is_closed_ || wait_for(POLLIN, static_cast<int>(patience.count())) == 0) {
        return std::nullopt;
      }
      receive();
    }
  }
  [[nodiscard]] bool is_closed() const { return is_closed_; }

 private:
  // What the socket is ready for; 0: nothing in that time. libFuzzer's alarm interrupts.
  [[nodiscard]] int wait_for(int events, int patience_ms) const {
    pollfd one{.fd = socket_, .events = static_cast<std::int16_t>(events), .revents = 0};
    while (::poll(&one, 1, patience_ms) < 0 && errno == EINTR) {
    }
    return one.revents;
  }
  void receive() {
    std::byte buffer[65536];
    const auto got = ::recv(socket_, buffer, sizeof buffer, 0);
    is_closed_ = got == 0 || (got < 0 && errno != EINTR);
    in_.insert(in_.end(), buffer, buffer + std::max<ssize_t>(got, 0));
  }

  int socket_;
  bool is_closed_ = false;
  Bytes in_;
};

}  // namespace ottla
