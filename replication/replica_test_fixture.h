// For tests: one replica with a log that is only numbers, and words for what happens to it.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "replication/mutants.h"
#include "replication/replica.h"

namespace ottla {

// Breaks a rule for as long as it lives.
class BrokenRule {
 public:
  explicit BrokenRule(Mutant which) { active_mutant = which; }
  BrokenRule(const BrokenRule&) = delete;
  BrokenRule& operator=(const BrokenRule&) = delete;
  ~BrokenRule() { active_mutant = Mutant::none; }
};

// What the scene ends with, under the rules and without one of them.
template <class Scene>
void expect_differs(Mutant mutant, const Scene& scene, std::int64_t expected) {
  EXPECT_EQ(scene(), expected);
  const BrokenRule broken(mutant);
  EXPECT_NE(scene(), expected);
}

// Broker 1 is the one looked at; brokers 2 and 3 have the other replicas. Broker epochs are 100 + id.
class ReplicaScene {
 public:
  explicit ReplicaScene(ReplicaTimes times = {.lag_time_max_ms = 1000,
                                              .alter_partition_retry_ms = 100,
                                              .fetch_backoff_ms = 50})
      : replica(BrokerId{1}, times, 0, Offset{0}) {}

  // Epochs of the log as (epoch, start), and its end; all of it durable.
  void has_log(const std::vector<std::pair<int, int>>& starts, int end) {
    epochs = {};
    for (const auto& [epoch, start] : starts) {
      epochs.add(LeaderEpoch{epoch}, Offset{start});
    }
    log_end = durable_end = Offset{end};
  }
  void step(const ReplicaEvent& event) {
    effects.clear();
    replica.step(now_ms, event,
                 LogView{log_start, durable_start, log_end, durable_end, epochs, is_damaged, has_no_room}, effects);
  }
  template <class Effect>
  [[nodiscard]] const Effect* effect() const {
    for (const ReplicaEffect& one : effects) {
      if (const auto* const found = std::get_if<Effect>(&one)) {
        return found;
      }
    }
    return nullptr;
  }

  PartitionMetadata metadata(int leader, int leader_epoch, int partition_epoch, const std::vector<int>& isr) const {
    PartitionMetadata made{.leader = BrokerId{leader},
                           .leader_epoch = LeaderEpoch{leader_epoch},
                           .partition_epoch = PartitionEpoch{partition_epoch},
                           .replicas = {},
                           .isr = {},
                           .is_recovering = is_recovering,
                           .effective_min_isr = min_isr};
    for (const int id : {1, 2, 3}) {
      made.replicas.push_back({BrokerId{id}, BrokerEpoch{100 + id}, id != fenced});
    }
    for (const int id : isr) {
      made.isr.push_back(BrokerId{id});
    }
    return made;
  }
  void hears(int leader, int leader_epoch, int partition_epoch, const std::vector<int>& isr) {
    step(replica_event::MetadataChanged{metadata(leader, leader_epoch, partition_epoch, isr)});
    if (const auto* const assign = effect<replica_effect::AssignEpoch>()) {
      epochs.add(assign->epoch, log_end);
      step(replica_event::EpochAssigned{});
    }
  }
  // Leads in this epoch, from partition epoch 10 on.
  void leads(int leader_epoch, const std::vector<int>& isr) { hears(1, leader_epoch, 10, isr); }
  void follows(int leader_epoch) { hears(2, leader_epoch, 10, {1, 2, 3}); }

  void appends(int records) {
    log_end = log_end + records;
    step(replica_event::LogAppended{});
  }
  void syncs() {
    durable_end = log_end;
    step(replica_event::DurableEndMoved{});
  }
  // DeleteRecords, whose outcome a crash does not undo here.
  void deletes(int to) {
    log_start = Offset{to};
    step(replica_event::RecordsDeleted{log_start});
    durable_start = log_start;
    step(replica_event::DurableStartMoved{});
  }
  void writes(int records) {
    appends(records);
    syncs();
  }
  void truncates_as_told() {
    const auto* const truncate = effect<replica_effect::Truncate>();
    ASSERT_NE(truncate, nullptr);
    log_end = std::min(log_end, truncate->to);
    durable_end = std::min(durable_end, log_end);
    epochs.truncate(log_end);
    step(replica_event::Truncated{});
  }

  // A follower's fetch at `offset`, all of it durable unless it says otherwise.
  replica_effect::AnswerFetch fetched_by(int id, int offset, int last_epoch, std::optional<int> durable = {},
                                         std::optional<int> current_epoch = {}, int deleted_to = 0) {
    FollowerFetch fetch{
        .token = 7,
        .replica = BrokerId{id},
        .broker_epoch = BrokerEpoch{broker_epoch_of_fetches.value_or(100 + id)},
        .current_leader_epoch = current_epoch ? LeaderEpoch{*current_epoch} : replica.metadata().leader_epoch,
        .fetch_offset = Offset{offset},
        .last_fetched_epoch = LeaderEpoch{last_epoch},
        .durable_end_offset = Offset{durable.value_or(offset)},
        .durable_start_offset = Offset{deleted_to},
        .has_no_room = has_no_room_at_followers,
        .received_ms = received_ms.value_or(now_ms)};
    step(fetch);
    const auto* const answer = effect<replica_effect::AnswerFetch>();
    return answer != nullptr ? *answer : replica_effect::AnswerFetch{.error = ErrorCode::UNKNOWN_SERVER_ERROR};
  }
  // The answer to the fetch sent last.
  FetchDone answer(const replica_effect::SendFetch& sent) const {
    return {.generation = sent.generation,
            .current_leader_epoch = sent.current_leader_epoch,
            .fetch_offset = sent.fetch_offset,
            .diverging_epoch = {},
            .log_start_offset = Offset{0}};
  }
  static FetchDone diverging(FetchDone done, int epoch, int end) {
    done.diverging_epoch = {LeaderEpoch{epoch}, Offset{end}};
    return done;
  }
  void controller_answers(std::uint64_t token, ErrorCode error, int partition_epoch, const std::vector<int>& isr) {
    AlterPartitionReply reply{.token = token,
                              .error = error,
                              .leader_epoch = replica.metadata().leader_epoch,
                              .partition_epoch = PartitionEpoch{partition_epoch},
                              .isr = {}};
    for (const int id : isr) {
      reply.isr.push_back(BrokerId{id});
    }
    step(reply);
  }
  [[nodiscard]] std::int64_t low_watermark() const { return replica.low_watermark().value; }
  [[nodiscard]] std::int64_t high_watermark() const { return replica.high_watermark().value; }

  Replica replica;
  std::int64_t now_ms = 5000;
  std::size_t min_isr = 1;
  int fenced = -1;
  std::optional<std::int64_t> broker_epoch_of_fetches;
  LeaderEpochs epochs;
  Offset log_start;
  Offset durable_start;
  bool is_recovering = false;
  bool is_damaged = false;
  bool has_no_room = false;
  bool has_no_room_at_followers = false;
  std::optional<std::int64_t> received_ms;  // of fetches, if not now
  Offset log_end;
  Offset durable_end;
  ReplicaEffects effects;
};

}  // namespace ottla
