// Which leader epoch wrote which offsets: Kafka's leader-epoch-checkpoint ("0", a count, then "epoch start-offset").
// Kept even for epochs that wrote nothing: losing one makes truncation wrong (KIP-101, KIP-279, KAFKA-10706).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/file.h"
#include "storage/log.h"

namespace ottla {

class LeaderEpochs {
 public:
  // Nothing if it is absent or damaged; recovery then fills it from the batches.
  static std::optional<LeaderEpochs> read(Disk& disk, const std::string& directory);
  // Durable when it returns.
  Result<void> write(Disk& disk, const std::string& directory) const;

  // True if the epoch is new; it must be above the latest.
  bool add(LeaderEpoch epoch, Offset start);
  void truncate(Offset end);
  // The records below `start` are gone: the epoch that holds it begins there now.
  void truncate_start(Offset start);
  friend bool operator==(const LeaderEpochs&, const LeaderEpochs&) = default;
  [[nodiscard]] LeaderEpoch latest() const { return entries_.empty() ? LeaderEpoch{} : entries_.back().epoch; }
  [[nodiscard]] LeaderEpoch at(Offset offset) const;
  [[nodiscard]] EpochEndOffset end_offset_for(LeaderEpoch epoch, Offset log_end) const;

 private:
  struct Entry {
    LeaderEpoch epoch;
    Offset start;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  std::vector<Entry> entries_;  // rising in both
};

}  // namespace ottla
