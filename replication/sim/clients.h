// Model clients: producers that send a batch until it is acknowledged, and readers that read along.
#pragma once

#include <memory>
#include <vector>

#include "protocol/primitives.h"
#include "replication/sim/history.h"
#include "replication/sim/messages.h"

namespace ottla::sim {

class Simulation;

// One partition, one batch at a time; idempotent with acks=all, or acks=1 and no second try.
class ProducerClient {
 public:
  ProducerClient(Simulation& simulation, int node, int partition, bool needs_all_acks, std::int64_t pause_us);
  void begin() { next(); }
  [[nodiscard]] bool is_idle() const { return batch_.empty(); }

 private:
  void next();
  void send();
  void on_reply(const ProduceReply* reply);

  Simulation& simulation_;
  const int node_;
  const int partition_;
  const bool needs_all_acks_;
  const std::int64_t pause_us_;
  std::int32_t number_ = 0;
  std::int32_t count_ = 0;
  Bytes batch_;
  int leader_ = -1;
};

class ReaderClient {
 public:
  ReaderClient(Simulation& simulation, int node, int partition)
      : simulation_(simulation), node_(node), partition_(partition) {}
  void begin() { poll(); }
  [[nodiscard]] Offset position() const { return position_; }

 private:
  void poll();
  void on_reply(const ConsumeReply& reply);

  Simulation& simulation_;
  const int node_;
  const int partition_;
  Offset position_;
  int leader_ = -1;
};

}  // namespace ottla::sim
