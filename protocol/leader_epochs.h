// Which leader epoch wrote which offsets of a log (KIP-101). Two logs are compared by it without looking at a record.
// An epoch is kept even if it wrote nothing: losing one makes truncation wrong (KIP-279, KAFKA-10706).
#pragma once

#include <vector>

#include "protocol/ids.h"

namespace ottla {

struct EpochEndOffset {
  LeaderEpoch epoch;  // -1: unknown
  Offset end_offset{-1};
  friend bool operator==(const EpochEndOffset&, const EpochEndOffset&) = default;
};

class LeaderEpochs {
 public:
  struct Entry {
    LeaderEpoch epoch;
    Offset start;
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  // True if the epoch is new; it must be above the latest.
  bool add(LeaderEpoch epoch, Offset start);
  void truncate(Offset end);
  // The records below `start` are gone. The last epoch that began below it stays as it was: where a follower has
  // records of earlier epochs, the logs are not known to agree at `start`.
  void truncate_start(Offset start);
  friend bool operator==(const LeaderEpochs&, const LeaderEpochs&) = default;
  [[nodiscard]] LeaderEpoch latest() const { return entries_.empty() ? LeaderEpoch{} : entries_.back().epoch; }
  [[nodiscard]] LeaderEpoch at(Offset offset) const;
  // What a leader answers: where `epoch` ends here. The latest -> log end; none above -> unknown; else the start of the
  // next higher epoch, with the greatest epoch known here that is not above the one asked for.
  [[nodiscard]] EpochEndOffset end_offset_for(LeaderEpoch epoch, Offset log_end) const;
  // What a follower compares with: the greatest epoch known here that is not above `epoch`, and where it ends.
  [[nodiscard]] EpochEndOffset floor(LeaderEpoch epoch, Offset log_end) const;
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }  // rising in both

 private:
  std::vector<Entry> entries_;
};

}  // namespace ottla
