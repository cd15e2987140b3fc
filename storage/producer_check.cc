#include "storage/producer_check.h"

#include <fmt/format.h>

#include "storage/log_file_names.h"

namespace ottla {

ProducerCheck::ProducerCheck(Disk& disk, const std::string& partition_directory, Report report)
    : report_(std::move(report)) {
  const auto names = disk.list(partition_directory);
  if (!names) {
    return;  // whoever reads the segments says so
  }
  for (const std::string& name : *names) {
    const bool is_ours = offset_in_name(name, ".ottla-", ".producers").has_value();
    if (!is_ours && !offset_in_name(name, "", ".snapshot")) {
      continue;
    }
    const std::string path = fmt::format("{}/{}", partition_directory, name);
    const auto content = read_whole_file(disk, path);
    const auto state = !content  ? std::nullopt
                       : is_ours ? ProducerState::decode(*content)
                                 : ProducerState::decode_from_kafka(*content);
    if (!state) {
      report_({.file = path, .what = content ? "version or CRC are wrong" : content.error().message});
      continue;
    }
    for (const auto& batch : state->last_batches()) {
      if (batch.last_offset >= Offset{0}) {
        remembered_.emplace(batch.last_offset, Remembered{batch, path});
      }
    }
  }
}

void ProducerCheck::see(const StoredBatch& batch, const std::string& log_path) {
  const BatchHeader& header = batch.header;
  for (auto one = remembered_.lower_bound(header.base_offset);
       one != remembered_.end() && one->first <= header.last_offset(); one = remembered_.erase(one)) {
    const auto& last = one->second.batch;
    if (last.last_offset != header.last_offset() || last.producer_id != header.producer_id ||
        last.producer_epoch != header.producer_epoch || last.last_sequence != header.last_sequence()) {
      report_(
          {.file = one->second.snapshot,
           .offset = last.last_offset,
           .what = fmt::format("it says that producer {} (epoch {}) wrote sequence {} here; the log has producer {} "
                               "(epoch {}), sequence {}, in the batch that ends at {}",
                               last.producer_id, last.producer_epoch, last.last_sequence, header.producer_id,
                               header.producer_epoch, header.last_sequence(), header.last_offset().value)});
    }
  }
  if (!header.has_producer() || header.is_control()) {
    return;
  }
  const auto known = state_.check(header, false);  // what the log began with may be gone
  if (!known || *known) {
    report_({.file = log_path,
             .position = batch.position,
             .offset = header.base_offset,
             .what = known ? fmt::format("producer {} wrote sequence {} at offset {} already", header.producer_id,
                                         header.base_sequence, (*known)->value)
                           : known.error().message});
  }
  state_.remember(header, header.max_timestamp_ms);
}

}  // namespace ottla
