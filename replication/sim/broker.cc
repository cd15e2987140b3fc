#include "replication/sim/broker.h"

#include <algorithm>

#include "replication/sim/simulation.h"

namespace ottla::sim {

namespace {

constexpr std::int64_t heartbeat_us = 400'000;

TopicId topic_id() {
  TopicId id;
  id.bytes.fill(7);
  return id;
}

bool is_storage_mutant() {
  return mutant(Mutant::epoch_entry_not_synced) || mutant(Mutant::truncation_not_synced) ||
         mutant(Mutant::segment_entry_not_synced);
}

}  // namespace

Broker::Broker(Simulation& simulation, int id, FaultDisk& disk, bool has_lost_disk)
    : simulation_(simulation),
      id_(id),
      fault_disk_(disk),
      has_lost_disk_(has_lost_disk),
      sim_disk_(is_storage_mutant() ? std::make_unique<SimDisk>(disk) : nullptr),
      disk_(sim_disk_ ? static_cast<Disk&>(*sim_disk_) : disk),
      brokers_(static_cast<std::size_t>(simulation.brokers()) + 1) {}

Broker::~Broker() = default;

bool Broker::has_died(const Result<void>& outcome) {
  if (fault_disk_.changes > fault_disk_.stop_after) {
    if (!std::exchange(is_dying_, true)) {
      simulation_.world.tell("broker {}: the power goes in the middle of a write", id_);
      simulation_.stop(id_, Simulation::End::power_cut);
    }
    return true;
  }
  if (!outcome && !is_dying_) {
    fail(outcome.error());
  }
  return is_dying_ || has_failed_;
}

// A log that could not undo what a failed write had begun takes no more writes.
bool Broker::log_is_lost(const Part& part) {
  const auto& failure = part.log->why_failed();
  return has_died(failure ? Result<void>(std::unexpected(*failure)) : Result<void>{});
}

// Where the disk has stopped or made an error on the way, another start must do.
bool Broker::cannot_start(const Error& error) {
  const bool has_stopped = fault_disk_.changes > fault_disk_.stop_after;
  if (!has_stopped && error.message.find("Input/output error") == std::string::npos) {
    simulation_.world.violated(fmt::format("V22: broker {} cannot start: {}", id_, error.message));
  }
  return false;
}

bool Broker::start() {
  auto opened = LogDirectory::open(disk_, std::string(root), "sim", BrokerId{id_});
  if (!opened) {
    return cannot_start(opened.error());
  }
  directory_ = std::move(*opened);
  if (mutant(Mutant::clean_marker_kept) && directory_->was_clean()) {
    (void)directory_->mark_clean(directory_->clean_ends());
  }
  const std::string metadata = fmt::format("{}/.ottla-metadata", root);
  if (!disk_.exists(metadata + "/log")) {
    auto done = disk_.make_directories(metadata);
    done = done ? write_whole_file(disk_, metadata + "/log", {}) : done;
    done = done ? fault_disk_.sync_all(std::string(root)) : done;
    if (!done) {
      return cannot_start(done.error());
    }
  }
  files_ = std::make_unique<OpenFiles>(disk_, 50);
  parts_.resize(static_cast<std::size_t>(simulation_.partitions()));
  for (int p = 0; p < simulation_.partitions(); ++p) {
    parts_[static_cast<std::size_t>(p)].index = p;
    if (!open_log(parts_[static_cast<std::size_t>(p)])) {
      return false;
    }
  }
  simulation_.network.on_process(id_, 1000, [this] { register_here(); });
  simulation_.network.on_process(id_, simulation_.random(Stream::broker, id_).between(1'000'000, 4'000'000),
                                 [this] { keep_house(); });
  return true;
}

// What recovery is told of a log. A mutant forgets what was durable, so that damage passes for a torn tail.
LogHints Broker::hints(const std::string& name, const PartitionKey& key) const {
  return mutant(Mutant::recovery_truncates_damage) ? LogHints{} : directory_->hints(name, key);
}

bool Broker::open_log(Part& part) {
  const PartitionKey key{topic_id(), part.index};
  const std::string name = name_of(part.index);
  const LogConfig config{.segment_bytes = 3000, .index_interval_bytes = 150};
  auto log = Log::open({disk_, *files_, directory_->marks()}, fmt::format("{}/{}", root, name), key, config,
                       hints(name, key), 0);
  if (!log) {
    return cannot_start(log.error());
  }
  part.log = std::move(*log);
  const Offset start = part.log->log_start_offset();
  LogEntries found;
  bool is_damaged = !part.log->damaged().empty();
  while (!is_damaged && start + static_cast<std::int64_t>(found.size()) < part.log->log_end_offset()) {
    const Offset next = start + static_cast<std::int64_t>(found.size());
    const SharedBytes bytes = read(part, next, part.log->log_end_offset(), 1 << 20);
    const LogEntries more = bytes ? entries_from(*bytes, next) : LogEntries{};
    is_damaged = more.empty();
    found.insert(found.end(), more.begin(), more.end());
  }
  if (is_damaged) {
    simulation_.finds_damage(id_, part.log->damaged().empty() ? name : part.log->damaged().front().what);
    return false;
  }
  simulation_.world.tell("broker {}: {} comes back with {} records from {}", id_, name, found.size(), start.value);
  simulation_.ghost.recovered(id_, part.index, start, found, part.log->leader_epochs());
  simulation_.ghost.durable_start(id_, part.index, part.log->durable_start_offset());
  const Offset high_watermark = std::clamp(directory_->high_watermark(name), start, part.log->log_end_offset());
  simulation_.ghost.shows(id_, part.index, start, high_watermark);
  part.replica.emplace(BrokerId{id_}, simulation_.times, simulation_.network.process(id_).incarnation << 32U,
                       high_watermark);
  return true;
}

void Broker::register_here() {
  simulation_.network.call<RegisterReply>(
      id_, 0, Channel::control, 1'000'000,
      [id = id_, incarnation = simulation_.network.process(id_).incarnation, lost = has_lost_disk_,
       &simulation = simulation_](const auto& respond) {
        if (const auto reply = simulation.controller.on_register(id, incarnation, lost)) {
          if (lost) {
            simulation.has_told_of_lost_disk(id, reply->broker_epoch);
          }
          respond(*reply);
        }
      },
      [this](const RegisterReply* reply) {
        if (reply == nullptr) {
          simulation_.network.on_process(id_, 100'000, [this] { register_here(); });
          return;
        }
        epoch_ = reply->broker_epoch;
        send_heartbeat();
        ask_for_metadata();
      });
}

void Broker::send_heartbeat() {
  simulation_.network.call<HeartbeatReply>(
      id_, 0, Channel::control, 1'000'000,
      [id = id_, epoch = epoch_, end = metadata_end_, leaves = wants_shutdown_, failed = has_failed_,
       &simulation = simulation_](const auto& respond) {
        respond(simulation.controller.on_heartbeat(id, epoch, end, leaves, failed));
      },
      [this](const HeartbeatReply* reply) {
        if (reply != nullptr && wants_shutdown_ && reply->may_shut_down) {
          shut_down();
          return;
        }
        simulation_.network.on_process(id_, reply != nullptr ? heartbeat_us : 100'000, [this] { send_heartbeat(); });
      });
}

void Broker::ask_for_metadata() {
  simulation_.network.call<MetadataReply>(
      id_, 0, Channel::metadata, 1'000'000,
      [from = metadata_end_, &simulation = simulation_](const auto& respond) {
        respond(simulation.controller.on_metadata(from));
      },
      [this](const MetadataReply* reply) {
        if (reply != nullptr) {
          on_metadata(*reply);
        }
        Random& random = simulation_.random(Stream::broker, id_);
        const std::int64_t wait_us = random.one_in(20) ? random.between(0, 1'500'000) : random.between(2'000, 60'000);
        simulation_.network.on_process(id_, wait_us, [this] { ask_for_metadata(); });
      });
}

// A broker acts on the metadata once they hold its own registration (D12), and on whole batches only: the one of its
// registration takes back what an earlier process of this broker was.
void Broker::on_metadata(const MetadataReply& reply) {
  if (reply.from != metadata_end_) {
    return;
  }
  for (const MetadataBatch& batch : reply.batches) {
    ++metadata_end_;
    bool tells_all = false;
    std::vector<int> changed;
    for (const MetadataRecord& record : batch) {
      if (const auto* const broker = std::get_if<BrokerRecord>(&record)) {
        brokers_[static_cast<std::size_t>(broker->id.value)] = *broker;
        tells_all = true;
      } else {
        const auto& partition = std::get<PartitionRecord>(record);
        parts_[static_cast<std::size_t>(partition.partition)].known = partition;
        changed.push_back(partition.partition);
      }
    }
    for (Part& part : parts_) {
      const bool is_told = tells_all || std::ranges::find(changed, part.index) != changed.end();
      if (is_told && static_cast<std::int64_t>(metadata_end_) > epoch_.value && !is_dying_) {
        tell_replica(part);
      }
    }
  }
}

void Broker::tell_replica(Part& part) {
  if (!part.known) {
    return;
  }
  const PartitionRegistration& known = part.known->registration;
  PartitionMetadata metadata{.leader = known.leader,
                             .leader_epoch = known.leader_epoch,
                             .partition_epoch = known.partition_epoch,
                             .replicas = {},
                             .isr = known.isr,
                             .effective_min_isr = part.known->effective_min_isr};
  for (const BrokerId id : known.replicas) {
    const BrokerRecord& broker = brokers_[static_cast<std::size_t>(id.value)];
    metadata.replicas.push_back({id, broker.epoch, broker.may_join_isr});
  }
  step(part, replica_event::MetadataChanged{std::move(metadata)});
  if (!is_dying_ && part.log->durable_start_offset() < part.log->log_start_offset()) {
    want_durable_start();
  }
}

int Broker::leader_of(int partition) const {
  const auto& known = parts_[static_cast<std::size_t>(partition)].known;
  return known ? known->registration.leader.value : -1;
}

}  // namespace ottla::sim
