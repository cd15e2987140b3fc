// Do the sequences of idempotent producers hold, and do the producer snapshots agree with the batches?
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storage/finding.h"
#include "storage/producer_state.h"
#include "storage/segment_reader.h"

namespace ottla {

class ProducerCheck {
 public:
  // Reads the snapshots in the directory, Kafka's (<offset>.snapshot) and ours (.ottla-<offset>.producers).
  ProducerCheck(Disk& disk, const std::string& partition_directory, Report report);

  void see(const StoredBatch& batch, const std::string& log_path);
  // Offsets are missing before the next batch: what its producer wrote before is not known.
  void gap() { state_ = {}; }

 private:
  struct Remembered {
    ProducerState::LastBatch batch;
    std::string snapshot;
  };
  Report report_;
  ProducerState state_;
  std::multimap<Offset, Remembered> remembered_;  // by last offset
};

}  // namespace ottla
