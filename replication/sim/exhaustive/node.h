// A broker of the small world: the real Replica over a log that is a list of records. Its shell carries effects out as
// the broker's does, in their order and each before the next; what it sends is given back.
#pragma once

#include <optional>
#include <string>

#include "replication/replica.h"
#include "replication/sim/exhaustive/message.h"

namespace ottla::exhaustive {

struct Outcome {
  std::vector<Message> sent;
  std::string broken;  // what cannot be, in words
};

// What a crash leaves: all that was written, what was synced, or another disk.
enum class Remains : std::uint8_t { written, synced, nothing };

class Node {
 public:
  // As it starts; `broker_epoch` is of its registration.
  Node(BrokerId id, BrokerEpoch broker_epoch) : id_(id), broker_epoch_(broker_epoch) { start(broker_epoch); }

  void step(const ReplicaEvent& event, const Records& fetched, Outcome& outcome);
  // A generation and a token that fit or not, as `is_void` says.
  void deliver(const FetchReply& message, Outcome& outcome);
  void deliver(const AlterReply& message, Outcome& outcome);
  void give_up_fetch(Outcome& outcome);                // nothing happens if there is none under way
  void append(std::int32_t record, Outcome& outcome);  // REQUIRES: may_append
  void sync(Outcome& outcome);
  void tick(bool lag_time_has_passed, Outcome& outcome);
  // Of the high watermark the last checkpoint is left, or none.
  void crash(Remains remains, bool has_checkpoint);
  void start(BrokerEpoch broker_epoch);

  [[nodiscard]] Key key() const;
  [[nodiscard]] const std::optional<Replica>& replica() const { return replica_; }
  [[nodiscard]] const Records& log() const { return log_; }
  [[nodiscard]] std::size_t durable() const { return durable_; }
  [[nodiscard]] BrokerId id() const { return id_; }
  [[nodiscard]] bool has_lost_disk() const { return has_lost_disk_; }  // and is down since
  [[nodiscard]] std::string in_words() const;

 private:
  void run(const ReplicaEffect& effect, const ReplicaEvent& cause, const Records& fetched, Outcome& outcome);
  void run(const replica_effect::AnswerFetch& effect, const FollowerFetch& fetch, Outcome& outcome) const;
  [[nodiscard]] Offset log_end() const { return {static_cast<std::int64_t>(log_.size())}; }
  void cut(std::size_t end);
  bool append_fetched(const Records& fetched);

  BrokerId id_;
  BrokerEpoch broker_epoch_;
  Records log_;
  std::size_t durable_ = 0;
  LeaderEpochs epochs_;
  std::int64_t now_ms_ = 0;  // moves when replica.lag.time.max.ms passes, and at no other time
  Offset checkpoint_;        // of the high watermark, as the next start finds it
  bool has_lost_disk_ = false;
  std::optional<Replica> replica_;  // none: it is down
};

}  // namespace ottla::exhaustive
