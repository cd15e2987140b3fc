// The log of one partition: batches in Kafka's segment files, in offset order.
//
// A Log is not thread-safe: its owner (broker/partition, or the simulator) serialises calls; only SyncJob::run and
// LogSlice::read go on outside that lock. It never waits for a sync: an append moves the log end offset and marks files
// dirty; begin_sync hands out what a committer must sync; finish_sync, and nothing else, moves the durable end offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/ids.h"
#include "protocol/record_batch.h"
#include "storage/file.h"

namespace ottla {

// One batch to be appended, whole and checked (check_produced_batch). The log patches base offset and leader epoch.
struct AppendBatch {
  std::span<std::byte> bytes;
  BatchCheck check;
};

struct LogConfig {
  std::int64_t segment_bytes = 1073741824;      // segment.bytes
  std::int64_t segment_ms = 604800000;          // segment.ms, by the first batch's timestamp as Kafka does
  std::int64_t segment_index_bytes = 10485760;  // segment.index.bytes
  std::int64_t index_interval_bytes = 4096;     // index.interval.bytes
  std::int64_t producer_id_expiration_ms = 86400000;
};

// What append did with each batch.
struct Appended {
  Offset base_offset;
  bool duplicate = false;  // an exact repeat of one of the producer's last five batches; base_offset is the first one's
};

// What must be synced so that everything below end_offset is durable. `generation` changes with every truncation:
// a completion from before one says nothing about what was written after it.
struct SyncJob {
  std::uint64_t generation = 0;
  Offset end_offset;
  std::vector<std::shared_ptr<File>> files;
  std::vector<std::string> directories;  // synced after the files
  Disk* disk = nullptr;
  // Blocking; thread-safe. A failure is final: the log directory is dead (never retry a failed fsync).
  [[nodiscard]] Result<void> run() const;
};

// A byte range of one segment, readable without the log's lock (the file stays open as long as the slice lives).
struct LogSlice {
  std::shared_ptr<const File> file;
  std::int64_t position = 0;
  std::int64_t size_bytes = 0;  // 0: nothing to read at that offset
  [[nodiscard]] Result<std::size_t> read(std::span<std::byte> buffer) const { return file->read_at(buffer, position); }
};

struct TimestampAndOffset {
  std::int64_t timestamp_ms = no_timestamp;
  Offset offset{-1};
  LeaderEpoch epoch;
};

struct EpochEndOffset {
  LeaderEpoch epoch;  // -1: unknown
  Offset end_offset{-1};
};

class LeaderEpochs;
class ProducerState;
class Segment;

class Log {
 public:
  // Opens or creates the log in `directory` ("<topic>-<partition>"), recovering what an unclean stop left: every batch
  // from the recovery point on is scanned (CRC, offsets, epochs) and a torn tail is cut. A clean stop (see close) skips
  // the scan. Creates partition.metadata with the topic id on first open; another id in it is an error.
  static Result<std::unique_ptr<Log>> open(Disk& disk, std::string directory, TopicId topic_id, const LogConfig& config,
                                           Offset recovery_point, std::int64_t now_ms);
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log();

  // Appends the batches in order with one gathered write per segment. Each batch is judged on its own: a sequence
  // error (OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, ...) refuses that batch only. A disk error refuses all
  // that was not written and leaves the file as it was before, or the log failed.
  std::vector<Result<Appended>> append(std::span<AppendBatch> batches, LeaderEpoch epoch, std::int64_t now_ms);

  [[nodiscard]] Offset log_start_offset() const;
  [[nodiscard]] Offset log_end_offset() const;
  [[nodiscard]] Offset durable_end_offset() const;
  [[nodiscard]] std::int64_t size_bytes() const;
  [[nodiscard]] LeaderEpoch latest_epoch() const;

  // Everything dirty up to now; empty when all is durable or already handed out and not finished.
  std::optional<SyncJob> begin_sync();
  void finish_sync(const SyncJob& job);
  // After a failed sync or write: appends and begin_sync answer KAFKA_STORAGE_ERROR from here on; reads go on.
  void fail(const Error& error);

  // Whole batches from the one that holds `from`, below `limit` (a batch boundary: high watermark or log end offset),
  // as many as fit max_bytes; the first one even if it does not fit, when `at_least_one`. from == limit gives an empty
  // slice. Errors: OFFSET_OUT_OF_RANGE below the start or above the log end.
  Result<LogSlice> slice(Offset from, Offset limit, std::int64_t max_bytes, bool at_least_one);

  // The first record with a timestamp >= timestamp_ms, below limit; nothing found: offset -1. Exact to the record.
  Result<TimestampAndOffset> offset_for_timestamp(std::int64_t timestamp_ms, Offset limit);
  // The record with the greatest timestamp (ListOffsets -3, KIP-734); the earliest of equals.
  Result<TimestampAndOffset> max_timestamp(Offset limit);
  // REPLICATION's endOffsetFor: latest epoch -> log end; none above -> unknown; else start of the next higher epoch.
  [[nodiscard]] EpochEndOffset end_offset_for(LeaderEpoch epoch) const;
  // Persists and syncs (epoch, log end offset) in leader-epoch-checkpoint before the first batch of that epoch.
  Result<void> assign_epoch(LeaderEpoch epoch);
  Result<void> truncate_to(Offset offset);

  // Forgets producers idle for longer than producer_id_expiration_ms.
  void expire_producers(std::int64_t now_ms);
  // Clean stop: sync all, write the producer snapshot and indexes. The log is unusable afterwards.
  Result<void> close();

 private:
  Log(Disk& disk, std::string directory, const LogConfig& config);

  // log_recovery.cc
  Result<void> ensure_directory(TopicId topic_id);
  Result<void> find_segments();
  Result<void> recover(Offset recovery_point, std::int64_t now_ms);
  Result<void> recover_segment(std::size_t index, Offset recovery_point);
  Result<void> restore_producers(std::int64_t now_ms);
  Result<void> replay_producers(Offset from, std::int64_t now_ms);

  // log.cc
  Segment& active() { return *segments_.back(); }
  [[nodiscard]] bool must_roll(const BatchHeader& header, std::int64_t pending_bytes, std::int64_t now_ms);
  Result<void> roll(std::int64_t now_ms);
  Result<void> write_batches(std::span<AppendBatch> batches, std::span<Result<Appended>> results, LeaderEpoch epoch,
                             std::int64_t now_ms);
  Result<void> write_snapshots();
  void remove_old_snapshots();
  void mark_dirty(const std::shared_ptr<File>& file);

  // log_read.cc
  [[nodiscard]] std::size_t segment_of(Offset offset) const;
  Result<std::optional<TimestampAndOffset>> first_at_or_after(Segment& segment, std::int64_t timestamp_ms,
                                                              Offset limit);

  Disk& disk_;
  const std::string directory_;
  const LogConfig config_;
  std::vector<std::unique_ptr<Segment>> segments_;  // by base offset; the last one is active
  std::unique_ptr<LeaderEpochs> epochs_;
  std::unique_ptr<ProducerState> producers_;
  Offset log_start_offset_;
  Offset log_end_offset_;
  Offset durable_end_offset_;
  std::uint64_t generation_ = 0;
  std::vector<std::shared_ptr<File>> dirty_files_;
  bool directory_dirty_ = false;
  bool sync_under_way_ = false;
  std::int64_t active_since_ms_ = 0;
  std::optional<Error> failed_;
};

}  // namespace ottla
