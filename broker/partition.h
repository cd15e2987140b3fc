// One partition on this broker: runs the effects of the pure leader core against its log, and wakes who waits.
//
// A partition is a combiner: appends queue up, the first to arrive becomes the writer, takes all that wait (from every
// core and connection) and makes one gathered write and one step of them; the others resume with their offsets. Any
// core may call anything here; no lock is held across an await.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "broker/committer.h"
#include "broker/core.h"
#include "broker/one_shot.h"
#include "broker/topic_config.h"
#include "replication/leader.h"
#include "storage/log.h"
#include "storage/producer_state.h"

namespace ottla {

// What a reader sees of a partition at one moment.
struct PartitionView {
  Offset log_start_offset;
  Offset high_watermark;
  Offset log_end_offset;
  LeaderEpoch leader_epoch;
  ErrorCode error = ErrorCode::NONE;  // set: the partition is offline, and nothing else here means anything
};

using Woken = OneShot<bool>;

class Partition : public std::enable_shared_from_this<Partition> {
 public:
  Partition(std::string name, std::unique_ptr<Log> log, LeaderEpoch epoch, TopicConfig config, Committer& committer);
  // One whose log cannot be opened: it answers with `error`.
  Partition(std::string name, Error error, TopicConfig config, Committer& committer);
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;

  // The first stage of a write: order and offset are fixed when this returns. The bytes stay the caller's.
  Awaitable<Result<Appended>> append(AppendBatch batch);
  // The second stage: until every in-sync replica holds everything below `end` as durably as the topic asks.
  // Errors: REQUEST_TIMED_OUT, KAFKA_STORAGE_ERROR, NOT_LEADER_OR_FOLLOWER (the topic was deleted meanwhile).
  Awaitable<Result<void>> wait_until_committed(Core& core, Offset end, Clock::duration time_out);

  // Batches that a consumer may see (below the high watermark).
  Result<LogSlice> slice(Offset from, std::int64_t max_bytes, bool at_least_one);
  // Puts damage that a reader was told of (CORRUPT_MESSAGE) into the broker's log, once for each place.
  void report_damage(const Error& damage);
  // Completes `woken` at the next advance of the high watermark past `seen`, or at once if it has passed.
  void wake_on_advance(Offset seen, std::shared_ptr<Woken> woken);

  Result<TimestampAndOffset> offset_for_timestamp(std::int64_t timestamp_ms);
  Result<TimestampAndOffset> max_timestamp();
  EpochEndOffset end_offset_for(LeaderEpoch epoch);
  PartitionView view();
  std::int64_t size_bytes();
  void expire_producers(std::int64_t now_ms);
  std::vector<ProducerState::LastBatch> producers();

  // Housekeeping. Nothing if the log is offline.
  struct LogState {
    bool is_damaged = false;  // its recovery point must stay where it is
    Offset log_start_offset;
    Offset durable_end_offset;
    Offset cleaned_to;
  };
  std::optional<LogState> log_state();
  // The records below `offset` (-1: the high watermark) are served no more; gives the new log start. Errors:
  // OFFSET_OUT_OF_RANGE above the high watermark, POLICY_VIOLATION if the topic is only compacted.
  Result<Offset> delete_records(Offset offset);
  // True if the log start moved.
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
  [[nodiscard]] std::shared_ptr<const TopicConfig> config() const;
  // Counts at once.
  void set_config(const TopicConfig& config);

 private:
  struct Waiting {
    AppendBatch batch;
    Result<Appended> result = failure(ErrorCode::UNKNOWN_SERVER_ERROR, "not written yet");
    Woken done;
  };
  using CommitWait = OneShot<Result<void>>;

  // REQUIRES: mutex_. Deleted or closed; where only the disk failed, reading goes on.
  [[nodiscard]] bool is_gone() const { return failed_ && failed_->code != ErrorCode::KAFKA_STORAGE_ERROR; }
  void write_all_waiting();
  void write_group(std::vector<std::shared_ptr<Waiting>>& group);
  void plan_sync();
  void take_due(std::vector<std::shared_ptr<CommitWait>>& commits, std::vector<std::shared_ptr<Woken>>& fetches);
  // Without the lock: a woken coroutine may come back here at once.
  static void wake_all(const std::vector<std::shared_ptr<CommitWait>>& commits,
                       const std::vector<std::shared_ptr<Woken>>& fetches);

  static void fail_all(const std::multimap<Offset, std::shared_ptr<CommitWait>>& commits,
                       const std::vector<std::shared_ptr<Woken>>& fetches, const Error& error);

  const std::string name_;
  Committer& committer_;

  mutable std::mutex config_mutex_;  // guards the one below; taken under mutex_, never the other way round
  std::shared_ptr<const TopicConfig> config_;

  std::mutex queue_mutex_;  // guards the two below
  std::vector<std::shared_ptr<Waiting>> waiting_;
  bool has_writer_ = false;

  std::mutex mutex_;  // guards all below
  std::unique_ptr<Log> log_;
  Leader leader_;
  std::optional<Error> failed_;
  bool ending_waits_ = false;
  bool queued_for_sync_ = false;
  std::optional<std::int64_t> unsynced_since_ms_;
  std::multimap<Offset, std::shared_ptr<CommitWait>> commit_waits_;  // by the end they wait for
  std::vector<std::shared_ptr<Woken>> fetch_waits_;
  std::set<std::string> reported_damage_;
};

}  // namespace ottla
