// A group of the new protocol under a random life: clients join, crash, pause, dawdle, leave and come back, answers get
// lost, topics grow, writes fail, the coordinator dies and reads its log. All under virtual time.
#pragma once

#include "broker/groups/core/consumer_request.h"
#include "broker/groups/core/test_consumer_world.h"

namespace ottla::groups {

// What a client believes, and does next.
struct WalkingClient {
  std::optional<std::string> instance;
  std::string id;
  std::int32_t epoch = 0;
  bool is_running = false;
  Millis paused_until = 0;
  Millis busy_until = 0;  // beats, but lets go of nothing
  Millis acts_at = 0;
  std::optional<Token> waits_for;
  Millis asked_at = 0;
  bool says_all = false;  // an answer got lost
  Partitions owned;
  Partitions told;                                          // what it may have; it lets go of the rest
  std::vector<std::pair<std::int32_t, std::int32_t>> past;  // epochs, and partitions it had in them
};

class ConsumerWalk : private ConsumerWorld {
 public:
  ConsumerWalk(std::uint64_t seed, Mutant mutant) : ConsumerWorld(seed, mutant) {
    clients_.resize(5);
    clients_[0].instance = "i0";
    clients_[1].instance = "i1";
  }

  // The first broken promise; empty: none.
  std::string run(int steps) {
    for (int i = 0; i < steps && broken_.empty(); ++i) {
      now_ += below(300);
      act(true);
    }
    calm();
    return broken_;
  }

 private:
  using Request = ConsumerGroupHeartbeatRequest;
  static constexpr std::int32_t rebalance_ms = 15'000;
  static constexpr Millis heartbeat_ms = 2'000;
  static constexpr Millis patience_ms = 3'000;  // then an answer is lost

  void act(bool with_faults) {
    if (group_.deadline() <= now_) {
      step(Tick{});
    }
    if (!log_.empty() && (!with_faults || one_in(2))) {
      log_answers(!with_faults || !one_in(60));
    }
    WalkingClient& client = any_of(clients_);
    if (with_faults && one_in(15)) {
      fault(client);
    } else if (client.is_running && client.paused_until <= now_) {
      live(client, with_faults);
    }
    for (const WalkingClient& one : clients_) {
      const ConsumerMember* known = member(one.id);
      if (known != nullptr && known->must_act_by && *known->must_act_by < now_ - session_ms) {
        fail("member " + one.id + " was awaited for longer than it said");
      }
    }
  }

  void fault(WalkingClient& client) {
    switch (below(8)) {
      case 0:  // crashes
        restart(client, false);
        break;
      case 1:
      case 2:  // comes (back) as a new process
        restart(client, true);
        break;
      case 3:  // stops for a while, and goes on with what it believed
        client.paused_until = now_ + below(Millis{3} * session_ms);
        break;
      case 4:
        client.busy_until = now_ + below(Millis{3} * rebalance_ms);
        break;
      case 5:
        partitions_ < 12 ? grow() : void();
        break;
      case 6:
        restart_coordinator();
        break;
      default:
        if (client.is_running && client.epoch > 0) {
          const bool comes_back = client.instance && one_in(2);
          beat(client, comes_back ? Request::leave_static_epoch : Request::leave_epoch, ++last_token_);
          restart(client, false);
        }
    }
  }

  void restart(WalkingClient& client, bool is_running) {
    const auto instance = client.instance;
    if (instance && !client.id.empty()) {
      former_.emplace_back(client.id, *instance);
    }
    client = {.instance = instance, .id = "m" + std::to_string(++last_member_), .is_running = is_running};
  }

  void live(WalkingClient& client, bool with_faults) {
    if (with_faults && !client.past.empty() && one_in(3)) {
      const auto& [epoch, partition] = any_of(client.past);
      commit(client, epoch, partition);
    }
    if (client.waits_for && now_ - client.asked_at > patience_ms) {
      client.waits_for.reset();
      client.says_all = true;
    }
    const bool lets_go = client.busy_until <= now_ && client.owned != client.told;
    if (client.waits_for || (client.acts_at > now_ && !lets_go)) {
      return;
    }
    if (lets_go) {
      std::erase_if(client.owned, [&](const auto& one) { return !client.told.contains(one); });
    }
    if (!former_.empty() && one_in(3)) {
      try_as_former_self();
    }
    client.waits_for = ++last_token_;
    client.asked_at = now_;
    client.acts_at = now_ + below(heartbeat_ms);
    asked_by_[last_token_] = &client;
    beat(client, client.epoch, last_token_);
  }

  void beat(const WalkingClient& client, std::int32_t epoch, Token token) {
    ConsumerHeartbeat event{.token = token, .request = {}, .client_id = "c", .client_host = "h", .topics = topics_};
    event.request.member_id = client.id;
    event.request.member_epoch = epoch;
    event.request.instance_id = client.instance;
    if (epoch == Request::join_epoch || client.says_all) {
      event.request.rebalance_timeout_ms = rebalance_ms;
      event.request.subscribed_topic_names = {{"t"}};
    }
    event.request.topic_partitions.emplace();
    for (const TopicIdPartition& partition : client.owned) {
      add_to(*event.request.topic_partitions, partition);
    }
    step(event);
  }

  void commit(const WalkingClient& client, std::int32_t epoch, std::int32_t partition) {
    Commit event{.token = ++last_token_,
                 .member_id = client.id,
                 .group_instance_id = client.instance,
                 .generation_id = epoch,
                 .offsets = {}};
    event.offsets.push_back({{"t", partition}, {.topic_id = topic_id}});
    // An older epoch is right only if the partition has been this member's since.
    const auto& [owner, since] = given_[partition];
    const ConsumerMember* known = member(client.id);
    const bool is_of_now = known != nullptr && known->epoch == epoch;
    is_stale_commit_[event.token] = !is_of_now && (owner != client.id || epoch < since);
    step(event);
  }

  // A static member that was replaced must not get through.
  void try_as_former_self() {
    const auto& [id, instance] = any_of(former_);
    const auto holder = std::ranges::find(clients_, std::optional(instance), &WalkingClient::instance);
    if (const ConsumerMember* known = member(holder->id); known != nullptr && known->epoch > 0 && holder->id != id) {
      former_tokens_.insert(++last_token_);
      beat({.instance = instance, .id = id}, known->epoch, last_token_);
    }
  }

  void hear(const Answer& answer) override {
    if (!answered_.insert(answer.token).second) {
      fail("answered twice");
    }
    if (const auto* error = std::get_if<ErrorCode>(&answer.response)) {
      if (*error == ErrorCode::NONE && is_stale_commit_.at(answer.token)) {
        fail("a commit with an old epoch was accepted");
      }
      if (*error == ErrorCode::NONE && !durable_commits_.contains(answer.token)) {
        fail("a commit was acknowledged before it was durable");
      }
      return;
    }
    const auto& beaten = std::get<ConsumerGroupHeartbeatResponse>(answer.response);
    if (former_tokens_.contains(answer.token) && beaten.error_code == ErrorCode::NONE) {
      fail("a replaced static member was not fenced");
    }
    const auto asked = asked_by_.find(answer.token);
    if (asked == asked_by_.end() || asked->second->waits_for != answer.token || (!is_calm_ && one_in(25))) {
      return;  // nobody listens any more, or it got lost
    }
    asked->second->waits_for.reset();
    obey(*asked->second, beaten);
  }

  // What a stock client does with an answer.
  void obey(WalkingClient& client, const ConsumerGroupHeartbeatResponse& beaten) {
    switch (beaten.error_code) {
      case ErrorCode::NONE:
        break;
      case ErrorCode::FENCED_MEMBER_EPOCH:
      case ErrorCode::UNKNOWN_MEMBER_ID:
      case ErrorCode::GROUP_ID_NOT_FOUND:
        client.owned.clear();
        client.told.clear();
        client.epoch = Request::join_epoch;
        return;
      case ErrorCode::FENCED_INSTANCE_ID:
        restart(client, false);  // fatal to the client
        return;
      default:
        client.says_all = true;
        return;
    }
    client.says_all = false;
    client.epoch = beaten.member_epoch;
    if (beaten.assignment) {
      client.told = partitions_of(beaten.assignment->topic_partitions);
    }
    for (const TopicIdPartition& partition : client.told) {
      if (client.owned.insert(partition).second) {
        own(client, partition);
      }
      client.past.emplace_back(client.epoch, partition.partition);
    }
    if (client.past.size() > 40) {
      client.past.erase(client.past.begin(), client.past.begin() + 20);
    }
  }

  // One owner per partition: nobody whom the group knows may still use it.
  void own(const WalkingClient& client, const TopicIdPartition& partition) {
    for (const WalkingClient& other : clients_) {
      const ConsumerMember* known = &other != &client ? member(other.id) : nullptr;
      if (known != nullptr && known->epoch != Request::leave_static_epoch && other.owned.contains(partition)) {
        fail("partition " + std::to_string(partition.partition) + " has two owners: " + other.id + ", " + client.id);
      }
    }
    auto& [owner, since] = given_[partition.partition];
    since = owner == client.id ? since : client.epoch;
    owner = client.id;
  }

  // The faults stop. Within a few time-outs those who run, and they alone, are members and have all partitions.
  void calm() {
    is_calm_ = true;
    grow();
    std::size_t running = 0;
    for (WalkingClient& client : clients_) {
      client.paused_until = client.busy_until = 0;
      running += client.is_running ? 1U : 0U;
    }
    if (running == 0) {
      restart(clients_.back(), true);
      running = 1;
    }
    for (const Millis end = now_ + Millis{6} * (rebalance_ms + session_ms); now_ < end && broken_.empty();) {
      now_ += below(100);
      act(false);
    }
    Partitions covered;
    for (const WalkingClient& client : clients_) {
      const ConsumerMember* known = member(client.id);
      if (client.is_running && (known == nullptr || known->epoch != client.epoch || known->target != client.owned)) {
        fail("a member has not settled: " + group_.explain(now_));
      }
      covered.insert(client.owned.begin(), client.owned.end());
    }
    if (group_.state_name() != std::string("Stable") || group_.consumer()->members().size() != running ||
        std::ssize(covered) != partitions_) {
      fail("the group has not settled: " + group_.explain(now_));
    }
  }

  bool is_calm_ = false;
  std::vector<WalkingClient> clients_;
  std::map<Token, WalkingClient*> asked_by_;
  std::set<Token> answered_, former_tokens_;
  std::map<Token, bool> is_stale_commit_;
  std::map<std::int32_t, std::pair<std::string, std::int32_t>> given_;  // to whom, and in which epoch
  std::vector<std::pair<std::string, std::string>> former_;             // ids and instances
  Token last_token_ = 0;
  int last_member_ = 0;
};

}  // namespace ottla::groups
