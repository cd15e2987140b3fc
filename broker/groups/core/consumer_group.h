// One consumer group of the new protocol (KIP-848), as rules alone: step(now, event) -> effects. The coordinator
// assigns; each member moves to its share on its own, and a partition goes to its next owner once the last one let it
// go. What a member is told is durable before.
//
// Source: KIP-848, KIP-1082, KIP-1251; ConsumerGroup and CurrentAssignmentBuilder of Kafka 4.3.1.
#pragma once

#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "broker/groups/core/assignor.h"
#include "broker/groups/core/consumer_member.h"
#include "broker/groups/core/events.h"
#include "broker/groups/core/group.h"
#include "broker/groups/core/group_log.h"
#include "broker/groups/core/records.h"
#include "broker/groups/core/settings.h"

namespace ottla::groups {

class ConsumerGroup {
 public:
  ConsumerGroup(std::string id, const Settings& settings, GroupLog log)
      : id_(std::move(id)), settings_(settings), log_(std::move(log)) {}

  void set_settings(const Settings& settings) { settings_ = settings; }
  Effects step(Millis now, const Event& event);
  // Something may be due from here on: bring a Tick. Perhaps earlier than needed, never later.
  [[nodiscard]] Millis deadline() const { return wake_at_; }

  // What the log said, in its order; then loaded(), once.
  void restore(const ConsumerSaid& said);
  void restore(const TopicPartition& partition, const std::optional<CommittedOffset>& committed) {
    log_.restore(partition, committed);
  }
  void loaded(Millis now, const TopicsView& topics);

  // Online upgrade: the members of a classic group, with what they have. INCONSISTENT_GROUP_PROTOCOL if that cannot
  // be read, and then nothing has changed. To be called before `step`.
  Result<void> take_over(Millis now, const Group& classic, const TopicsView& topics);
  // Downgrade: nobody speaks the new protocol any more.
  [[nodiscard]] bool is_left_to_classic_members() const;
  [[nodiscard]] GroupMetadataValue as_classic() const;
  [[nodiscard]] std::vector<LogRecord> tombstones() const;
  GroupLog hand_over() { return std::move(log_); }
  void take_log(GroupLog log) { log_ = std::move(log); }

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const char* state_name() const;  // Kafka's: Empty, Assigning, Reconciling, Stable, Dead
  [[nodiscard]] bool is_dead() const { return is_dead_; }
  [[nodiscard]] Millis empty_since() const { return empty_since_; }
  [[nodiscard]] std::int32_t epoch() const { return epoch_; }
  [[nodiscard]] std::int32_t target_epoch() const { return target_epoch_; }
  [[nodiscard]] Millis target_made_at() const { return target_made_at_; }
  [[nodiscard]] bool is_settled() const;  // each member has its share
  [[nodiscard]] std::string assignor() const;
  [[nodiscard]] const std::map<std::string, ConsumerMember>& members() const { return members_; }
  [[nodiscard]] const std::map<TopicPartition, CommittedOffset>& offsets() const { return log_.offsets(); }
  [[nodiscard]] std::set<std::string> subscribed_topics() const;
  [[nodiscard]] const std::string* owner_of(const TopicIdPartition& partition) const;
  // What a member's OffsetFetch has to say of itself (version 9). UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH.
  [[nodiscard]] ErrorCode check_fetch(const std::optional<std::string>& member_id, std::int32_t epoch) const;
  [[nodiscard]] bool is_forgettable() const;
  [[nodiscard]] std::string explain(Millis now) const;

 private:
  static constexpr std::int32_t first_epoch = 1;  // as in Kafka since 4.3

  using Key = std::pair<ConsumerRecordKind, std::string>;  // of a record: its kind, and the member or expression

  // consumer_group.cc
  void on(const ConsumerHeartbeat& event);
  void on(const Tick&);
  void leave(const ConsumerHeartbeat& event);
  ConsumerMember* join(const ConsumerHeartbeat& event);
  ConsumerMember* known_member(const ConsumerHeartbeat& event);
  [[nodiscard]] ErrorCode check_member(const std::string& id, const std::optional<std::string>& instance_id) const;
  [[nodiscard]] std::optional<Error> check_epoch(const ConsumerMember& member,
                                                 const ConsumerGroupHeartbeatRequest& request) const;
  bool update(ConsumerMember& member, const ConsumerHeartbeat& event);
  ConsumerMember& add_member(const std::string& id, const std::optional<std::string>& instance_id);
  ConsumerMember& replace_static_member(const std::string& old_id, const std::string& new_id);
  void remove_member(const std::string& id, const std::string& why);
  void keep_alive(ConsumerMember& member, const char* said);
  void wake_by(Millis when) { wake_at_ = std::min(wake_at_, when); }
  void refuse(const ConsumerHeartbeat& event, ErrorCode error, std::string message);
  void refuse_stranger(const ConsumerHeartbeat& event, ErrorCode error);
  [[nodiscard]] bool is_broken_by(Mutant mutant) const { return settings_.mutant == mutant; }

  // reconcile.cc
  void take_topics(const TopicsView& topics);
  void resolve(const std::string& regex);
  void bump_epoch(const std::string& why);
  void make_target();
  [[nodiscard]] std::set<TopicId> topics_of(const ConsumerMember& member) const;
  [[nodiscard]] std::int64_t metadata_hash() const;
  bool reconcile(ConsumerMember& member, const std::optional<Partitions>& owned);
  bool move_on(ConsumerMember& member, std::int32_t epoch, const std::optional<Partitions>& owned);
  void set_owned(ConsumerMember& member, Owned assigned, Owned pending_revocation);
  void release(const ConsumerMember& member);

  // classic_member.cc
  void on(const Join& event);
  void on(const Sync& event);
  void on(const Heartbeat& event);
  void on(const Leave& event);
  [[nodiscard]] ErrorCode check_join(const Join& event) const;
  [[nodiscard]] std::string common_protocol(const Protocols& wanted) const;

  // consumer_offsets.cc
  void on(const Commit& event);
  void on(const DeleteOffsets& event);
  void on(const ExpireOffsets& event);
  [[nodiscard]] ErrorCode check_commit(const Commit& event) const;

  // consumer_store.cc
  void on(const DeleteGroup& event);
  void on(const Written& event);
  void touch(ConsumerRecordKind kind, std::string part = {}) { touched_.emplace(kind, std::move(part)); }
  [[nodiscard]] ConsumerSaid said(const Key& key) const;
  void restore_member(const ConsumerSaid& said);
  void flush();
  void answer(Token token, Response response) { answers_.push_back({token, std::move(response)}); }

  std::string id_;
  Settings settings_;
  Millis now_ = 0;
  Effects effects_;
  std::vector<Answer> answers_;  // of this step: they leave when all it changed is durable

  bool is_dead_ = false;
  Millis empty_since_ = 0;
  std::int32_t epoch_ = first_epoch;
  std::int32_t target_epoch_ = 0;  // of the members' targets; behind `epoch_` until the next heartbeat
  std::int64_t target_made_at_ = 0;
  std::int64_t metadata_hash_ = 0;
  bool has_partition_metadata_ = false;  // a record of an older Kafka
  std::map<std::string, ConsumerMember> members_;
  std::map<std::string, std::string> static_members_;     // instance id -> member id
  std::map<TopicIdPartition, std::string> owners_;        // assigned, or not yet let go of
  std::map<std::string, std::set<std::string>> regexes_;  // -> the topics they match
  Millis regexes_resolved_at_ = 0;
  bool are_regexes_stale_ = false;
  TopicsView topics_ = std::make_shared<const Topics>();

  GroupLog log_;
  std::set<Key> touched_;  // to be written as it is now
  std::map<std::uint64_t, std::set<Key>> writes_;
  std::uint64_t deletion_ = 0;  // the write that ends the group
  Millis write_again_at_ = 0;
  Millis wake_at_ = std::numeric_limits<Millis>::max();
};

}  // namespace ottla::groups
