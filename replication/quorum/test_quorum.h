// Several servers in a test, and the messages between them, which arrive at once and in order unless a server is cut
// off.
#pragma once

#include <map>

#include "replication/quorum/test_server.h"

namespace ottla::quorum {

class TestQuorum {
 public:
  explicit TestQuorum(const Guards& guards = {}, const Settings& with = TestServer::settings())
      : guards_(guards), settings_(with) {}
  TestQuorum(std::initializer_list<ServerId> ids, const Guards& guards = {},
             const Settings& with = TestServer::settings())
      : TestQuorum(guards, with) {
    for (const ServerId id : ids) {
      start(id, first_state(voters(ids)));
    }
  }

  void start(ServerId id, const StoredState& disk) {
    servers_.erase(id);
    servers_.emplace(std::piecewise_construct, std::forward_as_tuple(id),
                     std::forward_as_tuple(id, disk, guards_, settings_));
    servers_.at(id).now_ms = now_ms_;
  }
  // What it had on its disk is there; what it had in memory is not.
  void restart(ServerId id) { start(id, StoredState(servers_.at(id).stored)); }

  TestServer& operator[](ServerId id) { return servers_.at(id); }
  // Nothing goes to it or comes from it.
  void cut(ServerId id) { part_of_[id] = id; }
  // These reach each other only; the others as before.
  void part(std::initializer_list<ServerId> ids) {
    for (const ServerId id : ids) {
      part_of_[id] = *ids.begin();
    }
  }
  void heal() { part_of_.clear(); }

  void deliver() {
    bool any = true;
    while (any) {
      any = false;
      for (auto& [id, server] : servers_) {
        while (!server.sent.empty()) {
          const Message message = server.sent.front();
          server.sent.pop_front();
          any = true;
          if (part_of_[message.from] == part_of_[message.to] && servers_.contains(message.to)) {
            servers_.at(message.to).receive(message);
          }
        }
      }
    }
  }
  void run(TimeMs ms) {
    deliver();
    for (const TimeMs end = now_ms_ + ms; now_ms_ < end; now_ms_ += 10) {
      for (auto& [id, server] : servers_) {
        server.wait(now_ms_ + 10 - server.now_ms);
      }
      deliver();
    }
  }
  // This one stands for election, and gets it if it can.
  void elect(ServerId id) {
    TestServer& server = servers_.at(id);
    for (int tries = 0; tries < 5 && !leads(id); ++tries) {
      server.now_ms = std::max(server.now_ms, server.driver.deadline_ms());
      now_ms_ = std::max(now_ms_, server.now_ms);
      server.wait(0);
      deliver();
    }
  }
  bool leads(ServerId id) { return servers_.at(id).driver.leadership().state == State::leader; }
  // 0: nobody. The one of the highest term, if an older one does not know yet.
  ServerId leader() {
    ServerId found = 0;
    for (auto& [id, server] : servers_) {
      const Leadership& now = server.driver.leadership();
      if (now.state == State::leader && (found == 0 || now.term > servers_.at(found).driver.leadership().term)) {
        found = id;
      }
    }
    return found;
  }
  [[nodiscard]] std::string broken() const {
    std::string all;
    for (const auto& [id, server] : servers_) {
      all += server.broken;
    }
    return all;
  }

 private:
  const Guards guards_;
  const Settings settings_;
  std::map<ServerId, TestServer> servers_;
  std::map<ServerId, ServerId> part_of_;  // 0: the rest
  TimeMs now_ms_ = 1000;
};

}  // namespace ottla::quorum
