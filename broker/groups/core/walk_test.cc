// A group under a random life: clients join, crash, pause, leave and come back, the log is slow, all under virtual
// time. What must hold at any moment is checked at every step; what must come about is checked when the faults stop.
//
// OTTLA_SEED=n replays one seed; OTTLA_STEPS=n walks longer. A failure prints its seed.
#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <set>

#include "broker/groups/core/group.h"

namespace ottla::groups {
namespace {

constexpr std::int32_t session_ms = 10'000;
constexpr std::int32_t rebalance_ms = 30'000;
constexpr Millis heartbeat_ms = 3'000;
constexpr std::size_t partitions = 6;
constexpr std::size_t clients_at_most = 6;

// What a client believes, and does next.
struct Client {
  std::optional<std::string> instance;
  std::string id;
  std::int32_t generation = -1;
  bool is_running = false;
  Millis paused_until = 0;
  Millis busy_until = 0;  // beats, but does not join again
  Millis acts_at = 0;
  std::optional<Token> waits_for;
  bool is_joined = false;              // has a generation, wants its assignment
  std::set<std::int32_t> assigned;     // in `generation`; empty until synced
  std::vector<std::string> to_assign;  // the leader's task
  bool is_synced = false;
};

class Walk {
 public:
  Walk(std::uint64_t seed, Mutant mutant) : random_(seed), group_("g", settings(mutant)) {
    for (std::size_t i = 0; i < clients_at_most; ++i) {
      clients_.emplace_back();
      if (i < 2) {
        clients_.back().instance = "i" + std::to_string(i);
      }
    }
  }

  // The first broken promise; empty: none.
  std::string run(int steps) {
    for (int i = 0; i < steps && broken_.empty(); ++i) {
      now_ += below(400);
      act(true);
    }
    calm();
    return broken_;
  }

 private:
  static Settings settings(Mutant mutant) {
    Settings all;
    all.mutant = mutant;
    return all;
  }
  Millis below(Millis bound) { return std::uniform_int_distribution<Millis>(0, bound - 1)(random_); }
  bool one_in(Millis n) { return below(n) == 0; }
  void fail(const std::string& why) {
    if (broken_.empty()) {
      broken_ = why;
    }
  }

  void act(bool with_faults) {
    if (group_.deadline() <= now_) {
      step(Tick{});
    }
    if (!log_.empty() && (!with_faults || one_in(3))) {
      const auto id = log_.front();
      log_.pop_front();
      // A write that fails now and then: the log must be asked again by somebody.
      const bool ok = !with_faults || !one_in(50);
      durable_.insert(ok ? commit_of_write_[id] : 0);
      step(Written{id, ok});
    }
    Client& client = clients_[static_cast<std::size_t>(below(clients_at_most))];
    if (with_faults && one_in(12)) {
      fault(client);
    } else if (client.is_running && client.paused_until <= now_) {
      live(client);
    }
  }

  void fault(Client& client) {
    switch (below(5)) {
      case 0:  // crashes: says nothing any more; what it waited for is lost
        restart(client, false);
        break;
      case 1:  // comes (back) as a new process
        restart(client, true);
        break;
      case 2:  // stops for a while, and goes on with what it believed
        client.paused_until = now_ + below(Millis{3} * session_ms);
        break;
      case 3:
        client.busy_until = now_ + below(Millis{3} * rebalance_ms);
        break;
      default:
        if (client.is_running && !client.instance && !client.id.empty()) {
          Leave event{.token = ++last_token_, .members = {{.member_id = client.id}}};
          step(std::move(event));
          restart(client, false);
        }
    }
  }

  void restart(Client& client, bool is_running) {
    if (client.instance && !client.id.empty()) {
      former_.emplace_back(client.id, *client.instance, client.generation);
    }
    const auto instance = client.instance;
    client = Client{.instance = instance, .is_running = is_running};
  }

  void live(Client& client) {
    if (client.generation >= 0 && one_in(8)) {
      late_commit(client);
    }
    if (client.waits_for || client.acts_at > now_) {
      return;
    }
    if (!client.is_joined) {
      join(client);
    } else if (!client.is_synced) {
      sync(client);
    } else if (one_in(2)) {
      commit(client);
    } else {
      beat(client);
    }
    if (!former_.empty() && one_in(4)) {
      try_as_former_self();
    }
  }

  Token ask(Client& client) {
    client.waits_for = ++last_token_;
    asked_by_[last_token_] = &client;
    return last_token_;
  }
  void join(Client& client) {
    Join event{
        .token = ask(client), .version = 9, .client_id = "c", .new_member_id = "m" + std::to_string(++last_member_)};
    event.request.member_id = client.id;
    event.request.group_instance_id = client.instance;
    event.request.protocol_type = "consumer";
    event.request.protocols = {{"range", {}}};
    event.request.session_timeout_ms = session_ms;
    event.request.rebalance_timeout_ms = rebalance_ms;
    step(std::move(event));
  }
  void sync(Client& client) {
    Sync event{.token = ask(client), .request = {}};
    event.request.member_id = client.id;
    event.request.group_instance_id = client.instance;
    event.request.generation_id = client.generation;
    for (std::size_t i = 0; i < client.to_assign.size(); ++i) {
      // The assignment carries the generation it was made for, then the partitions.
      Bytes bytes{static_cast<std::byte>(client.generation & 0xff),
                  static_cast<std::byte>((client.generation >> 8) & 0xff)};
      for (std::size_t p = i; p < partitions; p += client.to_assign.size()) {
        bytes.push_back(static_cast<std::byte>(p));
      }
      event.request.assignments.push_back({.member_id = client.to_assign[i], .assignment = bytes});
    }
    step(std::move(event));
  }
  void beat(Client& client) {
    Heartbeat event{.token = ask(client), .request = {}};
    event.request.member_id = client.id;
    event.request.group_instance_id = client.instance;
    event.request.generation_id = client.generation;
    client.acts_at = now_ + below(heartbeat_ms);
    step(std::move(event));
  }
  void commit(Client& client) {
    Commit event{.token = ask(client),
                 .member_id = client.id,
                 .group_instance_id = client.instance,
                 .generation_id = client.generation};
    event.offsets.push_back({{"t", 0}, {.offset = Offset{static_cast<std::int64_t>(last_token_)}}});
    commit_generation_[last_token_] = client.generation;
    client.acts_at = now_ + below(heartbeat_ms);
    step(std::move(event));
  }
  // A thread of the client that has not heard of the rebalance commits what it read.
  void late_commit(const Client& client) {
    Commit event{.token = ++last_token_,
                 .member_id = client.id,
                 .group_instance_id = client.instance,
                 .generation_id = client.generation};
    event.offsets.push_back({{"t", 0}, {.offset = Offset{static_cast<std::int64_t>(last_token_)}}});
    commit_generation_[last_token_] = client.generation;
    step(std::move(event));
  }
  // A static member that was replaced must not get through.
  void try_as_former_self() {
    const auto& [id, instance, generation] = former_[static_cast<std::size_t>(below(std::ssize(former_)))];
    const auto holder =
        std::ranges::find_if(clients_, [&](const Client& c) { return c.instance == instance && c.is_joined; });
    if (holder == clients_.end() || holder->id == id || !group_.members().contains(holder->id)) {
      return;
    }
    Heartbeat event{.token = ++last_token_, .request = {}};
    event.request.member_id = id;
    event.request.group_instance_id = instance;
    event.request.generation_id = group_.generation();
    former_tokens_.insert(last_token_);
    step(std::move(event));
  }

  void step(const Event& event) {
    const auto generation = group_.generation();
    const auto state = group_.state();
    Effects effects = group_.step(now_, event);
    if (const auto* committing = std::get_if<Commit>(&event); committing != nullptr && !effects.writes.empty()) {
      commit_of_write_[effects.writes.back().id] = committing->token;
      if (committing->generation_id != generation || state == State::CompletingRebalance) {
        fail("a commit of generation " + std::to_string(committing->generation_id) + " was accepted in generation " +
             std::to_string(generation));
      }
    }
    for (const auto& write : effects.writes) {
      log_.push_back(write.id);
    }
    check_generation(effects, generation);
    for (const auto& answer : effects.answers) {
      hear(answer);
    }
  }

  // A generation begins with those who joined, and with absent static members.
  void check_generation(const Effects& effects, std::int32_t generation_before) {
    std::set<std::string> have_joined;
    const JoinGroupResponse* leader = nullptr;
    for (const auto& answer : effects.answers) {
      const auto* joined = std::get_if<JoinGroupResponse>(&answer.response);
      if (joined != nullptr && joined->error_code == ErrorCode::NONE && joined->generation_id > generation_before) {
        have_joined.insert(joined->member_id);
        leader = joined->members.empty() ? leader : joined;
      }
    }
    if (leader != nullptr) {
      for (const auto& member : leader->members) {
        if (!member.group_instance_id && !have_joined.contains(member.member_id)) {
          fail("a member that did not join is part of generation " + std::to_string(leader->generation_id));
        }
      }
    }
  }

  void hear(const Answer& answer) {
    if (!answered_.insert(answer.token).second) {
      fail("answered twice");
    }
    if (former_tokens_.contains(answer.token) &&
        std::get<HeartbeatResponse>(answer.response).error_code == ErrorCode::NONE) {
      fail("a replaced static member was not fenced");
    }
    if (commit_generation_.contains(answer.token) && std::get<ErrorCode>(answer.response) == ErrorCode::NONE &&
        !durable_.contains(answer.token)) {
      fail("a commit was acknowledged before it was durable");
    }
    const auto asked = asked_by_.find(answer.token);
    if (asked == asked_by_.end() || asked->second->waits_for != answer.token) {
      return;  // nobody listens any more
    }
    Client& client = *asked->second;
    asked_by_.erase(asked);
    client.waits_for.reset();
    if (const auto* joined = std::get_if<JoinGroupResponse>(&answer.response)) {
      hear_joined(client, *joined);
    } else if (const auto* synced = std::get_if<SyncGroupResponse>(&answer.response)) {
      hear_synced(client, *synced);
    } else if (const auto* beaten = std::get_if<HeartbeatResponse>(&answer.response)) {
      obey(client, beaten->error_code);
    } else if (const auto* error = std::get_if<ErrorCode>(&answer.response)) {
      obey(client, *error);
    }
  }

  // What a stock client does with an error.
  void obey(Client& client, ErrorCode error) {
    switch (error) {
      case ErrorCode::NONE:
      case ErrorCode::COORDINATOR_NOT_AVAILABLE:
        return;
      case ErrorCode::REBALANCE_IN_PROGRESS:
        if (client.is_synced && client.busy_until > now_) {
          return;
        }
        break;
      case ErrorCode::UNKNOWN_MEMBER_ID:
        client.id.clear();
        break;
      case ErrorCode::FENCED_INSTANCE_ID:
        restart(client, false);  // fatal to the client
        return;
      default:
        break;
    }
    client.is_joined = client.is_synced = false;
    client.assigned.clear();
  }

  void hear_joined(Client& client, const JoinGroupResponse& joined) {
    if (joined.error_code == ErrorCode::MEMBER_ID_REQUIRED) {
      client.id = joined.member_id;
      return;
    }
    if (joined.error_code != ErrorCode::NONE) {
      obey(client, joined.error_code);
      return;
    }
    client.id = joined.member_id;
    client.generation = joined.generation_id;
    client.is_joined = true;
    client.is_synced = false;
    client.assigned.clear();
    client.to_assign.clear();
    if (joined.leader == client.id && !joined.skip_assignment) {
      for (const auto& member : joined.members) {
        client.to_assign.push_back(member.member_id);
      }
    }
  }

  void hear_synced(Client& client, const SyncGroupResponse& synced) {
    if (synced.error_code != ErrorCode::NONE) {
      obey(client, synced.error_code);
      if (synced.error_code == ErrorCode::COORDINATOR_NOT_AVAILABLE) {
        client.is_joined = false;
      }
      return;
    }
    client.is_synced = true;
    if (synced.assignment.size() < 2) {
      fail("a member got no assignment in generation " + std::to_string(client.generation));
      return;
    }
    const auto made_for =
        static_cast<std::int32_t>(synced.assignment[0]) | static_cast<std::int32_t>(synced.assignment[1]) << 8;
    if (made_for != (client.generation & 0xffff)) {
      fail("the assignment of generation " + std::to_string(made_for) + " was given out in " +
           std::to_string(client.generation));
    }
    for (std::size_t i = 2; i < synced.assignment.size(); ++i) {
      const auto partition = static_cast<std::int32_t>(synced.assignment[i]);
      client.assigned.insert(partition);
      own(client, partition);
    }
  }

  // One owner per partition and generation; a static member's next self is the same owner.
  void own(const Client& client, std::int32_t partition) {
    const std::string owner = client.instance.value_or(client.id);
    const auto [found, is_new] = owners_.try_emplace({client.generation, partition}, owner);
    if (!is_new && found->second != owner) {
      fail("partition " + std::to_string(partition) + " has two owners in generation " +
           std::to_string(client.generation));
    }
  }

  // The faults stop. Within a few time-outs those who run, and they alone, are members and have all partitions.
  void calm() {
    if (!broken_.empty()) {
      return;
    }
    std::size_t running = 0;
    for (Client& client : clients_) {
      client.paused_until = client.busy_until = 0;
      if (!client.is_running && one_in(2)) {
        restart(client, true);
      }
      running += client.is_running ? 1 : 0;
    }
    for (const Millis end = now_ + Millis{4} * (rebalance_ms + session_ms); now_ < end && broken_.empty();
         now_ += below(100)) {
      act(false);
    }
    std::set<std::int32_t> covered;
    for (const Client& client : clients_) {
      covered.insert(client.assigned.begin(), client.assigned.end());
      if (client.is_running && (!client.is_synced || client.generation != group_.generation())) {
        fail("a member has not settled: " + group_.explain(now_));
      }
    }
    const bool has_members = running > 0;
    if (group_.state() != (has_members ? State::Stable : State::Empty) || group_.members().size() != running ||
        (has_members && covered.size() != partitions)) {
      fail("the group has not settled: " + group_.explain(now_));
    }
  }

  std::mt19937_64 random_;
  Group group_;
  Millis now_ = 1'000'000;
  std::vector<Client> clients_;
  std::deque<std::uint64_t> log_;  // writes under way, in order
  std::map<Token, Client*> asked_by_;
  std::set<Token> answered_;
  std::map<std::uint64_t, Token> commit_of_write_;
  std::map<Token, std::int32_t> commit_generation_;
  std::set<Token> durable_;  // commits that the log has
  std::vector<std::tuple<std::string, std::string, std::int32_t>> former_;
  std::set<Token> former_tokens_;
  std::map<std::pair<std::int32_t, std::int32_t>, std::string> owners_;
  Token last_token_ = 0;
  int last_member_ = 0;
  std::string broken_;
};

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::stoull(text) : otherwise;
}

constexpr int steps_per_seed = 2'000;

TEST(Walk, promises_hold_whatever_happens) {
  const auto only = number_from_environment("OTTLA_SEED", 0);
  const auto steps = number_from_environment("OTTLA_STEPS", 200'000);
  const auto last = only != 0 ? only : std::max<std::uint64_t>(1, steps / steps_per_seed);
  for (std::uint64_t seed = only != 0 ? only : 1; seed <= last; ++seed) {
    ASSERT_EQ(Walk(seed, Mutant::none).run(steps_per_seed), "") << "seed " << seed;
  }
}

class Broken : public testing::TestWithParam<Mutant> {};

TEST_P(Broken, rule_is_noticed) {
  constexpr std::uint64_t seeds = 1'000;
  std::uint64_t seed = 1;
  while (seed <= seeds && Walk(seed, GetParam()).run(steps_per_seed).empty()) {
    ++seed;
  }
  EXPECT_LE(seed, seeds);
}

INSTANTIATE_TEST_SUITE_P(Rules, Broken,
                         testing::Values(Mutant::generation_unchecked, Mutant::sync_answered_before_leader,
                                         Mutant::static_member_not_fenced, Mutant::commit_answered_before_written,
                                         Mutant::unjoined_members_kept, Mutant::sessions_do_not_expire,
                                         Mutant::assignment_survives_rebalance));

}  // namespace
}  // namespace ottla::groups
