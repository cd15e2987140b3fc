#include "protocol/leader_epochs.h"

#include <algorithm>

namespace ottla {

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
  const auto reaching = std::ranges::lower_bound(entries_, start, {}, &Entry::start);
  if (reaching != entries_.begin()) {
    entries_.erase(entries_.begin(), std::prev(reaching));
  }
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

EpochEndOffset LeaderEpochs::floor(LeaderEpoch epoch, Offset log_end) const {
  const auto higher = std::ranges::upper_bound(entries_, epoch, {}, &Entry::epoch);
  if (higher == entries_.begin()) {
    return {};
  }
  return {std::prev(higher)->epoch, higher == entries_.end() ? log_end : higher->start};
}

}  // namespace ottla
