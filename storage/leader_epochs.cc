#include "storage/leader_epochs.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace ottla {

namespace {

std::string file_in(const std::string& directory) { return directory + "/leader-epoch-checkpoint"; }

}  // namespace

std::optional<LeaderEpochs> LeaderEpochs::read(Disk& disk, const std::string& directory) {
  const auto content = read_whole_file(disk, file_in(directory));
  if (!content) {
    return std::nullopt;
  }
  std::istringstream text(std::string(reinterpret_cast<const char*>(content->data()), content->size()));
  LeaderEpochs epochs;
  int version = -1;
  std::size_t count = 0;
  if (!(text >> version >> count)) {
    return std::nullopt;
  }
  Entry entry;
  while (text && epochs.entries_.size() < count && text >> entry.epoch.value >> entry.start.value) {
    if (!epochs.add(entry.epoch, entry.start)) {
      return std::nullopt;
    }
  }
  return version == 0 && epochs.entries_.size() == count ? std::optional(std::move(epochs)) : std::nullopt;
}

Result<void> LeaderEpochs::write(Disk& disk, const std::string& directory) const {
  std::string text = fmt::format("0\n{}\n", entries_.size());
  for (const Entry& entry : entries_) {
    text += fmt::format("{} {}\n", entry.epoch.value, entry.start.value);
  }
  return replace_file(disk, file_in(directory), std::as_bytes(std::span(text)));
}

bool LeaderEpochs::add(LeaderEpoch epoch, Offset start) {
  if (epoch <= latest()) {
    return false;
  }
  // An epoch that wrote nothing gives way to the one that starts at the same place.
  while (!entries_.empty() && entries_.back().start >= start) {
    entries_.pop_back();
  }
  entries_.push_back({epoch, start});
  return true;
}

void LeaderEpochs::truncate(Offset end) {
  std::erase_if(entries_, [end](const Entry& entry) { return entry.start >= end; });
}

void LeaderEpochs::truncate_start(Offset start) {
  const auto above = std::ranges::upper_bound(entries_, start, {}, &Entry::start);
  if (above == entries_.begin()) {
    return;
  }
  entries_.erase(entries_.begin(), std::prev(above));
  entries_.front().start = start;
}

LeaderEpoch LeaderEpochs::at(Offset offset) const {
  const auto above = std::ranges::upper_bound(entries_, offset, {}, &Entry::start);
  return above == entries_.begin() ? LeaderEpoch{} : std::prev(above)->epoch;
}

EpochEndOffset LeaderEpochs::end_offset_for(LeaderEpoch epoch, Offset log_end) const {
  if (entries_.empty() || epoch.value < 0 || epoch > latest()) {
    return {};
  }
  if (epoch == latest()) {
    return {epoch, log_end};
  }
  const auto higher = std::ranges::upper_bound(entries_, epoch, {}, &Entry::epoch);
  return {higher == entries_.begin() ? epoch : std::prev(higher)->epoch, higher->start};
}

}  // namespace ottla
