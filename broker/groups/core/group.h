// One consumer group of the classic protocol, as rules alone: step(now, event) -> effects. No clock, no lock, no files:
// the coordinator (or a simulation) brings events and carries out what follows.
//
// Sources: Kafka's GroupMetadataManager and ClassicGroup (4.3.1), KIP-62 (rebalance time-out), KIP-345 (static
// members), KIP-394 (MEMBER_ID_REQUIRED), KIP-814 (SkipAssignment).
#pragma once

#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>

#include "broker/groups/core/events.h"
#include "broker/groups/core/group_log.h"
#include "broker/groups/core/member.h"
#include "broker/groups/core/records.h"
#include "broker/groups/core/settings.h"

namespace ottla::groups {

enum class State : std::uint8_t { Empty, PreparingRebalance, CompletingRebalance, Stable, Dead };
const char* name_of(State state);

class Group {
 public:
  Group(const std::string& id, const Settings& settings) : Group(id, settings, GroupLog(id)) {}
  // A group that was of another kind: its offsets and its writes go on.
  Group(std::string id, const Settings& settings, GroupLog log)
      : id_(std::move(id)), settings_(settings), log_(std::move(log)) {}

  void set_settings(const Settings& settings) { settings_ = settings; }
  Effects step(Millis now, const Event& event);
  // Something may be due from here on: bring a Tick. Perhaps earlier than needed, never later.
  [[nodiscard]] Millis deadline() const { return wake_at_; }

  // What the log said, in its order; then loaded(), once.
  void restore(const GroupMetadataValue& value);
  void restore(const TopicPartition& partition, const std::optional<CommittedOffset>& committed) {
    log_.restore(partition, committed);
  }
  void loaded(Millis now);

  // Becomes a group of the new protocol: who waits is asked to come again.
  GroupLog hand_over(Effects& effects);
  // Was one: the members that are left join anew.
  Effects take_over(Millis now, const GroupMetadataValue& value, std::vector<LogRecord> records);

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] Millis state_since() const { return state_since_; }
  [[nodiscard]] std::int32_t generation() const { return generation_; }
  [[nodiscard]] const std::string& protocol_type() const { return protocol_type_; }
  [[nodiscard]] const std::optional<std::string>& protocol() const { return protocol_; }
  [[nodiscard]] const std::map<std::string, Member>& members() const { return members_; }
  // Told an id and asked to come back with it; until when.
  [[nodiscard]] const std::map<std::string, Millis>& pending_members() const { return pending_members_; }
  [[nodiscard]] const std::string& leader() const { return leader_; }  // empty: none
  // Durable ones only.
  [[nodiscard]] const std::map<TopicPartition, CommittedOffset>& offsets() const { return log_.offsets(); }
  // Nothing of it needs to be remembered: it may be dropped without a trace.
  [[nodiscard]] bool is_forgettable() const;
  // In plain words: what state, since when and why, who is awaited, what happens when.
  [[nodiscard]] std::string explain(Millis now) const;

 private:
  // What a write was for.
  struct AssignmentStored {
    std::int32_t generation = 0;
  };
  struct MemberReplaced {
    Token token = 0;
    JoinGroupResponse response;
  };
  struct GroupDeleted {
    Token token = 0;
  };
  struct NothingWaits {};
  using Purpose = std::variant<AssignmentStored, MemberReplaced, GroupDeleted, NothingWaits>;

  // group.cc
  void on(const Heartbeat& event);
  void on(const Leave& event);
  void on(const Tick&);
  void on(const ConsumerHeartbeat& event);
  ErrorCode leave(const LeaveGroupRequest::MemberIdentity& leaving);
  bool expire_members();
  [[nodiscard]] ErrorCode check_member(const std::string& id, const std::optional<std::string>& instance_id) const;
  void remove_member(const std::string& id);
  void keep_alive(Member& member, const char* said);
  void wake_by(Millis when) { wake_at_ = std::min(wake_at_, when); }
  void plan_next_wake();
  void answer(Token token, Response response);
  [[nodiscard]] bool is_broken_by(Mutant mutant) const { return settings_.mutant == mutant; }

  // join.cc
  void on(const Join& event);
  void join_as_new(const Join& event);
  void join_again(const Join& event);
  void add_member(const Join& event, const std::string& id);
  void replace_static_member(const Join& event, const std::string& old_id);
  void update_member(Member& member, const Join& event);
  void refuse(const Join& event, ErrorCode error, const std::string& member_id);
  [[nodiscard]] bool supports(const JoinGroupRequest& request) const;
  [[nodiscard]] JoinGroupResponse joined(const Member& member, bool with_members) const;

  // rebalance.cc
  void rebalance(const std::string& reason);
  void maybe_complete_join();
  void complete_join();
  bool elect_joined_leader();
  void start_generation();
  void end_initial_delay();
  [[nodiscard]] std::unordered_set<std::string_view> common_protocols() const;
  [[nodiscard]] std::string select_protocol() const;
  [[nodiscard]] bool all_have_joined() const;
  [[nodiscard]] Millis rebalance_timeout() const;
  void enter(State state);

  // sync.cc
  void on(const Sync& event);
  [[nodiscard]] ErrorCode check_sync(const SyncGroupRequest& request) const;
  void take_assignment(const SyncGroupRequest& request);
  void assignment_stored(const AssignmentStored& stored, bool ok);
  void answer_sync(Member& member);
  void drop_assignments(ErrorCode error);
  [[nodiscard]] GroupMetadataValue metadata() const;

  // offsets.cc
  void on(const Commit& event);
  void on(const DeleteOffsets& event);
  void on(const ExpireOffsets& event);
  void on(const DeleteGroup& event);
  void on(const Written& event);
  [[nodiscard]] ErrorCode check_commit(const Commit& event) const;
  void write(std::vector<LogRecord> records, Purpose purpose);

  std::string id_;
  Settings settings_;
  Millis now_ = 0;
  Effects effects_;

  State state_ = State::Empty;
  bool is_initial_delay_ = false;  // in PreparingRebalance: only the delay decides
  bool joined_during_delay_ = false;
  bool is_storing_assignment_ = false;
  std::int32_t generation_ = 0;
  Millis state_since_ = 0;
  Millis rebalance_ends_at_ = 0;  // in PreparingRebalance
  Millis initial_delay_left_ms_ = 0;
  Millis sync_ends_at_ = 0;  // who has not fetched its assignment by then is removed
  std::string reason_;       // of the latest rebalance
  std::string protocol_type_;
  std::optional<std::string> protocol_;
  std::string leader_;  // empty: none
  std::map<std::string, Member> members_;
  std::map<std::string, std::string> static_members_;  // instance id -> member id
  std::map<std::string, Millis> pending_members_;

  GroupLog log_;
  std::map<std::uint64_t, Purpose> writes_;  // under way
  Millis wake_at_ = std::numeric_limits<Millis>::max();
};

}  // namespace ottla::groups
