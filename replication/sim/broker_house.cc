// A broker's clean stop, its checkpoints, and what may happen to its files.
#include <algorithm>

#include "replication/sim/broker.h"
#include "replication/sim/simulation.h"

namespace ottla::sim {

// A clean stop: every log closed, every checkpoint written, the marker last.
void Broker::shut_down() {
  if (!syncing_.empty()) {
    simulation_.network.on_process(id_, 1000, [this] { shut_down(); });
    return;
  }
  std::map<std::string, CleanEnd> ends;
  OffsetsByDirectory recovery_points;
  for (Part& part : parts_) {
    run(part, replica_effect::StepDown{});
    if (const auto closed = part.log->close(); !closed) {
      has_died(has_failed_ ? Result<void>{} : closed);
      return;
    }
    const DurableMark end = part.log->end_mark();
    simulation_.ghost.durable(id_, part.index, end.durable_end_offset);
    ends[name_of(part.index)] = {end.durable_end_offset, end.last_batch_crc};
    recovery_points[name_of(part.index)] = end.durable_end_offset;
  }
  auto done = directory_->write_recovery_points([&](const auto&) { return recovery_points; });
  done = done ? write_high_watermarks() : done;
  done = done ? directory_->mark_clean(ends) : done;
  if (!has_died(done)) {
    simulation_.world.tell("broker {} stops cleanly", id_);
    simulation_.stop(id_, Simulation::End::clean);
  }
}

// One bit of what lies below the recovery point, in a segment that is closed. The marks are on the disk: what they do
// not cover yet would be taken for a torn tail, if it rots and the broker crashes before they are.
void Broker::rot(int p, Random& random) {
  if (has_died(directory_->marks().sync())) {
    return;
  }
  const std::string directory = fmt::format("{}/{}", root, name_of(p));
  const Offset durable = directory_->recovery_point(name_of(p));
  const Part& part = parts_[static_cast<std::size_t>(p)];
  std::vector<std::string> closed;
  const auto names = fault_disk_.list(directory);
  if (!names) {
    return;
  }
  for (const std::string& name : *names) {
    if (name.ends_with(".log")) {
      closed.push_back(name);
    }
  }
  while (!closed.empty() && std::stoll(closed.back()) >= durable.value) {
    closed.pop_back();
  }
  std::erase_if(closed, [&](const std::string& name) { return std::stoll(name) < part.log->log_start_offset().value; });
  if (closed.size() < 2 || part.log->log_end_offset() < durable) {
    return;
  }
  closed.pop_back();
  const std::string path = fmt::format("{}/{}", directory, closed[random.below(closed.size())]);
  const auto bytes = read_whole_file(fault_disk_, path);
  if (!bytes || bytes->size() < batch_header_bytes) {
    return;
  }
  // Somewhere in the first batch, where its CRC covers it.
  constexpr std::uint64_t covered_from = 21;
  const auto size = static_cast<std::uint64_t>(BatchHeader::read(*bytes).size_bytes());
  fault_disk_.flip_bit(path, static_cast<std::int64_t>(covered_from + random.below(size - covered_from)),
                       static_cast<unsigned>(random.below(8)));
  simulation_.has_rotten(id_);
}

Result<void> Broker::write_high_watermarks() {
  return directory_->write_high_watermarks([&](const auto&) {
    OffsetsByDirectory high_watermarks;
    for (const Part& part : parts_) {
      const Offset durable_start = part.log->durable_start_offset();
      high_watermarks[name_of(part.index)] =
          durable_start >= part.log->log_start_offset() ? part.replica->high_watermark() : durable_start;
    }
    return high_watermarks;
  });
}

// The recovery points follow the durable ends, as in the real broker.
void Broker::keep_house() {
  if (has_failed_) {
    return;
  }
  auto written = directory_->write_recovery_points([&](const auto&) {
    OffsetsByDirectory points;
    for (const Part& part : parts_) {
      points[name_of(part.index)] = part.log->durable_end_offset();
    }
    return points;
  });
  written = written ? write_high_watermarks() : written;
  if (!has_died(written)) {
    simulation_.network.on_process(id_, 3'000'000, [this] { keep_house(); });
  }
}

}  // namespace ottla::sim
