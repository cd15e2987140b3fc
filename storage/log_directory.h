// The data directory: its lock, whose it is, how it was left, which partitions it holds, and Kafka's checkpoint files.
//
//   .lock                              held (flock) while we run
//   meta.properties                    cluster.id, node.id, directory.id
//   .kafka_cleanshutdown               there between a clean stop and the next start; .ottla-clean-shutdown beside it
//   .ottla-durable                     how far each log was known to be durable (durable_marks.h)
//   recovery-point-offset-checkpoint   below it a log needs no recovery; only an aid, so a lost one costs time
//   cleaner-offset-checkpoint          how far compaction has been; a lost one costs time
//   log-start-offset-checkpoint        what DeleteRecords has removed
//   replication-offset-checkpoint      high watermarks; only hints
//   <topic>-<partition>/               logs (log.h)
//   .ottla-metadata/                   the metadata log (command_log.h)
//
// Thread-safe after open.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/ids.h"
#include "storage/checkpoint.h"
#include "storage/clean_shutdown.h"
#include "storage/durable_marks.h"
#include "storage/file.h"
#include "storage/log.h"
#include "storage/meta_properties.h"
#include "storage/partition_directory.h"

namespace ottla {

class LogDirectory {
 public:
  // Locks the directory, and makes and formats it if it is new (with a random cluster id unless one is wanted). What
  // meta.properties says wins; anything else that is wanted is an error. Every error is one line that says what to do.
  static Result<std::unique_ptr<LogDirectory>> open(Disk& disk, std::string path,
                                                    const std::optional<std::string>& wanted_cluster_id,
                                                    BrokerId node_id, bool import_kafka = false);
  // What meta.properties says; nothing if there is none, or it cannot be read.
  static std::optional<BrokerId> node_id_in(Disk& disk, const std::string& path);
  LogDirectory(const LogDirectory&) = delete;
  LogDirectory& operator=(const LogDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& cluster_id() const { return identity_.cluster_id; }
  [[nodiscard]] BrokerId node_id() const { return identity_.node_id; }
  [[nodiscard]] const Uuid& directory_id() const { return identity_.directory_id; }

  // Kafka wrote the directory and import_kafka was said: it is up to the caller to write the metadata for partitions(),
  // then to call import_is_done, durable when it returns. A start after a crash in between is refused without
  // import_kafka and begins anew with it. What is on its way out (-delete) stays as it is.
  [[nodiscard]] bool is_importing() const { return is_importing_; }
  Result<void> import_is_done();

  // How the last run ended. The marker itself is gone, durably, when open returns.
  [[nodiscard]] bool was_clean() const { return clean_.was_clean; }
  // Where the logs ended at a clean stop of ours, by directory name; empty when unknown.
  [[nodiscard]] const std::map<std::string, CleanEnd>& clean_ends() const { return clean_.ends; }
  // What open found damaged and goes on without; one sentence each, for the log.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

  // As found by open, sorted by name; what is deleted later stays in the list.
  [[nodiscard]] const std::vector<PartitionDirectory>& partitions() const { return partitions_; }

  // Offset 0 for a partition without a checkpoint.
  [[nodiscard]] Offset recovery_point(const std::string& directory_name) const;
  [[nodiscard]] Offset cleaned_to(const std::string& directory_name) const;
  [[nodiscard]] std::optional<Offset> log_start_offset(const std::string& directory_name) const;
  // A hint: at most the log end counts.
  [[nodiscard]] Offset high_watermark(const std::string& directory_name) const;
  // Each replaces what is known of all partitions. Durable when it returns. `collect` is called while no partition can
  // be deleted, with what was known so far, and must not call back: what it gives of a partition that goes is forgotten
  // with it, and never counts for another one that takes its name.
  using CollectOffsets = std::function<OffsetsByDirectory(const OffsetsByDirectory& known)>;
  Result<void> write_recovery_points(const CollectOffsets& collect);
  Result<void> write_log_start_offsets(const CollectOffsets& collect);
  Result<void> write_cleaned_to(const CollectOffsets& collect);
  Result<void> write_high_watermarks(const CollectOffsets& collect);  // no write if nothing has moved

  [[nodiscard]] DurableMarks& marks() const { return *marks_; }
  // All that is known of a log before it is opened.
  [[nodiscard]] LogHints hints(const std::string& directory_name, const PartitionKey& key) const;

  // Gone for good once the rename is durable: neither a crash nor a new topic of that name brings the data back. Its
  // log must be closed or failed. Absent is fine.
  Result<void> delete_partition(const std::string& directory_name);
  // Out of the way, under a name that nothing reads ("-stray", as Kafka has it), and forgotten; gives the name.
  Result<std::string> set_aside(const std::string& directory_name);

  // The last act of a clean stop: every log is closed, every checkpoint written.
  Result<void> mark_clean(const std::map<std::string, CleanEnd>& ends);

 private:
  static constexpr std::string_view import_marker = ".ottla-import";  // there until the metadata is complete
  LogDirectory(Disk& disk, std::string path, bool may_import)
      : disk_(disk), path_(std::move(path)), may_import_(may_import) {}
  [[nodiscard]] std::string inside(std::string_view name) const;
  Result<void> make_and_lock();
  Result<void> identify(const std::optional<std::string>& wanted_cluster_id, BrokerId node_id);
  Result<void> refuse_foreign();
  Result<void> begin_import();
  [[nodiscard]] Result<void> refused(std::string_view why) const;
  Result<void> check_identity(const std::string& wanted_cluster_id, BrokerId node_id) const;
  Result<void> take_marker();
  Result<void> write_identity();
  Result<void> open_marks();
  Result<void> find_partitions();
  Result<bool> is_directory(const std::string& name) const;
  Result<void> read_checkpoints();
  Result<void> read_one_checkpoint(std::string_view file, OffsetsByDirectory& offsets);
  Result<void> forget(const std::string& directory_name);

  Disk& disk_;
  const std::string path_;
  const bool may_import_;
  bool is_importing_ = false;
  std::shared_ptr<void> lock_;
  MetaProperties identity_;
  CleanShutdown clean_;
  std::vector<std::string> warnings_;
  std::vector<PartitionDirectory> partitions_;
  std::unique_ptr<DurableMarks> marks_;

  mutable std::mutex mutex_;  // guards what follows, and the files behind it
  OffsetsByDirectory recovery_points_;
  OffsetsByDirectory log_start_offsets_;
  OffsetsByDirectory cleaned_to_;
  OffsetsByDirectory high_watermarks_;
};

}  // namespace ottla
