// The log of one partition: batches in Kafka's segment files, in offset order.
//
// A Log is not thread-safe: its owner (broker/partition, or the simulator) serialises calls; only SyncJob::run and
// LogSlice::read go on outside that lock. It never waits for a sync: an append moves the log end offset and marks files
// dirty; begin_sync hands out what a committer must sync; finish_sync, and nothing else, moves the durable end offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/ids.h"
#include "protocol/leader_epochs.h"
#include "protocol/record_batch.h"
#include "storage/durable_marks.h"
#include "storage/file.h"
#include "storage/log_config.h"
#include "storage/open_files.h"
#include "storage/verified_range.h"

namespace ottla {

// One batch to be appended, whole and checked (check_produced_batch). The log patches base offset and leader epoch.
struct AppendBatch {
  std::span<std::byte> bytes;
  BatchCheck check;
};

// What append did with each batch.
struct Appended {
  Offset base_offset;
  bool duplicate = false;  // an exact repeat of one of the producer's last five batches; base_offset is the first one's
};

// What all logs of a data directory share.
struct LogEnvironment {
  Disk& disk;
  OpenFiles& files;
  DurableMarks& marks;
};

// What is known of a log before its files are looked at. Each may be missing; the log is then looked through.
struct LogHints {
  Offset recovery_point;                    // everything below was synced, with what its recovery needs
  std::optional<Offset> log_start_offset;   // what DeleteRecords and retention have removed is below it
  Offset cleaned_to;                        // compaction has been through what is below
  std::optional<DurableMark> clean_end;     // the log was closed and ended exactly here
  std::optional<DurableMark> durable_mark;  // the log had at least this, durably
};

// What must be synced so that everything below the mark is durable. `generation` changes with every truncation: a
// completion from before one says nothing about what was written after it.
struct SyncJob {
  std::uint64_t generation = 0;
  DurableMark mark;
  std::vector<std::shared_ptr<File>> files;
  std::vector<std::string> directories;
};

// The group commit: makes all jobs durable, a single file by fdatasync, more by one sync of the whole file system under
// `root`. Blocking. A failure is final: the log directory is dead (never retry a failed fsync).
Result<void> sync_group(const LogEnvironment& environment, const std::string& root, std::span<const SyncJob> jobs);

// A byte range of one segment, readable without the log's lock (the file stays open as long as the slice lives).
struct LogSlice {
  std::shared_ptr<const File> file;
  std::int64_t position = 0;
  std::int64_t size_bytes = 0;  // 0: nothing to read at that offset
  Offset segment;               // its base offset, which names the file
  std::shared_ptr<VerifiedRange> verified;
  // Whole batches whose CRC is right, checked the first time they are read since the start. Error CORRUPT_MESSAGE if
  // the first one is damaged.
  [[nodiscard]] Result<std::size_t> read(std::span<std::byte> buffer) const;
  // All of it has been checked: others may read it from the file itself.
  [[nodiscard]] bool is_verified() const;
};

// Offsets that were durable once and cannot be read any more. Nothing of them is cut: the files stay as they are.
struct DamagedRange {
  Offset from;
  Offset to;
  Offset segment;             // base offset of the segment, and the position where the damage begins
  std::int64_t position = 0;  // ... in it
  std::string what;           // for people
};

struct TimestampAndOffset {
  std::int64_t timestamp_ms = no_timestamp;
  Offset offset{-1};
  LeaderEpoch epoch;
};

struct Compacted;
struct CompactionPlan;
struct GatheredBatches;
class ProducerState;
class Segment;
struct BatchAt;

class Log {
 public:
  // Opens or creates the log in `directory` ("<topic>-<partition>"), recovering what an unclean stop left: every batch
  // from the recovery point on is scanned (CRC, offsets, epochs). A fault at or above what was known to be durable is a
  // torn tail and is cut; one below is damage: nothing is cut, what is readable is served, the damaged offsets answer
  // CORRUPT_MESSAGE, and the log takes no more appends. A clean stop (see close) skips the scan.
  // Creates partition.metadata with the topic id on first open; another id in it is an error.
  static Result<std::unique_ptr<Log>> open(const LogEnvironment& environment, std::string directory,
                                           const PartitionKey& key, const LogConfig& config, const LogHints& hints,
                                           std::int64_t now_ms);
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log();

  // Appends the batches in order with one gathered write per segment. Each batch is judged on its own: a sequence
  // error (OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, ...) refuses that batch only. A disk error refuses all
  // that was not written and leaves the file as it was before, or the log failed.
  std::vector<Result<Appended>> append(std::span<AppendBatch> batches, LeaderEpoch epoch, std::int64_t now_ms);
  // Whole batches as the leader has them, offsets, epochs and all; what is cut off at the end is left out. Their epochs
  // are durable before they are written. An empty log also takes a batch that begins before its start and holds it.
  // Error CORRUPT_MESSAGE, and nothing is written: a batch is damaged, or does not go on where this log ends.
  Result<void> append_replicated(std::span<const std::byte> batches, std::int64_t now_ms);

  [[nodiscard]] Offset log_start_offset() const;
  [[nodiscard]] Offset log_end_offset() const;
  [[nodiscard]] Offset durable_end_offset() const;
  // A sync up to now would reach here; with the CRC of the last batch, 0 if it is not known.
  [[nodiscard]] DurableMark end_mark() const;
  [[nodiscard]] const std::vector<DamagedRange>& damaged() const { return damaged_; }
  // Set: no more writes until it is opened again.
  [[nodiscard]] const std::optional<Error>& why_failed() const { return failed_; }
  [[nodiscard]] std::int64_t cut_bytes() const { return cut_bytes_; }  // by recovery, for people; 0: nothing
  [[nodiscard]] std::int64_t size_bytes() const;
  [[nodiscard]] LeaderEpoch latest_epoch() const;

  // Everything dirty up to now; empty when all is durable or already handed out and not finished.
  std::optional<SyncJob> begin_sync();
  // Notes the durable mark, too.
  void finish_sync(const SyncJob& job);
  // After a failed sync or write: appends and begin_sync answer KAFKA_STORAGE_ERROR from here on; reads go on.
  void fail(const Error& error);

  // Whole batches from the one that holds `from`, below `limit` (a batch boundary: high watermark or log end offset),
  // as many as fit max_bytes; the first one even if it does not fit, when `at_least_one`. from == limit gives an empty
  // slice. It ends before a damaged range; within one: CORRUPT_MESSAGE. Outside of the log: OFFSET_OUT_OF_RANGE.
  Result<LogSlice> slice(Offset from, Offset limit, std::int64_t max_bytes, bool at_least_one);

  // The first record with a timestamp >= timestamp_ms, below limit; nothing found: offset -1. Exact to the record.
  Result<TimestampAndOffset> offset_for_timestamp(std::int64_t timestamp_ms, Offset limit);
  // The record with the greatest timestamp (ListOffsets -3, KIP-734); the earliest of equals.
  Result<TimestampAndOffset> max_timestamp(Offset limit);
  // REPLICATION's endOffsetFor: latest epoch -> log end; none above -> unknown; else start of the next higher epoch.
  [[nodiscard]] EpochEndOffset end_offset_for(LeaderEpoch epoch) const;
  [[nodiscard]] const LeaderEpochs& leader_epochs() const { return epochs_; }
  // Persists and syncs (epoch, log end offset) in leader-epoch-checkpoint before the first batch of that epoch.
  Result<void> assign_epoch(LeaderEpoch epoch);
  // Durable when it returns; the durable mark goes down first. Also at the log end: what an epoch that wrote nothing
  // has left there goes (KAFKA-10706).
  Result<void> truncate_to(Offset offset);
  // Gives up all it has, and goes on at `offset`: the leader has nothing below it any more. Durable when it returns.
  Result<void> start_anew_at(Offset offset);

  // Nothing below `offset` is served from here on. The files go with remove_deleted_segments, as far as the log start
  // is durable elsewhere (log-start-offset-checkpoint): else a crash could bring some of them back and not others.
  void advance_log_start(Offset offset);
  Result<void> remove_deleted_segments(Offset durable_start);
  // As it was told there, or when it was opened: the next start finds no lower one.
  [[nodiscard]] Offset durable_start_offset() const { return durable_start_offset_; }
  // Those of segments that are not written any more take memory until the next read or search; this takes it back.
  void drop_closed_indexes();
  // Advances the log start past the segments that retention.ms and retention.bytes give up, below `high_watermark`.
  Result<void> apply_retention(std::int64_t now_ms, Offset high_watermark);

  // What compaction should do now, if anything (compaction.h); and the swap, once that is written.
  Result<std::optional<CompactionPlan>> plan_compaction(std::int64_t now_ms, Offset high_watermark);
  Result<void> install(const Compacted& compacted);
  [[nodiscard]] Offset cleaned_to() const { return cleaned_to_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] const LogConfig& config() const { return config_; }
  // Counts from the next append, roll or clean-up on.
  void set_config(const LogConfig& config) { config_ = config; }

  [[nodiscard]] const ProducerState& producers() const { return *producers_; }
  // Forgets producers idle for longer than producer_id_expiration_ms.
  void expire_producers(std::int64_t now_ms);
  // Clean stop: sync all, write the producer snapshot and indexes. The log is unusable afterwards.
  Result<void> close();

 private:
  Log(const LogEnvironment& environment, std::string directory, const PartitionKey& key, const LogConfig& config);

  // log_files.cc
  Result<void> ensure_directory();
  Result<std::vector<std::string>> file_names();
  Result<void> find_segments(const LogHints& hints, const std::vector<std::string>& names);

  // log_recovery.cc: what a scan knows
  struct Scan {
    Offset from;       // batches from here on are checked by CRC
    DurableMark mark;  // a fault below it is damage
    LeaderEpoch last_epoch;
    const LeaderEpochs* epochs = nullptr;  // as they were in the checkpoint
    bool reads_disk = false;               // this segment: what follows comes from the disk, not from memory
    std::optional<Error> error;
  };
  Result<void> recover(const LogHints& hints);
  Result<bool> ends_cleanly(const DurableMark& end);
  Result<void> scan_segment(std::size_t index, Scan& scan);
  [[nodiscard]] bool accept(Segment& segment, const BatchAt& batch, Scan& scan);
  Result<std::optional<std::int64_t>> pass_damage(std::size_t index, std::int64_t position, const Scan& scan);
  Result<void> cut_tail(std::size_t keep, std::int64_t position);
  Result<void> restore_epochs(Offset end);
  Result<void> write_epochs_unless(const LeaderEpochs& before);
  void add_damage(DamagedRange range);

  // log_compaction.cc
  Result<void> finish_swap(Offset base, const std::vector<Offset>& replaced);
  Result<bool> finish_compactions(const std::vector<std::string>& names);
  Result<Offset> end_of_swap(const std::string& name, Offset base);
  Result<void> forget_no_gaps();

  // log_retention.cc
  Result<void> leave_damage_behind(Offset start);
  void write_closed_indexes(std::size_t first);

  // log_producers.cc
  Result<void> restore_producers();
  Result<void> restore_producers(const std::vector<std::string>& names);
  Result<void> replay_producers(Offset from);

  // log.cc
  Segment& active() { return *segments_.back(); }
  [[nodiscard]] bool must_roll(const BatchHeader& header, std::int64_t pending_bytes, std::int64_t now_ms);
  Result<void> roll(std::int64_t now_ms);
  Result<void> start_segment(Offset base);
  Result<void> start_anew();
  Result<void> write_gathered(GatheredBatches& gathered);
  Result<void> write_batches(std::span<AppendBatch> batches, std::span<Result<Appended>> results, LeaderEpoch epoch,
                             std::int64_t now_ms);
  [[nodiscard]] Result<void> may_write() const;
  Result<void> write_snapshots();
  void remove_old_snapshots();
  void mark_dirty(const std::shared_ptr<File>& file);
  Result<void> mark_unsynced();

  // log_replication.cc
  Result<void> write_replicated(std::span<const std::byte> batches, std::span<const BatchHeader> headers,
                                std::int64_t now_ms);
  Result<void> begin_within(const BatchHeader& header, std::span<const std::byte> batch, std::int64_t now_ms);

  // log_read.cc
  [[nodiscard]] std::size_t segment_of(Offset offset) const;
  [[nodiscard]] std::int64_t end_of_sound_bytes(const Segment& segment, std::int64_t position) const;
  Result<std::optional<TimestampAndOffset>> first_in_batch(Segment& segment, const BatchAt& batch,
                                                           std::int64_t timestamp_ms);
  Result<std::optional<TimestampAndOffset>> first_at_or_after(Segment& segment, std::int64_t timestamp_ms,
                                                              Offset limit);
  Result<std::int64_t> max_timestamp_from_start(Segment& segment, Offset limit);

  const LogEnvironment environment_;
  Disk& disk_;
  const std::string directory_;
  const PartitionKey key_;
  LogConfig config_;
  std::vector<std::unique_ptr<Segment>> segments_;  // by base offset; the last one is active
  LeaderEpochs epochs_;
  std::unique_ptr<ProducerState> producers_;
  Offset log_start_offset_;
  Offset durable_start_offset_;
  Offset log_end_offset_;
  Offset durable_end_offset_;
  Offset cleaned_to_;
  std::uint64_t generation_ = 0;
  std::vector<std::shared_ptr<File>> dirty_files_;
  bool directory_dirty_ = false;
  bool has_changed_ = false;  // since it was opened
  bool has_no_gaps_ = false;  // no offset is missing between its batches: never compacted, and not Kafka's
  LeaderEpoch last_batch_epoch_;
  std::uint32_t last_batch_crc_ = 0;
  std::vector<DamagedRange> damaged_;
  std::int64_t cut_bytes_ = 0;
  bool sync_under_way_ = false;
  std::int64_t active_since_ms_ = 0;
  std::int64_t latest_now_ms_ = 0;  // as its owner told it last
  std::optional<Error> failed_;
};

}  // namespace ottla
