// One partition on this broker: runs the effects of the pure replica rules against its log, and wakes who waits.
//
// Appends are combined: what the connections of a core bring in one turn of its loop becomes one gathered write and one
// `step`, at the end of the turn. Any thread may call anything here; no lock is held across an await.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "broker/committer.h"
#include "broker/core.h"
#include "broker/one_shot.h"
#include "broker/replica_outside.h"
#include "broker/topic_config.h"
#include "replication/replica.h"
#include "storage/log.h"
#include "storage/producer_state.h"

namespace ottla {

// What a reader sees of a partition at one moment.
struct PartitionView {
  Offset log_start_offset;
  Offset high_watermark;
  Offset log_end_offset;
  LeaderEpoch leader_epoch;
  // A new leader's high watermark lags: below the start of its epoch, the end that consumers may see is not known
  // (KIP-207).
  bool knows_end = true;
  ErrorCode error = ErrorCode::NONE;  // set: it is not led here, or offline, and nothing else here means anything
};

// The first stage of a write is over. The second one must name the epoch: in a later one, other records may have the
// offsets.
struct Dispatched {
  Offset base_offset;
  LeaderEpoch epoch;
  Offset log_start_offset;
  bool is_committed = false;  // there is nothing to wait for
};

using Woken = OneShot<bool>;

// A write in its first stage.
struct PendingAppend {
  AppendBatch batch;
  bool needs_all_acks = true;
  LeaderEpoch current_leader_epoch;
  // Once `done` is complete: where it is, or an error of Replica::may_append, of Log::append, or KAFKA_STORAGE_ERROR.
  Result<Dispatched> result = failure(ErrorCode::UNKNOWN_SERVER_ERROR, "not written yet");
  Woken done;
};

// Whose replica it is, and how it speaks to others.
struct ReplicaPlace {
  BrokerId self;
  ReplicaTimes times;
  Offset high_watermark;              // of the checkpoint; a hint
  ReplicaOutside* outside = nullptr;  // nullptr: a broker on its own
};

// Consumers that know of it may read from followers (KIP-392), up to the high watermark that those know.
enum class ReadFrom : std::uint8_t { leader, any_replica };

class Partition : public std::enable_shared_from_this<Partition> {
 public:
  // A log that cannot be opened: everything is answered with its error. Nothing is served before `follow`.
  Partition(std::string name, const PartitionKey& key, Result<std::unique_ptr<Log>> log, const TopicConfig& config,
            Committer& committer, const ReplicaPlace& place);
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;

  // The metadata say this of the partition; what is older than what it has heard already does not count. Blocking: a
  // leader's epoch is synced first.
  void follow(const PartitionMetadata& metadata);

  // The first stage of a write. Its order among those of this core is fixed when this returns; it is written at the end
  // of the core's turn. The bytes stay the caller's, until then.
  std::shared_ptr<PendingAppend> begin_append(Core& core, AppendBatch batch, bool needs_all_acks,
                                              LeaderEpoch current_leader_epoch = {});
  // ... and is over.
  Awaitable<Result<Dispatched>> append(Core& core, AppendBatch batch, bool needs_all_acks,
                                       LeaderEpoch current_leader_epoch = {});
  // The second stage: until everything below `end`, appended in `epoch`, is on every in-sync replica as durably as the
  // topic asks; or, not needing all, on this one. Errors: REQUEST_TIMED_OUT, KAFKA_STORAGE_ERROR,
  // NOT_LEADER_OR_FOLLOWER (another leads now, and may not have it; or the topic was deleted meanwhile).
  Awaitable<Result<void>> wait_until_committed(Core& core, Offset end, LeaderEpoch epoch, Clock::duration time_out,
                                               bool needs_all_acks);

  // Readers are served by the leader, unless they say that a follower will do. Errors of all that follow:
  // NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR.

  // Batches that a consumer may see (below the high watermark).
  Result<LogSlice> slice(Offset from, std::int64_t max_bytes, bool at_least_one, ReadFrom read_from = ReadFrom::leader);
  // Puts damage that a reader was told of (CORRUPT_MESSAGE) into the broker's log, once for each place.
  void report_damage(const Error& damage);
  // Completes `woken` at the next advance of the high watermark past `seen`, or at once if it has passed or another
  // leads.
  void wake_on_advance(Offset seen, std::shared_ptr<Woken> woken, ReadFrom read_from = ReadFrom::leader);
  Result<TimestampAndOffset> offset_for_timestamp(std::int64_t timestamp_ms);
  Result<TimestampAndOffset> max_timestamp();
  Result<EpochEndOffset> end_offset_for(LeaderEpoch epoch);
  PartitionView view(ReadFrom read_from = ReadFrom::leader);
  std::vector<ProducerState::LastBatch> producers();
  // The records below `offset` (-1: the high watermark) are served no more; gives the new log start. Errors too:
  // OFFSET_OUT_OF_RANGE above the high watermark, POLICY_VIOLATION if the topic is only compacted.
  Result<Offset> delete_records(Offset offset);
  // The second stage: until what was deleted below `to` can come back with no in-sync replica. Asks nobody to make log
  // starts durable here. Error: REQUEST_TIMED_OUT.
  Awaitable<Result<void>> wait_until_deleted(Core& core, Offset to, Clock::duration time_out);

  // For followers, whom the leader answers.
  replica_effect::AnswerFetch fetched_by(const FollowerFetch& fetch);
  // From there up to the log end, at least one batch. What is read of it counts only if leads_in(the epoch of the
  // fetch) holds after the reading: else the log may have been cut and written anew under it.
  Result<LogSlice> replica_slice(Offset from, std::int64_t max_bytes);
  bool leads_in(LeaderEpoch epoch);
  // What this leader knows of them; empty if it does not lead.
  std::vector<Replica::Follower> followers();
  // Completes `woken` at the next append past what was `seen` as the log end (read_from), at the next advance of the
  // high watermark or the log start past the one seen, when another leads, or at once if that has been.
  void wake_on_news(const replica_effect::AnswerFetch& seen, std::shared_ptr<Woken> woken);

  // From outside: how a fetch of ours ended, with the records it brought, which stay the caller's; the controller's
  // answer; and that time has passed.
  void fetch_done(const FetchDone& done, std::span<const std::byte> records);
  void isr_answered(const AlterPartitionReply& reply);
  void tick(std::int64_t armed_for_ms = -1);  // as ReplicaOutside::arm_timer was asked

  // Housekeeping, whoever leads. Nothing if the log is offline.
  struct LogState {
    bool is_damaged = false;  // its recovery point must stay where it is
    Offset log_start_offset;
    Offset durable_end_offset;
    Offset cleaned_to;
    Offset high_watermark;
  };
  std::optional<LogState> log_state();
  std::int64_t size_bytes();
  // Its log could not be opened, or its directory is dead: everything is KAFKA_STORAGE_ERROR.
  bool is_offline();
  // Records were found that cannot be read, at the start or by a reader.
  bool is_damaged();
  void expire_producers(std::int64_t now_ms);
  // True if the log start is not durable yet.
  Result<bool> apply_retention(std::int64_t now_ms);
  Result<void> remove_deleted_segments(Offset durable_start);
  // Queues the sync that flush.ms wants.
  void sync_what_is_old(std::int64_t now_ms);
  // They are loaded again when needed.
  void drop_closed_indexes();
  // True if something was compacted. Reads and writes without the lock, and calls `goes_on` between batches: false ends
  // it.
  Result<bool> compact(Disk& disk, std::int64_t now_ms, std::size_t key_map_max_bytes,
                       const std::function<bool()>& goes_on);

  // The committer's two steps: what has to be synced, if anything; and once it is, the durable end moves and the
  // waiters wake.
  std::optional<SyncJob> begin_sync();
  void finish_sync(const SyncJob& job);
  // Refuses everything from here on; those who wait get `error`.
  void fail(const Error& error);
  // The broker stops: those who wait get NOT_LEADER_OR_FOLLOWER, and nobody waits from here on.
  void end_waits();
  // A clean stop; where the log ends, or nothing if it is offline or damaged.
  Result<std::optional<DurableMark>> close();

  [[nodiscard]] const std::string& name() const { return name_; }  // "<topic>-<index>", as its directory
  [[nodiscard]] const PartitionKey& key() const { return key_; }
  [[nodiscard]] std::shared_ptr<const TopicConfig> config() const;
  // Counts at once. What an acknowledgement waits for is the metadata's to say: follow() comes after it.
  void set_config(const TopicConfig& config);

 private:
  using CommitWait = OneShot<Result<void>>;
  using CommitWaits = std::multimap<Offset, std::shared_ptr<CommitWait>>;  // by the end they wait for
  struct NewsWait {
    replica_effect::AnswerFetch seen;
    std::shared_ptr<Woken> woken;
  };
  // Holds the lock; then, without it, wakes whom that concerns: a woken coroutine may come back here at once.
  class Turn {
   public:
    explicit Turn(std::mutex& mutex) : lock_(mutex) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn();

    void commit(CommitWaits& waits, Offset up_to);
    void refuse(CommitWaits& waits, const Error& error);
    void wake(std::vector<std::shared_ptr<Woken>>& waits);
    void wake(std::shared_ptr<Woken> wait) { woken_.push_back(std::move(wait)); }

   private:
    std::unique_lock<std::mutex> lock_;
    std::vector<std::shared_ptr<CommitWait>> committed_;
    std::vector<std::pair<std::shared_ptr<CommitWait>, Error>> refused_;
    std::vector<std::shared_ptr<Woken>> woken_;
  };

  void write_group(const std::vector<std::shared_ptr<PendingAppend>>& group);

  // All below REQUIRE: mutex_.

  // Deleted or closed; where only the disk failed, reading goes on until another leads.
  [[nodiscard]] bool is_gone() const { return failed_ && failed_->code != ErrorCode::KAFKA_STORAGE_ERROR; }
  [[nodiscard]] bool may_be_read(ReadFrom read_from = ReadFrom::leader) const;
  [[nodiscard]] Error why_not() const;
  [[nodiscard]] Offset confirmed_end() const;
  void plan_sync();
  void refuse_waits(Turn& turn, const Error& error);
  [[nodiscard]] bool has_news(const replica_effect::AnswerFetch& seen) const;
  void wake_followers(Turn& turn);
  void die(Turn& turn, const Error& error);
  void lose_disk(Turn& turn, const Error& error);
  void go_offline(Turn& turn, const Error& error);

  // partition_replication.cc: one event, and whatever comes of it, in order.
  void step(const ReplicaEvent& event, Turn& turn);
  void raise(const ReplicaEvent& event);
  void want_durable_start();
  void carry_out(Turn& turn);
  void run(const replica_effect::AssignEpoch& effect, Turn& turn);
  void run(const replica_effect::Truncate& effect, Turn& turn);
  void run(const replica_effect::StartAnew& effect, Turn& turn);
  void run(const replica_effect::AppendFetched& effect, Turn& turn);
  void run(const replica_effect::SendFetch& effect, Turn& turn);
  void run(const replica_effect::AnswerFetch& effect, Turn& turn);
  void run(const replica_effect::SendAlterPartition& effect, Turn& turn);
  void run(const replica_effect::HighWatermarkMoved& effect, Turn& turn);
  void run(const replica_effect::LowWatermarkMoved& effect, Turn& turn);
  void run(const replica_effect::StepDown& effect, Turn& turn);
  void run(const replica_effect::AdvanceLogStart& effect, Turn& turn);
  void run(const replica_effect::ArmTimer& effect, Turn& turn);
  void run(const replica_effect::InvariantBroken& effect, Turn& turn);

  const std::string name_;
  const PartitionKey key_;
  Committer& committer_;
  ReplicaOutside* const outside_;

  mutable std::mutex config_mutex_;  // guards the one below; taken under mutex_, never the other way round
  std::shared_ptr<const TopicConfig> config_;

  std::mutex mutex_;  // guards all below
  std::unique_ptr<Log> log_;
  Replica replica_;
  ReplicaEffects effects_;                             // empty between steps
  std::span<const std::byte> fetched_;                 // within fetch_done
  std::optional<replica_effect::AnswerFetch> answer_;  // within fetched_by
  std::vector<AppendBatch> batches_;                   // within write_group
  std::optional<Error> failed_;
  LeaderEpoch led_when_failed_;
  bool ending_waits_ = false;
  bool queued_for_sync_ = false;
  bool cannot_append_fetched_ = false;  // and has said so
  std::int64_t refused_bytes_ = 0;      // what the disk had no room for, last; 0: it has taken all since
  std::optional<std::int64_t> unsynced_since_ms_;
  CommitWaits all_acks_waits_;    // for the high watermark
  CommitWaits leader_ack_waits_;  // for confirmed_end()
  CommitWaits delete_waits_;      // for the low watermark
  std::vector<std::shared_ptr<Woken>> fetch_waits_;
  std::vector<NewsWait> news_waits_;  // followers
  std::set<std::string> reported_damage_;
};

}  // namespace ottla
