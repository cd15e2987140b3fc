#include "replication/sim/simulation.h"

namespace ottla::sim {

namespace {

constexpr int readers_per_partition = 1;
constexpr int clients_max = 16;

int drawn(const Options& options, std::uint64_t what, std::initializer_list<int> choices) {
  Random random(options.seed, 300, what);
  return *(choices.begin() + random.below(choices.size()));
}

}  // namespace

Simulation::Simulation(const Options& options)
    : brokers_(drawn(options, 1, {3, 3, 3, 4, 5})),
      partitions_(drawn(options, 2, {1, 1, 2, 3})),
      nodes_(static_cast<std::size_t>(brokers_ + 1 + clients_max)),
      times{.lag_time_max_ms = drawn(options, 5, {1500, 1500, 300}),
            .alter_partition_retry_ms = 300,
            .fetch_backoff_ms = drawn(options, 6, {100, 20})},
      fetch_timeout_us(1'000'000),
      late_alter_partition_one_in(static_cast<std::uint64_t>(drawn(options, 8, {8, 8, 2}))),
      world(options),
      network(world, static_cast<int>(nodes_)),
      controller(world, network, brokers_, partitions_, drawn(options, 3, {2, 2, 2, 2, 3, 1})),
      ghost(world, controller.registrations(), brokers_),
      history(world, partitions_),
      nemesis_(*this),
      machines_(static_cast<std::size_t>(brokers_) + 1) {
  for (std::size_t stream = 0; stream < static_cast<std::size_t>(Stream::count); ++stream) {
    for (std::size_t node = 0; node < nodes_; ++node) {
      random_.emplace_back(options.seed, 400 + stream, node);
    }
  }
  controller.set_ghost(ghost);
  network.late_alter_partition_one_in = late_alter_partition_one_in;
  network.process(0).alive = true;
  for (int id = 1; id <= brokers_; ++id) {
    machine(id).disk = std::make_unique<FaultDisk>(random(Stream::disk, id).next());
    (void)machine(id).disk->make_directories("data");
    (void)machine(id).disk->sync_directory(".");
    start_later(id, 1000);
  }
  make_clients();
  expire_sessions();
}

Simulation::~Simulation() = default;

void Simulation::make_clients() {
  Random& shape = random(Stream::shape, 0);
  int node = brokers_ + 1;
  for (int p = 0; p < partitions_; ++p) {
    const bool has_no_producer_ids = shape.one_in(6);  // then all of it may be deleted
    const std::int64_t producers = has_no_producer_ids ? 0 : shape.between(1, 2);
    for (std::int64_t i = 0; i < producers; ++i) {
      producers_.push_back(std::make_unique<ProducerClient>(*this, node++, p, true, shape.between(5, 100) * 1000));
    }
    if (has_no_producer_ids || shape.one_in(2)) {
      producers_.push_back(std::make_unique<ProducerClient>(*this, node++, p, false, shape.between(20, 200) * 1000));
    }
    for (int i = 0; i < readers_per_partition; ++i) {
      readers_.push_back(std::make_unique<ReaderClient>(*this, node++, p));
    }
  }
  for (int client = brokers_ + 1; client < node; ++client) {
    network.process(client).alive = true;
  }
}

void Simulation::expire_sessions() {
  controller.expire_sessions();
  world.after(250'000, [this] { expire_sessions(); });
}

std::int64_t Simulation::wall_ms(int id) const {
  return 1'700'000'000'000 + world.now_us() / 1000 + const_cast<Simulation*>(this)->network.process(id).wall_error_ms;
}

std::int64_t Simulation::timer_lateness_us(int id) {
  Random& late = random(Stream::lateness, id);
  const bool is_late = late.one_in(50);
  const std::int64_t lateness_us = late.between(0, 2'000'000);
  return is_late && world.options.has(Fault::clock) && !is_ending() ? lateness_us : 0;
}

void Simulation::start_later(int id, std::int64_t delay_us) {
  const std::uint64_t token = ++machine(id).start_token;
  world.after(delay_us, [this, id, token] {
    if (machine(id).start_token == token && !network.process(id).alive) {
      start(id);
    }
  });
}

void Simulation::start(int id) {
  Machine& one = machine(id);
  Process& process = network.process(id);
  process.alive = true;
  process.paused_until_us = 0;
  ++process.incarnation;
  world.tell("broker {} starts", id);
  one.broker = std::make_unique<Broker>(*this, id, *one.disk, one.has_lost_disk);
  if (!one.broker->start() && !world.violation) {
    stop(id, End::power_cut);
  }
}

void Simulation::stop(int id, End how) {
  Process& process = network.process(id);
  if (!process.alive) {
    return;
  }
  process.alive = false;
  ++process.incarnation;
  ++world.statistics.kills;
  network.reset_connections(id);
  // Not now: the broker may be in the middle of something.
  world.after(0, [this, id, how] {
    Machine& one = machine(id);
    one.broker.reset();
    Random& random = this->random(Stream::disk, id);
    const std::uint64_t seed = random.next();
    const std::int64_t delay_us = is_ending() ? 100'000 : 20'000 + random.skewed(400'000);
    if (one.wipes) {
      one.disk = std::make_unique<FaultDisk>(seed);
      (void)one.disk->make_directories("data");
      (void)one.disk->sync_directory(".");
      one.has_lost_disk = true;
      one.wipes = one.has_rotten = false;
      ghost.lost_disk(id);
    } else if (how == End::power_cut) {
      one.disk = one.disk->after_power_cut(seed);
    }
    start_later(id, delay_us);
  });
}

void Simulation::has_rotten(int id) {
  machine(id).has_rotten = true;
  stop(id, End::power_cut);
}

void Simulation::finds_damage(int id, const std::string& what) {
  Machine& one = machine(id);
  if (!one.has_rotten) {
    world.violated(fmt::format("V22: broker {} finds damage that nobody did: {}", id, what));
  }
  world.tell("broker {} finds damage and gets a new disk", id);
  one.has_rotten = false;
  one.wipes = true;
}

// Nothing more can be written: the process gives up, at once or after a while.
void Simulation::disk_has_failed(int id) {
  Random& random = this->random(Stream::disk, id);
  const std::uint64_t incarnation = network.process(id).incarnation;
  const End how = random.one_in(2) ? End::kill : End::power_cut;
  world.after(random.one_in(2) ? 0 : random.between(0, 3'000'000), [this, id, incarnation, how] {
    if (network.process(id).alive && network.process(id).incarnation == incarnation) {
      stop(id, how);
    }
  });
}

bool Simulation::run() {
  constexpr std::int64_t second_us = 1'000'000;
  faults_until_us_ = drawn(world.options, 4, {10, 20, 40, 60}) * second_us;
  quiet_from_us_ = faults_until_us_ + 2 * second_us;
  const std::int64_t end_us = faults_until_us_ + 60 * second_us;
  for (const auto& producer : producers_) {
    world.after(500'000, [&producer] { producer->begin(); });
  }
  for (const auto& reader : readers_) {
    world.after(600'000, [&reader] { reader->begin(); });
  }
  world.after(second_us, [this] { nemesis_.begin(faults_until_us_); });
  world.run_until(faults_until_us_);
  if (world.violation) {
    return false;
  }
  world.tell("all is healed");
  nemesis_.heal();
  std::string why = "not yet looked";
  while (!world.violation && !why.empty() && world.now_us() < end_us) {
    world.run_until(world.now_us() + 500'000);
    nemesis_.heal();  // what was armed for later
    why = is_ending() ? unsettled() : "producers are at work";
  }
  if (!world.violation && !why.empty()) {
    world.violated("V21: after a minute without faults " + why);
  }
  if (!world.violation) {
    check_ends();
  }
  return !world.violation;
}

std::string Simulation::unsettled() {
  for (int p = 0; p < partitions_; ++p) {
    const PartitionRegistration& known = controller.registrations()[static_cast<std::size_t>(p)];
    if (known.leader.value < 0 || known.isr.size() != known.replicas.size()) {
      std::string why = fmt::format("partition {} has leader {} and {} of {} replicas in sync", p, known.leader.value,
                                    known.isr.size(), known.replicas.size());
      for (const BrokerId id : known.replicas) {
        const Broker* const one = broker(id.value);
        why += fmt::format("; broker {}: {}", id.value, one != nullptr ? one->describe(p) : "is not there");
      }
      return why;
    }
    for (const BrokerId id : known.replicas) {
      const Broker* const one = broker(id.value);
      const std::string why = one != nullptr ? one->unsettled(p) : "is not there";
      if (!why.empty() || ghost.log_end(id.value, p) != ghost.committed(p).size()) {
        return fmt::format("broker {} of partition {} {}, committed are {}", id.value, p, why,
                           ghost.committed(p).size());
      }
    }
  }
  for (const auto& producer : producers_) {
    if (!producer->is_idle()) {
      return "V17: a producer has no answer";
    }
  }
  for (int p = 0; p < partitions_; ++p) {
    if (static_cast<std::size_t>(history.read_to(p).value) != ghost.committed(p).size()) {
      return fmt::format("partition {} is read to {}, committed are {}", p, history.read_to(p).value,
                         ghost.committed(p).size());
    }
  }
  return {};
}

void Simulation::check_ends() {
  history.finish();
  for (int p = 0; p < partitions_; ++p) {
    for (const BrokerId id : controller.registrations()[static_cast<std::size_t>(p)].replicas) {
      broker(id.value)->check_log(p);
    }
  }
}

}  // namespace ottla::sim
