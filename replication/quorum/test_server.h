// One server of a quorum in a test: a driver, a disk that does what it is told, and a state machine that remembers.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "replication/quorum/configuration.h"
#include "replication/quorum/driver_for_tests.h"

namespace ottla::quorum {

inline SharedBytes text(std::string_view letters) {
  Bytes bytes;
  for (const char letter : letters) {
    bytes.push_back(static_cast<std::byte>(letter));
  }
  return share(std::move(bytes));
}
inline std::string letters(const SharedBytes& bytes) {
  std::string made;
  for (const std::byte byte : *bytes) {
    made.push_back(std::to_integer<char>(byte));
  }
  return made;
}

inline Configuration voters(std::initializer_list<ServerId> ids) {
  Configuration made;
  for (const ServerId id : ids) {
    made.servers.push_back({id, "server-" + std::to_string(id), ServerRole::voter});
  }
  return made;
}
inline Entry command(Term term, std::string_view letters) { return {term, EntryKind::command, text(letters)}; }
inline Entry change(Term term, const Configuration& to) { return {term, EntryKind::change, share(encode(to))}; }

class TestServer {
  // An input that has an answer.
  auto input(auto&& function) {
    Effects effects;
    auto result = function(effects);
    carry_out(std::move(effects));
    return result;
  }

 public:
  static Settings settings() {
    return {.election_timeout_ms = 300,
            .heartbeat_ms = 50,
            .install_snapshot_timeout_ms = 1000,
            .catch_up_round_max_ms = 3000,
            .snapshot_every = 1000,
            .entries_behind_snapshot = 4};
  }

  explicit TestServer(ServerId id, StoredState disk, const Guards& guards = {}, const Settings& with = settings())
      : driver(id, "server-" + std::to_string(id), with, static_cast<unsigned>(id)), stored(std::move(disk)), id_(id) {
    DriverForTests::set_guards(driver, guards);
    Effects effects;
    driver.start(now_ms, stored, effects);
    carry_out(std::move(effects));
  }

  void receive(const Message& message) {
    Effects effects;
    const auto taken = driver.receive(now_ms, message, effects);
    EXPECT_TRUE(taken) << taken.error().message;
    carry_out(std::move(effects));
  }
  void receive(ServerId from, MessageBody body) { receive({from, id_, std::move(body)}); }
  // Until the deadline, if it is due within this time.
  void wait(TimeMs ms) {
    now_ms += ms;
    if (driver.deadline_ms() <= now_ms) {
      Effects effects;
      driver.tick(now_ms, effects);
      carry_out(std::move(effects));
    }
  }
  Result<Position> propose(std::string_view letters) {
    return input([&](Effects& effects) { return driver.propose(now_ms, {text(letters)}, effects); });
  }
  Result<Position> add(ServerId id, const std::string& address, ServerRole role) {
    return input([&](Effects& effects) { return driver.add(now_ms, {id, address, role}, effects); });
  }
  Result<Position> add(ServerId id, ServerRole role) { return add(id, "server-" + std::to_string(id), role); }
  Result<Position> remove(ServerId id) {
    return input([&](Effects& effects) { return driver.remove(now_ms, id, effects); });
  }
  Result<Position> demote(ServerId id, ServerRole role) {
    return input([&](Effects& effects) { return driver.demote(now_ms, id, role, effects); });
  }
  Result<void> promote(ServerId id) {
    return input([&](Effects& effects) { return driver.promote(now_ms, id, effects); });
  }
  void leader_is_gone(ServerId leader) {
    Effects effects;
    driver.leader_is_gone(now_ms, leader, effects);
    carry_out(std::move(effects));
  }
  Result<void> transfer(ServerId to) {
    return input([&](Effects& effects) { return driver.transfer(now_ms, to, effects); });
  }

  // The writes that hold_writes kept back; the disk has them before the driver hears of it.
  void write_one() {
    const Effect write = std::move(held.front());
    held.pop_front();
    Effects effects;
    std::visit([&](const auto& one) { do_write(one, effects); }, write);
    carry_out(std::move(effects));
  }
  void write_all() {
    while (!held.empty()) {
      write_one();
    }
  }

  // The answers of one kind so far; forgets them all.
  template <class Body>
  std::vector<Body> take_sent() {
    std::vector<Body> found;
    for (const Message& message : sent) {
      if (const auto* body = std::get_if<Body>(&message.body)) {
        found.push_back(*body);
      }
    }
    sent.clear();
    return found;
  }
  [[nodiscard]] std::string commands() const { return machine; }
  [[nodiscard]] ServerId id() const { return id_; }

  Driver driver;
  StoredState stored;
  TimeMs now_ms = 1000;
  std::deque<Message> sent;
  std::deque<Effect> held;
  bool hold_writes = false;
  std::string machine;               // the commands applied, one after the other
  std::map<LogIndex, Term> applied;  // every entry
  std::vector<Leadership> leaderships;
  std::string broken;

 private:
  void carry_out(Effects effects) {
    for (Effect& effect : effects) {
      std::visit([&](auto& one) { carry_out_one(one); }, effect);
    }
    while (!hold_writes && !held.empty()) {
      write_one();
    }
  }
  void carry_out_one(const StoreVote& vote) {
    stored.term = vote.term;
    stored.voted_for = vote.voted_for;
  }
  void carry_out_one(const Send& send) { sent.push_back(send.message); }
  void carry_out_one(const Apply& apply) {
    applied[apply.index] = apply.entry.term;
    machine += apply.entry.kind == EntryKind::command ? letters(apply.entry.bytes) : "";
  }
  void carry_out_one(const Restore& restore) { machine = letters(restore.snapshot.image); }
  void carry_out_one(const LeadershipChanged& changed) { leaderships.push_back(changed.leadership); }
  void carry_out_one(const Broken& is) { broken = is.why; }
  void carry_out_one(const WriteEntries& write) { held.emplace_back(write); }
  void carry_out_one(const WriteSnapshot& write) { held.emplace_back(write); }
  void carry_out_one(TakeSnapshot& write) {
    write.snapshot.image = text(machine);
    held.emplace_back(write);
  }

  void do_write(const WriteEntries& write, Effects& effects) {
    stored.entries.resize(write.first - stored.first_index);
    stored.entries.insert(stored.entries.end(), write.entries.begin(), write.entries.end());
    driver.written(now_ms, write.id, effects);
  }
  void do_write(const WriteSnapshot& write, Effects& effects) {
    stored.snapshot = write.snapshot;
    stored.entries.clear();
    stored.first_index = write.snapshot.last.index + 1;
    driver.written(now_ms, write.id, effects);
  }
  void do_write(const TakeSnapshot& write, Effects& effects) {
    stored.snapshot = write.snapshot;
    const auto dropped = static_cast<std::ptrdiff_t>(write.keep_from - stored.first_index);
    stored.entries.erase(stored.entries.begin(), stored.entries.begin() + dropped);
    stored.first_index = write.keep_from;
    driver.snapshot_taken(now_ms, write.id, write.snapshot.image, effects);
  }
  void do_write(const auto&, Effects&) { FAIL() << "not a write"; }

  const ServerId id_;
};

}  // namespace ottla::quorum
