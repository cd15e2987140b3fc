#include "storage/partition_verify.h"

#include <fmt/format.h>

#include <limits>

#include "storage/index_check.h"
#include "storage/leader_epochs.h"
#include "storage/log_file_names.h"
#include "storage/log_places.h"
#include "storage/partition_metadata.h"
#include "storage/producer_check.h"

namespace ottla {

namespace {

class PartitionVerifier {
 public:
  PartitionVerifier(Disk& disk, std::string directory, const KnownOfLog& known, VerifyCounts& counts, Report report)
      : disk_(disk),
        directory_(std::move(directory)),
        known_(known),
        counts_(counts),
        report_(std::move(report)),
        producers_(disk, directory_, report_),
        has_no_gaps_(disk.exists(no_gaps_path(directory_))) {}

  Result<void> run() {
    check_metadata();
    check_epochs_file();
    const auto bases = find_segments(disk_, directory_);
    if (!bases) {
      return std::unexpected(bases.error());
    }
    for (std::size_t i = 0; i < bases->size(); ++i) {
      if (auto read = read_segment((*bases)[i], i + 1 == bases->size()); !read) {
        return read;
      }
    }
    if (!bases->empty()) {
      check_end();
    }
    return {};
  }

 private:
  void check_metadata() {
    const std::string path = directory_ + "/partition.metadata";
    if (!disk_.exists(path)) {
      report_({.is_damage = false, .file = path, .what = "it is missing (as before Kafka 2.8)"});
    } else if (const auto id = read_topic_id(disk_, directory_); !id) {
      report_({.file = path, .what = id.error().message});
    }
  }

  void check_epochs_file() {
    const std::string path = directory_ + "/leader-epoch-checkpoint";
    epochs_ = read_leader_epochs(disk_, directory_);
    if (!epochs_) {
      report_({.file = path, .what = disk_.exists(path) ? "it cannot be read" : "it is missing"});
    }
  }

  Result<void> read_segment(Offset base, bool is_last) {
    log_path_ = segment_file(directory_, base, "log");
    last_crc_ = 0;
    IndexCheck index(disk_, directory_, base, !is_last, report_);
    auto reader = SegmentReader::open(disk_, log_path_);
    if (!reader) {
      return std::unexpected(std::move(reader.error()));
    }
    ++counts_.segments;
    if (next_ && base < *next_) {
      report_({.file = log_path_,
               .offset = base,
               .what = fmt::format("the segment before ends at offset {}", next_->value)});
    } else if (next_ && base > *next_) {
      missing(*next_, base, 0);
    }
    next_ = std::max(next_.value_or(base), base);
    for (position_ = 0; position_ < reader->size_bytes();) {
      const auto batch = reader->batch_at(position_);
      if (batch) {
        take(*batch, base, *reader);
        index.see(*batch);
        position_ = batch->end();
        continue;
      }
      if (batch.error().code != ErrorCode::CORRUPT_MESSAGE) {
        return std::unexpected(batch.error());
      }
      if (auto passed = pass_damage(*reader, index, is_last, batch.error().message); !passed) {
        return passed;
      }
    }
    index.finish();
    return {};
  }

  void take(const StoredBatch& batch, Offset base, SegmentReader& reader) {
    const BatchHeader& header = batch.header;
    ++counts_.batches;
    counts_.records += header.records_count;
    const auto behind = batch.end() < reader.size_bytes() ? reader.batch_at(batch.end()) : std::unexpected(Error{});
    const Offset least = *next_;
    Offset next = header.next_offset();
    if (header.base_offset < base || header.base_offset < least) {
      wrong(header.base_offset, fmt::format("a batch of base offset {} where {} or more should be",
                                            header.base_offset.value, std::max(base, least).value));
      next = least + (next.value - header.base_offset.value);
    } else if (header.base_offset > least && behind && behind->header.base_offset >= least &&
               behind->header.base_offset < next) {
      wrong(header.base_offset, fmt::format("a batch of base offset {}; offset {} comes behind it",
                                            header.base_offset.value, behind->header.base_offset.value));
      next = behind->header.base_offset;
    } else if (header.base_offset > least && !after_damage_) {
      missing(least, header.base_offset, batch.position);
    }
    after_damage_ = false;
    check_epoch(header, behind ? behind->header.partition_leader_epoch : header.partition_leader_epoch);
    if (const auto records = check_records(batch.bytes); !records) {
      wrong(header.base_offset, records.error().message);
    }
    producers_.see(batch, log_path_);
    next_ = std::max(least, next);
    last_crc_ = header.crc;
  }

  // What is wrong is told of the first batch that it is wrong in, and not of those behind it as well: no CRC covers the
  // epoch, nor the base offset.
  void check_epoch(const BatchHeader& header, LeaderEpoch behind) {
    const LeaderEpoch epoch = header.partition_leader_epoch;
    // The checkpoint need not tell of what is deleted, even where a file still has it.
    const bool is_deleted = epochs_ && !epochs_->entries().empty() && known_.start &&
                            header.base_offset < std::min(epochs_->entries().front().start, *known_.start);
    const LeaderEpoch known = epochs_ && !is_deleted ? epochs_->at(header.base_offset) : epoch;
    if (epoch < last_epoch_) {
      wrong(header.base_offset, fmt::format("leader epoch {} behind {}", epoch.value, last_epoch_.value));
      last_epoch_ = behind == epoch ? epoch : last_epoch_;
    } else if (known != epoch) {
      if (told_epochs_ != std::pair(epoch, known)) {
        wrong(header.base_offset,
              fmt::format("leader epoch {}; leader-epoch-checkpoint says {}", epoch.value, known.value));
      }
      told_epochs_ = {epoch, known};
    } else if (behind < epoch && behind >= last_epoch_) {
      wrong(header.base_offset, fmt::format("leader epoch {}; {} comes behind it", epoch.value, behind.value));
    } else {
      last_epoch_ = epoch;
    }
  }

  void missing(Offset from, Offset to, std::int64_t position) {
    producers_.gap();
    const bool is_damage = has_no_gaps_ || !known_.may_have_gaps;
    if (is_damage) {  // compacted logs have many: nothing to tell
      report_({.file = log_path_,
               .position = position,
               .offset = from,
               .what = fmt::format("offsets {} to {} are missing", from.value, to.value - 1)});
    }
  }

  // In the last segment, and not known to have been durable, it is what a crash leaves: a start cuts it.
  Result<void> pass_damage(SegmentReader& reader, IndexCheck& index, bool is_last, const std::string& why) {
    const auto behind = reader.sound_batch_behind(position_);
    if (!behind) {
      return std::unexpected(behind.error());
    }
    const bool is_torn = is_last && !*behind && !known_.is_clean && *next_ >= known_.durable_end;
    report_({.is_damage = !is_torn,
             .file = log_path_,
             .position = position_,
             .offset = next_,
             .what = why + (is_torn    ? "; the torn end of what was never acknowledged, a start cuts it"
                            : !*behind ? fmt::format("; the rest of the file, {} bytes, cannot be read",
                                                     reader.size_bytes() - position_)
                                       : "")});
    const std::int64_t go_on = behind->value_or(reader.size_bytes());
    Offset to{std::numeric_limits<std::int64_t>::max()};
    if (*behind) {
      const auto batch = reader.batch_at(go_on);
      to = batch ? batch->header.base_offset : to;
    }
    index.skip(position_, go_on, to);
    producers_.gap();
    after_damage_ = true;
    position_ = go_on;
    return {};
  }

  void check_end() {
    const Offset end = *next_;
    if (known_.end && !after_damage_ &&
        (end != known_.end->log_end_offset || (last_crc_ != 0 && last_crc_ != known_.end->last_batch_crc))) {
      wrong(end, fmt::format("the log ends at offset {} with CRC {:08x}; at the clean stop it was {} with {:08x}",
                             end.value, last_crc_, known_.end->log_end_offset.value, known_.end->last_batch_crc));
    } else if (end < known_.durable_end && !after_damage_) {
      wrong(end, fmt::format("the log ends at offset {}; up to {} it had been durable", end.value,
                             known_.durable_end.value));
    } else if (known_.start && *known_.start > end && !after_damage_) {
      wrong(end, fmt::format("the log ends at offset {}; log-start-offset-checkpoint has it begin at {}", end.value,
                             known_.start->value));
    }
  }

  void wrong(Offset offset, std::string what) {
    report_({.file = log_path_, .position = position_, .offset = offset, .what = std::move(what)});
  }

  Disk& disk_;
  const std::string directory_;
  const KnownOfLog& known_;
  VerifyCounts& counts_;
  const Report report_;
  ProducerCheck producers_;
  const bool has_no_gaps_;
  std::optional<LeaderEpochs> epochs_;
  std::string log_path_;  // of the segment that is read, and where in it
  std::int64_t position_ = 0;
  std::optional<Offset> next_;  // the least that the next batch may have
  LeaderEpoch last_epoch_;
  std::pair<LeaderEpoch, LeaderEpoch> told_epochs_;  // a batch's, and the checkpoint's
  std::uint32_t last_crc_ = 0;                       // of the last batch in this segment
  bool after_damage_ = false;
};

}  // namespace

Result<void> verify_partition(Disk& disk, const std::string& partition_directory, const KnownOfLog& known,
                              VerifyCounts& counts, const Report& report) {
  ++counts.partitions;
  return PartitionVerifier(disk, partition_directory, known, counts, report).run();
}

}  // namespace ottla
