// One replica of a partition, as rules alone: leader, follower, or neither, as the metadata say. step(now, event) gives
// effects; what they are is told in replica_events.h. The rules are Kafka's (KIP-101, 279, 320, 497, 841, 903, 966),
// with one thing added: what counts is what a replica has synced (durable end offset), not what it has written.
//
// A leader: replica_leading.cc, and its ISR replica_leading_isr.cc. A follower: replica_following.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "replication/isr.h"
#include "replication/replica_events.h"

namespace ottla {

struct ReplicaTimes {
  std::int64_t lag_time_max_ms = 30'000;  // replica.lag.time.max.ms
  std::int64_t alter_partition_retry_ms = 1'000;
  std::int64_t fetch_backoff_ms = 1'000;  // replica.fetch.backoff.ms
  std::int64_t metadata_backoff_ms = 50;  // where leader and follower have not heard of the same epoch yet
  std::int64_t heard_lately_ms = 1'000;   // who may be in the ISR of a successor
};

class Replica {
 public:
  enum class Role : std::uint8_t { none, leader, follower, failed };
  // What the leader knows of a follower, from its fetches in this epoch.
  struct Follower {
    BrokerId id;
    BrokerEpoch broker_epoch;
    Offset log_end_offset{-1};  // -1: not known
    Offset durable_end_offset{-1};
    Offset durable_start_offset{-1};
    bool has_no_room = false;
    std::int64_t received_ms = 0;  // its last fetch
    std::int64_t last_caught_up_ms = 0;
    bool was_caught_up = false;  // last_caught_up_ms means something
    // Once it has this offset, it had caught up at that time.
    Offset mark;
    std::int64_t mark_ms = 0;
  };

  // `generation` is greater than any that an earlier process of this broker has used for this partition's log.
  // `high_watermark`: from the checkpoint, at most the log end; only a hint.
  Replica(BrokerId id, const ReplicaTimes& times, std::uint64_t generation, Offset high_watermark)
      : id_(id), times_(times), generation_(generation), high_watermark_(high_watermark) {}

  // Adds to `effects`. `now_ms` is monotonic; no safety depends on it.
  void step(std::int64_t now_ms, const ReplicaEvent& event, const LogView& log, ReplicaEffects& effects);

  // Whether a producer's batch may be appended now, with the epoch that it then gets. Errors: NOT_LEADER_OR_FOLLOWER,
  // FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH (`current_leader_epoch`, if given, is another one), NOT_ENOUGH_REPLICAS
  // (acks=all below min.insync.replicas).
  [[nodiscard]] Result<LeaderEpoch> may_append(bool needs_all_acks, LeaderEpoch current_leader_epoch = {}) const;

  [[nodiscard]] Role role() const { return role_; }
  // True once a leader has its epoch in the log.
  [[nodiscard]] bool is_leading() const { return role_ == Role::leader && leads_; }
  // Everything below is on every in-sync replica as firmly as the topic asks.
  [[nodiscard]] Offset high_watermark() const { return high_watermark_; }
  // A leader: what DeleteRecords took below here is gone from every in-sync replica for good; -1: nothing yet.
  [[nodiscard]] Offset low_watermark() const { return low_watermark_; }
  [[nodiscard]] const PartitionMetadata& metadata() const { return metadata_; }
  [[nodiscard]] const Isr& isr() const { return isr_; }
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] const std::vector<Follower>& followers() const { return followers_; }  // a leader's
  // Gives add(number) all that decides what comes next; replica_state.h has it.
  template <class Add>
  void add_state(std::int64_t now_ms, const Add& add) const;

 private:
  struct Context {
    std::int64_t now_ms;
    const LogView& log;
    ReplicaEffects& effects;
  };

  // replica.cc
  void on(const Context& context, const replica_event::MetadataChanged& event);
  void on(const Context& context, const replica_event::LogAppended& event);
  void on(const Context& context, const replica_event::DurableEndMoved& event);
  void on(const Context& context, const replica_event::DurableStartMoved& event);
  void on(const Context& context, const replica_event::LogFailed& event);
  void on(const Context& context, const replica_event::Tick& event);
  void arm(const Context& context, std::int64_t at_ms);
  void leave_role(const Context& context);
  [[nodiscard]] const ReplicaBroker* broker(BrokerId id) const;
  [[nodiscard]] Offset confirmed(const LogView& log) const;

  // replica_leading.cc
  void on(const Context& context, const replica_event::EpochAssigned& event);
  void on(const Context& context, const FollowerFetch& fetch);
  void on(const Context& context, const replica_event::RecordsDeleted& event);
  void on(const Context& context, const replica_event::NoRoom& event);
  void on(const Context& context, const AlterPartitionReply& reply);
  void become_leader(const Context& context);
  void know_followers(const Context& context);
  void apply_committed_isr(const Context& context);
  [[nodiscard]] ErrorCode check_fetch(const FollowerFetch& fetch) const;
  [[nodiscard]] bool diverges(const FollowerFetch& fetch, const LogView& log,
                              replica_effect::AnswerFetch& answer) const;
  void note_fetch(const Context& context, const FollowerFetch& fetch);
  void advance_high_watermark(const Context& context);
  void advance_low_watermark(const Context& context);
  [[nodiscard]] bool has_enough_replicas() const;
  [[nodiscard]] bool may_join(const Follower& follower) const;
  [[nodiscard]] Offset confirmed(const Follower& follower) const;
  [[nodiscard]] bool is_caught_up(const Follower& follower, const Context& context) const;
  void maybe_expand(const Context& context, const Follower& follower);
  void maybe_hand_over(const Context& context, const Follower& follower);
  void maybe_shrink(const Context& context);
  [[nodiscard]] std::vector<IsrMember> with_epochs(const BrokerIds& ids) const;
  void send_alter_partition(const Context& context, IsrRequest& request);
  void lead_on(const Context& context);

  // replica_following.cc
  void on(const Context& context, const FetchDone& done);
  void on(const Context& context, const replica_event::Truncated& event);
  void on(const Context& context, const replica_event::AppendFailed& event);
  void become_follower(const Context& context);
  void fetch(const Context& context);
  void fetch_later(const Context& context, std::int64_t backoff_ms);
  void on_fetch_error(const Context& context, const FetchDone& done);
  void truncate(const Context& context, EpochEndOffset leaders_end);
  void follow_high_watermark(const Context& context);
  void follow_log_start(const Context& context);
  void follow_on(const Context& context);

  const BrokerId id_;
  const ReplicaTimes times_;
  // Of the log and of what was asked on its behalf: grows with every truncation, change of role and fetch given up.
  std::uint64_t generation_;
  Offset high_watermark_;
  Role role_ = Role::none;
  PartitionMetadata metadata_;
  std::int64_t timer_ms_ = -1;  // the one armed; -1: none

  // A leader.
  bool leads_ = false;
  Offset epoch_start_offset_;
  Offset first_log_start_offset_;  // where its log starts when it begins to lead
  Offset deleted_to_{-1};
  std::int64_t without_room_since_ms_ = -1;  // -1: there is room
  Offset low_watermark_{-1};
  Isr isr_;
  std::vector<Follower> followers_;
  std::uint64_t next_token_ = 1;

  // A follower.
  bool fetch_under_way_ = false;
  bool has_more_ = true;        // the leader had records at the last fetch
  std::int64_t retry_ms_ = -1;  // -1: no wait
  Offset leader_high_watermark_{-1};
  Offset leader_log_start_offset_{-1};
  bool hides_last_epoch_ = false;  // only with a rule broken on purpose
};

}  // namespace ottla
