// A broker of the simulated cluster, from one start of its process to its end: the product's logs on the fault disk,
// the product's replica rules, and between them the little that the real shell does.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "replication/replica.h"
#include "replication/sim/controller_node.h"
#include "replication/sim/messages.h"
#include "replication/sim/sim_disk.h"
#include "storage/log.h"
#include "storage/log_directory.h"
#include "storage/open_files.h"

namespace ottla::sim {

class Simulation;

class Broker {
 public:
  Broker(Simulation& simulation, int id, FaultDisk& disk, bool has_lost_disk);
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // Recovers what is on the disk. False: the disk has stopped on the way.
  bool start();

  void on_produce(int partition, Bytes batch, bool needs_all_acks, const Network::Respond<ProduceReply>& respond);
  void on_fetch(int partition, const FollowerFetch& fetch, bool may_wait, const Network::Respond<FetchReply>& respond);
  void on_consume(int partition, Offset from, const Network::Respond<ConsumeReply>& respond);
  [[nodiscard]] int leader_of(int partition) const;

  void begin_shutdown() { wants_shutdown_ = true; }
  // Whether a partition is as it should be once all is healed; else why not.
  [[nodiscard]] std::string unsettled(int partition) const;
  // For people: where its replica of the partition stands.
  [[nodiscard]] std::string describe(int partition) const;
  [[nodiscard]] bool has_failed() const { return has_failed_; }
  // V13, V14, V16 on the whole log.
  void check_log(int partition);
  void rot(int partition, Random& random);
  // DeleteRecords, up to some offset that may be deleted.
  void delete_records(int partition, Random& random);

  std::int64_t sync_delay_us = 800;  // the mean
  bool refuses_appends = false;      // the disk is as full as it may be

 private:
  static constexpr std::string_view root = "data";
  static std::string name_of(int partition) { return fmt::format("t-{}", partition); }

  struct ParkedFetch {
    FollowerFetch fetch;
    Network::Respond<FetchReply> respond;
    std::uint64_t id = 0;
  };
  struct AckWait {
    Offset end;
    Offset base;
    bool needs_all = false;
    Network::Respond<ProduceReply> respond;
  };
  struct Part {
    int index = 0;
    std::unique_ptr<Log> log;
    std::optional<Replica> replica;
    std::vector<ParkedFetch> parked;
    std::vector<AckWait> waits;
    std::vector<Offset> delete_waits;
    // While one event is worked on:
    const ParkedFetch* asking = nullptr;
    bool asking_may_wait = false;
    SharedBytes fetched;
    std::optional<PartitionRecord> known;
  };

  // broker.cc
  bool open_log(Part& part);
  [[nodiscard]] LogHints hints(const std::string& name, const PartitionKey& key) const;
  bool cannot_start(const Error& error);
  void register_here();
  void send_heartbeat();
  void ask_for_metadata();
  void on_metadata(const MetadataReply& reply);
  void tell_replica(Part& part);
  void shut_down();  // broker_house.cc
  void keep_house();
  Result<void> write_high_watermarks();
  // True if the process is at its end, for the disk has stopped or failed.
  bool has_died(const Result<void>& outcome);
  bool log_is_lost(const Part& part);

  // broker_replica.cc
  void step(Part& part, const ReplicaEvent& event);
  void run(Part& part, const replica_effect::AssignEpoch& effect);
  void run(Part& part, const replica_effect::Truncate& effect);
  void run(Part& part, const replica_effect::StartAnew& effect);
  void run(Part& part, const replica_effect::AppendFetched& effect);
  void run(Part& part, const replica_effect::SendFetch& effect);
  void run(Part& part, const replica_effect::AnswerFetch& effect);
  void run(Part& part, const replica_effect::SendAlterPartition& effect);
  void run(Part& part, const replica_effect::HighWatermarkMoved& effect);
  void run(Part& part, const replica_effect::LowWatermarkMoved& effect);
  void run(Part& part, const replica_effect::StepDown& effect);
  void run(Part& part, const replica_effect::ArmTimer& effect);
  void run(Part& part, const replica_effect::AdvanceLogStart& effect);
  void run(Part& part, const replica_effect::InvariantBroken& effect);
  void has_appended(Part& part, std::span<const std::byte> batches);
  void answer_parked(Part& part, std::optional<std::uint64_t> only = {});
  void complete_acks(Part& part);
  // broker_deleting.cc
  void complete_deletions(Part& part);
  void want_durable_start();
  void make_log_starts_durable();
  SharedBytes read(Part& part, Offset from, Offset limit, std::int64_t max_bytes);
  void plan_sync();
  Result<void> sync();
  void finish_sync();
  void fail(const Error& error);

  Simulation& simulation_;
  const int id_;
  FaultDisk& fault_disk_;
  const bool has_lost_disk_;
  std::unique_ptr<SimDisk> sim_disk_;  // with a mutant of storage only
  Disk& disk_;
  std::unique_ptr<LogDirectory> directory_;
  std::unique_ptr<OpenFiles> files_;
  std::vector<Part> parts_;
  std::vector<BrokerRecord> brokers_;  // by id
  BrokerEpoch epoch_;
  std::size_t metadata_end_ = 0;
  std::uint64_t next_parked_id_ = 1;
  std::vector<std::pair<Part*, SyncJob>> syncing_;  // the commit under way, and how it went if it is over
  Result<void> synced_;
  bool has_failed_ = false;
  bool wants_shutdown_ = false;
  bool wants_durable_start_ = false;
  bool is_dying_ = false;
  std::vector<ReplicaEffects> spare_effects_;
};

}  // namespace ottla::sim
