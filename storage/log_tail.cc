#include "storage/log_tail.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/leader_epochs.h"
#include "storage/log_file_names.h"
#include "storage/log_places.h"
#include "storage/producer_state.h"
#include "storage/segment_reader.h"

namespace ottla {

namespace {

// The offset up to which the snapshots know every producer.
Result<Offset> read_snapshots(Disk& disk, const std::string& directory, LogTail& tail) {
  const auto names = disk.list(directory);
  if (!names) {
    return std::unexpected(names.error());
  }
  Offset covered;
  for (const std::string& name : *names) {
    const auto offset = offset_in_name(name, "", ".snapshot");
    const auto content = offset ? read_whole_file(disk, fmt::format("{}/{}", directory, name)) : Result<Bytes>(Bytes{});
    const auto state = content ? ProducerState::decode_from_kafka(*content) : std::nullopt;
    if (offset && state) {
      covered = std::max(covered, *offset);
      for (const auto& batch : state->last_batches()) {
        tail.greatest_producer_id = std::max(tail.greatest_producer_id, batch.producer_id);
      }
    }
  }
  return covered;
}

// Up to the first place that is no batch: recovery looks at what follows.
Result<void> read_batches(Disk& disk, const std::string& path, LogTail& tail) {
  auto reader = SegmentReader::open(disk, path);
  if (!reader) {
    return std::unexpected(reader.error());
  }
  for (std::int64_t position = 0; position < reader->size_bytes();) {
    const auto batch = reader->batch_at(position);
    if (!batch) {
      return batch.error().code == ErrorCode::CORRUPT_MESSAGE ? Result<void>{} : std::unexpected(batch.error());
    }
    tail.latest_epoch = std::max(tail.latest_epoch, batch->header.partition_leader_epoch);
    tail.greatest_producer_id = std::max(tail.greatest_producer_id, batch->header.producer_id);
    position = batch->end();
  }
  return {};
}

}  // namespace

Result<LogTail> read_log_tail(Disk& disk, const std::string& partition_directory) {
  LogTail tail;
  if (const auto epochs = read_leader_epochs(disk, partition_directory)) {
    tail.latest_epoch = epochs->latest();
  }
  const auto covered = read_snapshots(disk, partition_directory, tail);
  if (!covered) {
    return std::unexpected(covered.error());
  }
  const auto bases = find_segments(disk, partition_directory);
  if (!bases) {
    return std::unexpected(bases.error());
  }
  for (std::size_t i = 0; i < bases->size(); ++i) {
    const bool is_last = i + 1 == bases->size();
    if (is_last || (*bases)[i + 1] > *covered) {
      if (auto read = read_batches(disk, segment_file(partition_directory, (*bases)[i], "log"), tail); !read) {
        return std::unexpected(read.error());
      }
    }
  }
  return tail;
}

}  // namespace ottla
