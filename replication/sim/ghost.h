// What the simulator knows and no broker does: each replica's log as it should be, what every replica has claimed to
// hold durably, and what has been committed once. The invariants are checked as things happen, each only for what the
// event touched.
#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "protocol/leader_epochs.h"
#include "replication/partition_registration.h"
#include "replication/replica.h"
#include "replication/sim/world.h"

namespace ottla::sim {

// One record, as far as it matters.
struct LogEntry {
  std::int32_t leader_epoch = -1;
  std::uint32_t crc = 0;
  std::int64_t producer_id = -1;
  std::int32_t sequence = -1;
  friend bool operator==(const LogEntry&, const LogEntry&) = default;
};
using LogEntries = std::vector<LogEntry>;

// Whole batches as log entries, one for each record.
LogEntries entries_of(std::span<const std::byte> batches);
// Those from that offset on, where the first batch may begin before it.
LogEntries entries_from(std::span<const std::byte> batches, Offset from);

class Ghost {
 public:
  Ghost(World& world, const std::vector<PartitionRegistration>& registrations, int brokers);

  // At broker `id`, partition `p`; offsets are the log's.
  void appended(int id, int p, std::span<const LogEntry> entries);
  void leads(int id, int p, LeaderEpoch epoch);
  void will_truncate(int id, int p, Offset to);  // what was claimed beyond is claimed no more
  void truncated(int id, int p, Offset to, const LeaderEpochs& epochs);
  void durable(int id, int p, Offset end);
  void high_watermark(int id, int p, Offset before, const Replica& replica);
  // What readers may see there.
  void shows(int id, int p, Offset from, Offset high_watermark);
  void recovered(int id, int p, Offset start, const LogEntries& found, const LeaderEpochs& epochs);
  // DeleteRecords: what an operator asks for; a log that begins there from now on; one that does so after every start;
  // a follower's log that begins there, empty; and what is acknowledged as deleted for good.
  void may_delete(int p, Offset to);
  void begins_at(int id, int p, Offset start, Offset high_watermark);
  void durable_start(int id, int p, Offset start);
  void will_start_anew(int id, int p, Offset at);
  void started_anew(int id, int p, Offset at);
  void deleted(int p, Offset to);
  void lost_disk(int id);
  // The controller knows of it: nobody counts on what was there any more.
  void has_told_of_lost_disk(int id, BrokerEpoch epoch);
  void acked(int p, Offset end, std::size_t min_isr);
  void consumed(int p, Offset from, const LogEntries& entries, Offset high_watermark);
  void changed(int p, const PartitionRegistration& before, const PartitionContext& context);

  // The sequence that follows what is committed of a producer.
  [[nodiscard]] std::int32_t next_sequence(int p, std::int64_t producer_id) const {
    const auto& last = partitions_[static_cast<std::size_t>(p)].last_sequence;
    const auto found = last.find(producer_id);
    return found != last.end() ? found->second + 1 : 0;
  }
  // Below it nothing is left that a producer's next batch is compared with.
  [[nodiscard]] Offset last_batches_from(int p) const;
  [[nodiscard]] Offset deleted_to(int p) const { return partitions_[static_cast<std::size_t>(p)].deleted_to; }
  [[nodiscard]] std::size_t log_end(int id, int p) const { return at(id, p).entries.size(); }
  [[nodiscard]] const LogEntries& entries(int id, int p) const { return at(id, p).entries; }
  [[nodiscard]] const LogEntries& committed(int p) const { return partitions_[static_cast<std::size_t>(p)].committed; }
  [[nodiscard]] bool has_lost_disk(int id, int p) const { return at(id, p).lost; }
  [[nodiscard]] std::size_t durable_end(int id, int p) const { return at(id, p).durable; }

 private:
  struct ReplicaLog {
    LogEntries entries;  // from offset 0; below `start` what was there once, here or elsewhere
    Offset start;
    Offset durable_start;
    std::size_t durable = 0;
    bool lost = false;       // its disk, and the controller does not know yet
    Offset begins_anew{-1};  // on the way to a log that begins there, empty
  };
  struct Partition {
    std::vector<ReplicaLog> replicas;
    LogEntries committed;
    Offset may_be_deleted_to;
    Offset deleted_to;  // acknowledged
    std::map<LeaderEpoch, int> leaders;
    std::map<std::int64_t, std::int32_t> last_sequence;                     // committed, by producer
    std::vector<std::vector<std::pair<std::int32_t, std::uint32_t>>> seen;  // by offset: (epoch, CRC)
  };
  [[nodiscard]] const ReplicaLog& at(int id, int p) const {
    return partitions_[static_cast<std::size_t>(p)].replicas[static_cast<std::size_t>(id)];
  }
  ReplicaLog& at(int id, int p) { return const_cast<ReplicaLog&>(std::as_const(*this).at(id, p)); }
  void start_at(ReplicaLog& log, int p, Offset start) const;
  void commit(int id, int p, std::size_t end);
  void check_holds(int id, int p, std::size_t from, std::size_t end, std::string_view rule);
  void check_epochs(int id, int p, const LeaderEpochs& epochs);
  void check_deleted(int id, int p);

  World& world_;
  const std::vector<PartitionRegistration>& registrations_;
  std::vector<Partition> partitions_;
  std::vector<BrokerEpoch> epoch_with_new_disk_;  // by broker
};

}  // namespace ottla::sim
