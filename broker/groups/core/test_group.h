// A small language for stories about one group: time passes, members speak, the log answers.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "broker/groups/core/group.h"

namespace ottla::groups {

inline Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}
inline std::string text_of(const Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

class Story : public testing::Test {
 protected:
  static constexpr std::int32_t session_ms = 10'000;
  static constexpr std::int32_t rebalance_ms = 60'000;

  // Sends a JoinGroup; its answer, if there is one yet, is under the token that comes back.
  Token join(const std::string& id, std::optional<std::string> instance = {}, Protocols protocols = {{"range", {}}}) {
    Join event{.token = ++last_token, .version = 9, .client_id = "app", .client_host = "/127.0.0.1"};
    event.request.member_id = id;
    event.request.group_instance_id = std::move(instance);
    event.request.protocol_type = "consumer";
    event.request.protocols = std::move(protocols);
    event.request.session_timeout_ms = session_ms;
    event.request.rebalance_timeout_ms = rebalance_ms;
    event.new_member_id = "m" + std::to_string(++last_member);
    return bring(std::move(event));
  }
  // A member from nothing: asks, is told its id, comes back with it. Gives the id; its JoinGroup may still wait.
  std::string newcomer() {
    const auto told = joined(join(""));
    EXPECT_EQ(told.error_code, ErrorCode::MEMBER_ID_REQUIRED);
    tokens[told.member_id] = join(told.member_id);
    return told.member_id;
  }
  Token sync(const std::string& id, const std::map<std::string, std::string>& assignments = {},
             std::optional<std::string> instance = {}) {
    Sync event{.token = ++last_token, .request = {}};
    event.request.member_id = id;
    event.request.group_instance_id = std::move(instance);
    event.request.generation_id = group.generation();
    for (const auto& [member, assignment] : assignments) {
      event.request.assignments.push_back({.member_id = member, .assignment = bytes_of(assignment)});
    }
    return bring(std::move(event));
  }
  ErrorCode beat(const std::string& id, std::optional<std::int32_t> generation = {},
                 std::optional<std::string> instance = {}) {
    Heartbeat event{.token = ++last_token, .request = {}};
    event.request.member_id = id;
    event.request.group_instance_id = std::move(instance);
    event.request.generation_id = generation.value_or(group.generation());
    return std::get<HeartbeatResponse>(answers.at(bring(std::move(event)))).error_code;
  }
  ErrorCode leave(const std::string& id, std::optional<std::string> instance = {}) {
    Leave event{.token = ++last_token, .members = {{.member_id = id, .group_instance_id = std::move(instance)}}};
    return std::get<LeaveGroupResponse>(answers.at(bring(std::move(event)))).members.front().error_code;
  }
  Token commit(const std::string& id, std::int32_t generation, std::int64_t offset) {
    Commit event{.token = ++last_token, .member_id = id, .generation_id = generation};
    event.offsets.push_back({{"t", 0}, {.offset = Offset{offset}}});
    return bring(std::move(event));
  }
  ErrorCode delete_group() { return error(bring(DeleteGroup{++last_token})); }

  template <class One>
  Token bring(One event) {
    step(std::move(event));
    return last_token;
  }
  void step(const Event& event) {
    Effects effects = group.step(now, event);
    for (auto& answer : effects.answers) {
      EXPECT_FALSE(answers.contains(answer.token)) << "answered twice";
      answers[answer.token] = std::move(answer.response);
    }
    for (auto& write : effects.writes) {
      log.push_back(std::move(write));
      if (log_is_quick) {
        log_answers();
      }
    }
  }
  // The next write that waits is durable (or lost).
  void log_answers(bool ok = true) {
    const auto id = log.at(written++).id;
    step(Written{id, ok});
  }
  // Time passes, with everything that falls due on its way.
  void wait(Millis duration) {
    const Millis end = now + duration;
    while (group.deadline() <= end) {
      now = std::max(now, group.deadline());
      step(Tick{});
    }
    now = end;
  }
  void start(Settings settings) { group = Group("g", settings); }

  // A group of `n` in Stable; the first leads.
  std::vector<std::string> stable(std::size_t n) {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < n; ++i) {
      ids.push_back(newcomer());
      for (std::size_t earlier = 0; earlier < i; ++earlier) {
        tokens[ids[earlier]] = join(ids[earlier]);
      }
    }
    std::map<std::string, std::string> assignments;
    for (const auto& id : ids) {
      assignments[id] = "of " + id;
    }
    for (const auto& id : ids) {
      tokens[id] = sync(id, id == group.leader() ? assignments : std::map<std::string, std::string>{});
    }
    EXPECT_EQ(group.state(), State::Stable);
    return ids;
  }

  [[nodiscard]] bool waits(Token token) const { return !answers.contains(token); }
  JoinGroupResponse joined(Token token) {
    auto response = std::get<JoinGroupResponse>(answers.at(token));
    return response;
  }
  SyncGroupResponse synced(Token token) { return std::get<SyncGroupResponse>(answers.at(token)); }
  ErrorCode error(Token token) { return std::get<ErrorCode>(answers.at(token)); }
  std::optional<std::int64_t> offset() {
    const auto found = group.offsets().find({"t", 0});
    return found != group.offsets().end() ? std::optional(found->second.offset.value) : std::nullopt;
  }

  Group group{"g", {}};
  Millis now = 1'000'000;
  std::map<Token, Response> answers;
  std::vector<Write> log;
  std::size_t written = 0;
  bool log_is_quick = true;
  Token last_token = 0;
  int last_member = 0;
  std::map<std::string, Token> tokens;  // the last JoinGroup or SyncGroup of each member
};

}  // namespace ottla::groups
