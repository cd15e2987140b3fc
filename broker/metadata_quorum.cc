#include "broker/metadata_quorum.h"

#include <fmt/format.h>
#include <pthread.h>

#include <future>
#include <random>

#include "broker/log.h"
#include "broker/quorum/newcomer.h"
#include "replication/quorum/configuration.h"

namespace ottla {

namespace {

constexpr std::uint64_t first_term = 1;  // of what was written before there was a quorum

std::string text_of(const std::vector<quorum::Server>& servers) {
  std::string text;
  for (const quorum::Server& server : servers) {
    text += fmt::format("{}{}@{}", text.empty() ? "" : ",", quorum::broker_id(server.id).value, server.address);
  }
  return text;
}

// What a broker on its own has decided before there was a quorum.
Result<Controller> replay(const CommandLog& log) {
  Controller controller;
  if (const auto& snapshot = log.snapshot()) {
    auto restored = Controller::restore(snapshot->bytes);
    if (!restored) {
      return restored;
    }
    controller = std::move(*restored);
  }
  for (const auto& entry : log.entries()) {
    const auto command = decode_command(entry.bytes);
    if (!command) {
      return std::unexpected(command.error());
    }
    (void)controller.apply(*command, entry.index);  // what it refused then, it refuses now
  }
  return controller;
}

// The voters that the disk knows, as they were last changed.
std::vector<quorum::Server> voters_in(const quorum::StoredState& state) {
  quorum::Configuration configuration;
  if (state.snapshot) {
    configuration = state.snapshot->configuration;
  }
  for (const quorum::Entry& entry : state.entries) {
    if (entry.kind == quorum::EntryKind::change) {
      configuration = quorum::decode_configuration(*entry.bytes).value_or(configuration);
    }
  }
  std::erase_if(configuration.servers, [](const auto& one) { return one.role != quorum::ServerRole::voter; });
  return configuration.servers;
}

// The settings name the first voters; who votes since is in the log.
Result<void> check_voters(const quorum::StoredState& state, const QuorumPlan& plan, const std::string& directory) {
  const auto stored = voters_in(state);
  const bool is_same_alone = !plan.is_cluster && stored.size() == 1 && stored[0].id == plan.self();
  const bool is_new = !state.snapshot && state.entries.empty();
  const bool is_of_cluster = std::ranges::find(stored, address_alone, &quorum::Server::address) == stored.end();
  const auto self = std::ranges::find(stored, plan.self(), &quorum::Server::id);
  if (plan.is_cluster && is_of_cluster && self != stored.end() && self->address != plan.address) {
    return failure(ErrorCode::INCONSISTENT_VOTER_SET,
                   fmt::format("{}: this broker votes at {}, where the others look for it, and is to be at {}: "
                               "remove-controller, then start it there, then add-controller",
                               directory, self->address, plan.address));
  }
  if (is_same_alone || is_new || (plan.is_cluster && is_of_cluster)) {
    if (plan.is_cluster && !is_new && stored != plan.voters) {
      logger().info("{} knows the voters {}; controller.quorum.voters is {}", directory, text_of(stored),
                    text_of(plan.voters));
    }
    return {};
  }
  return failure(ErrorCode::INCONSISTENT_VOTER_SET,
                 fmt::format("{} was written by a broker of the voters {}, and the voters are to be {}", directory,
                             text_of(stored), text_of(plan.voters)));
}

// A new directory, or one of a broker on its own, becomes that of a server of the quorum.
Result<void> make_quorum(Disk& disk, QuorumStore& store, const CommandLog& log, const QuorumPlan& plan,
                         const std::string& directory) {
  if (store.has_quorum()) {
    return {};
  }
  if (plan.is_cluster) {
    if (log.last_index() > 0) {
      return failure(ErrorCode::INCONSISTENT_VOTER_SET,
                     fmt::format("{} was written by a broker on its own, and cannot join the voters {}", directory,
                                 text_of(plan.voters)));
    }
    return mark_newcomer(disk, directory);  // whatever the settings call it: it may have voted
  }
  const auto controller = replay(log);
  return controller ? store.adopt(plan.voters.front(), controller->snapshot()) : std::unexpected(controller.error());
}

}  // namespace

Result<std::unique_ptr<MetadataQuorum>> MetadataQuorum::open(Disk& disk, const std::string& directory, QuorumPlan plan,
                                                             Partitions& partitions) {
  auto log = CommandLog::open(disk, directory);
  if (!log) {
    return std::unexpected(std::move(log.error()));
  }
  const CommandLog& opened = **log;
  QuorumStore store(std::move(*log));
  if (auto made = make_quorum(disk, store, opened, plan, directory); !made) {
    return std::unexpected(std::move(made.error()));
  }
  auto state = store.load();
  if (!state) {
    return std::unexpected(std::move(state.error()));
  }
  if (auto right = check_voters(*state, plan, directory); !right) {
    return std::unexpected(std::move(right.error()));
  }
  const bool is_alone = !plan.is_cluster;
  auto made = std::make_unique<MetadataQuorum>(disk, directory, std::move(store), std::move(plan), partitions);
  quorum::Effects effects;
  made->driver_->start(quorum_time_ms(), *state, effects);
  made->carry_out(effects);
  if (made->failed_) {
    return std::unexpected(*made->failed_);
  }
  if (is_alone) {
    if (auto followed = made->follower_.open_at_start(made->controller_); !followed) {
      return std::unexpected(std::move(followed.error()));
    }
  }
  return made;
}

Result<void> MetadataQuorum::seed(Disk& disk, const std::string& directory, std::span<const Command> commands) {
  auto log = CommandLog::open(disk, directory);
  if (!log) {
    return std::unexpected(std::move(log.error()));
  }
  std::vector<CommandLog::Entry> entries;
  for (const Command& command : commands) {
    entries.push_back(
        {.index = (*log)->last_index() + entries.size() + 1, .term = first_term, .bytes = encode_command(command)});
  }
  return (*log)->append(entries);
}

MetadataQuorum::MetadataQuorum(Disk& disk, std::string directory, QuorumStore store, QuorumPlan plan,
                               Partitions& partitions)
    : disk_(disk),
      directory_(std::move(directory)),
      store_(std::move(store)),
      plan_(std::move(plan)),
      is_newcomer_(ottla::is_newcomer(disk, directory_)),
      driver_(new_driver()),
      follower_(plan_.node_id, partitions, [this](const auto& look) {
        const std::shared_lock lock(state_mutex_);
        look(controller_);
      }) {}

void MetadataQuorum::connect(Send send, Forward forward) {
  send_ = std::move(send);
  forward_ = std::move(forward);
}

void MetadataQuorum::run() {
  follower_.start();
  thread_ = std::jthread([this] {
    pthread_setname_np(pthread_self(), "quorum");
    work();
  });
}

MetadataQuorum::~MetadataQuorum() {
  {
    const std::lock_guard lock(queue_mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void MetadataQuorum::end_waits() {
  follower_.end_waits();
  if (!thread_.joinable()) {
    return;
  }
  std::promise<void> ended;
  enqueue(Task([this, &ended] {
    is_ending_ = true;
    end_pending(std::numeric_limits<quorum::LogIndex>::max(), {ErrorCode::NOT_CONTROLLER, "the broker is stopping"});
    ended.set_value();
  }));
  ended.get_future().wait();
}

void MetadataQuorum::enqueue(Input input) {
  {
    const std::lock_guard lock(queue_mutex_);
    queue_.push_back(std::move(input));
  }
  wake_.notify_one();
}

void MetadataQuorum::receive(quorum::Message message) { enqueue(std::move(message)); }

void MetadataQuorum::propose(Command command, std::function<void(Result<Applied>)> committed) {
  enqueue(Proposal{std::move(command), [committed = std::move(committed)](std::uint64_t, Result<Applied> applied) {
                     committed(std::move(applied));
                   }});
}

Awaitable<Result<Applied>> MetadataQuorum::propose(Command command) {
  const auto done = std::make_shared<OneShot<Result<Applied>>>();
  if (is_active_ || !forward_) {
    propose(std::move(command), [done](Result<Applied> applied) { done->complete(std::move(applied)); });
    co_return co_await done->wait();
  }
  follower_.expect();
  auto index = co_await forward_(encode_command(command));
  if (!index) {
    follower_.expect_no_more();
    co_return std::unexpected(std::move(index.error()));
  }
  follower_.wait_for(*index, [done](std::uint64_t, Result<Applied> applied) { done->complete(std::move(applied)); });
  co_return co_await done->wait();
}

Awaitable<Result<std::uint64_t>> MetadataQuorum::commit(Command command) {
  const auto done = std::make_shared<OneShot<Result<std::uint64_t>>>();
  enqueue(Proposal{std::move(command), [done](std::uint64_t index, const Result<Applied>& applied) {
                     // An index: it is in the log, whatever the state machine made of it.
                     done->complete(index > 0 ? Result<std::uint64_t>(index) : std::unexpected(applied.error()));
                   }});
  co_return co_await done->wait();
}

Awaitable<QuorumStatus> MetadataQuorum::status() {
  const auto done = std::make_shared<OneShot<QuorumStatus>>();
  enqueue(Task([this, done] { done->complete(look_at_quorum()); }));
  co_return co_await done->wait();
}

Awaitable<Result<void>> MetadataQuorum::add_observer(BrokerId broker, std::string address) {
  const auto done = std::make_shared<OneShot<Result<void>>>();
  enqueue(Task([this, done, server = quorum::Server{.id = quorum::server_id(broker), .address = std::move(address)}] {
    done->complete(add_one(server));
  }));
  co_return co_await done->wait();
}

Awaitable<> MetadataQuorum::found_quorum() {
  const auto done = std::make_shared<OneShot<bool>>();
  enqueue(Task([this, done] {
    found();
    done->complete(true);
  }));
  co_await done->wait();
}

Awaitable<> MetadataQuorum::hand_over() {
  const auto done = std::make_shared<OneShot<bool>>();
  enqueue(Task([this, done] {
    quorum::Effects effects;
    constexpr quorum::ServerId nearest = 0;
    (void)driver_->transfer(quorum_time_ms(), nearest, effects);  // refused: it does not lead, or there is nobody else
    carry_out(effects);
    done->complete(true);
  }));
  co_await done->wait();
}

void MetadataQuorum::leader_is_gone(quorum::ServerId server) {
  enqueue(Task([this, server] {
    if (!failed_ && !is_newcomer_) {
      quorum::Effects effects;
      driver_->leader_is_gone(quorum_time_ms(), server, effects);
      carry_out(effects);
    }
  }));
}

Awaitable<> MetadataQuorum::follow() {
  const auto done = std::make_shared<OneShot<bool>>();
  follower_.begin([done] { done->complete(true); });
  co_await done->wait();
}

}  // namespace ottla
