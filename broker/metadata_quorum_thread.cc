// The quorum's thread: inputs in, effects out.
#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "broker/log.h"
#include "broker/metadata_quorum.h"
#include "replication/quorum/configuration.h"

namespace ottla {

namespace {

constexpr auto longest_wait = std::chrono::seconds(30);
constexpr std::size_t command_max_bytes = CommandLog::entry_max_bytes / 2;

}  // namespace

void MetadataQuorum::work() {
  for (;;) {
    std::vector<Input> inputs;
    {
      const std::chrono::steady_clock::time_point deadline{std::chrono::milliseconds(driver_->deadline_ms())};
      std::unique_lock lock(queue_mutex_);
      wake_.wait_until(lock, deadline, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) {
        return;
      }
      inputs.swap(queue_);
    }
    take(inputs);
    if (!failed_ && quorum_time_ms() >= driver_->deadline_ms()) {
      quorum::Effects effects;
      driver_->tick(quorum_time_ms(), effects);
      carry_out(effects);
    }
    end_overdue();
  }
}

// Proposals that come together are written together.
void MetadataQuorum::take(std::vector<Input>& inputs) {
  std::vector<Proposal> proposals;
  for (Input& input : inputs) {
    if (auto* const proposal = std::get_if<Proposal>(&input)) {
      proposals.push_back(std::move(*proposal));
    }
  }
  propose_all(proposals);
  for (Input& input : inputs) {
    if (const auto* const message = std::get_if<quorum::Message>(&input)) {
      receive_one(*message);
    } else if (auto* const task = std::get_if<Task>(&input)) {
      (*task)();
    }
  }
}

void MetadataQuorum::receive_one(const quorum::Message& message) {
  if (failed_ || is_barred(message.body)) {
    return;
  }
  check_leader(message);
  quorum::Effects effects;
  if (auto received = driver_->receive(quorum_time_ms(), message, effects); !received) {
    logger().warn("{}", received.error().message);
  }
  carry_out(effects);
  note_contact(message);
  note_caught_up(message);
}

void MetadataQuorum::propose_all(std::vector<Proposal>& proposals) {
  if (proposals.empty()) {
    return;
  }
  const auto refuse = [&](const Error& error) {
    for (const Proposal& one : proposals) {
      one.committed(0, std::unexpected(error));
    }
  };
  if (failed_) {
    refuse(*failed_);
    return;
  }
  if (!is_active_ || is_ending_) {
    refuse({ErrorCode::NOT_CONTROLLER, "this broker is not the active controller"});
    return;
  }
  std::vector<quorum::SharedBytes> commands;
  std::erase_if(proposals, [&](const Proposal& one) {
    Bytes bytes = encode_command(one.command);
    if (bytes.size() > command_max_bytes) {
      one.committed(0, failure(ErrorCode::INVALID_REQUEST, "more than fits into an entry of the metadata log"));
      return true;
    }
    commands.push_back(quorum::share(std::move(bytes)));
    return false;
  });
  if (commands.empty()) {
    return;
  }
  quorum::Effects effects;
  const auto first = driver_->propose(quorum_time_ms(), commands, effects);
  if (!first) {
    refuse(first.error());
  } else {
    const auto deadline = std::chrono::steady_clock::now() + longest_wait;
    for (std::size_t i = 0; i < proposals.size(); ++i) {
      pending_.emplace(first->index + i, Pending{first->term, deadline, std::move(proposals[i].committed)});
    }
  }
  carry_out(effects);
}

// Writes are durable when they return. What follows from that comes after the list that they were in.
void MetadataQuorum::carry_out(quorum::Effects& effects) {
  for (;;) {
    for (quorum::Effect& effect : effects) {
      if (failed_) {
        return;
      }
      std::visit([this](auto& one) { run_one(one); }, effect);
    }
    effects.clear();
    if (written_.empty()) {
      note_servers();
      return;
    }
    const Written done = std::move(written_.front());
    written_.pop_front();
    if (done.image != nullptr) {
      driver_->snapshot_taken(quorum_time_ms(), done.id, done.image, effects);
    } else {
      driver_->written(quorum_time_ms(), done.id, effects);
    }
  }
}

// What is on the disk counts from here on, and only another start knows it.
void MetadataQuorum::check(const Result<void>& written) {
  if (written) {
    return;
  }
  logger().error("the metadata log cannot be written: {}", written.error().message);
  if (plan_.is_cluster) {  // it would go on by metadata that get older and older; others can lead what it leads
    logger().critical("a broker of a cluster cannot go on without its metadata log");
    logger().flush();
    std::_Exit(1);
  }
  failed_ = Error{ErrorCode::KAFKA_STORAGE_ERROR, written.error().message};
  is_active_ = false;
  end_pending(std::numeric_limits<quorum::LogIndex>::max(), *failed_);
}

void MetadataQuorum::run_one(const quorum::StoreVote& effect) { check(store_.write(effect)); }

void MetadataQuorum::run_one(const quorum::WriteEntries& effect) {
  check(store_.write(effect));
  written_.push_back({.id = effect.id});
}

void MetadataQuorum::run_one(const quorum::WriteSnapshot& effect) {
  check(store_.write(effect));
  written_.push_back({.id = effect.id});
}

void MetadataQuorum::run_one(quorum::TakeSnapshot& effect) {
  effect.snapshot.image = quorum::share(controller_.snapshot());
  check(store_.write(effect));
  written_.push_back({.id = effect.id, .image = effect.snapshot.image});
}

void MetadataQuorum::run_one(const quorum::Send& effect) {
  if (!send_ || is_barred(effect.message.body)) {
    return;
  }
  const quorum::Configuration configuration = driver_->core().configuration();
  const quorum::Server* to = quorum::find(configuration, effect.message.to);
  send_(effect.message, to != nullptr ? to->address : "");
}

void MetadataQuorum::run_one(const quorum::Apply& effect) {
  Committed committed;
  if (const auto found = pending_.find(effect.index); found != pending_.end()) {
    if (found->second.term == effect.entry.term) {
      committed = std::move(found->second.committed);
    } else {
      found->second.committed(0, failure(ErrorCode::NOT_CONTROLLER, "another controller took over"));
    }
    pending_.erase(found);
  }
  if (effect.entry.kind != quorum::EntryKind::command) {
    return;
  }
  const auto command = decode_command(*effect.entry.bytes);
  if (!command) {  // written by a newer Ottla: to go on without it would be another state than the others'
    logger().critical("entry {} of the metadata log: {}", effect.index, command.error().message);
    std::abort();
  }
  auto applied = [&] {
    const std::unique_lock lock(state_mutex_);
    return controller_.apply(*command, effect.index);
  }();
  follower_.applied(effect.index, std::move(applied), std::move(committed));
}

void MetadataQuorum::run_one(const quorum::Restore& effect) {
  auto restored = Controller::restore(*effect.snapshot.image);
  if (!restored) {
    logger().critical("the snapshot of the metadata: {}", restored.error().message);
    std::abort();
  }
  {
    const std::unique_lock lock(state_mutex_);
    controller_ = std::move(*restored);
  }
  end_pending(effect.snapshot.last.index, {ErrorCode::REQUEST_TIMED_OUT, "another controller took over"});
  follower_.restored(effect.snapshot.last.index);
}

void MetadataQuorum::run_one(const quorum::LeadershipChanged& effect) {
  const quorum::Leadership& now = effect.leadership;
  if (now.state != quorum::State::leader) {
    contacts_.clear();
    leads_since_ms_ = -1;
  } else if (leads_since_ms_ < 0) {
    leads_since_ms_ = steady_clock_ms();
  }
  term_ = now.term;
  leader_ = now.leader == 0 ? -1 : quorum::broker_id(now.leader).value;
  const bool was_active = is_active_.exchange(now.state == quorum::State::leader && now.is_settled);
  if (plan_.is_cluster && was_active != is_active_) {
    logger().info("this broker is the active controller{}, term {}", is_active_ ? "" : " no more", now.term);
  }
}

void MetadataQuorum::run_one(const quorum::Broken& effect) {
  logger().critical("{}", effect.why);
  std::abort();
}

void MetadataQuorum::end_pending(quorum::LogIndex up_to, const Error& error) {
  const auto end = pending_.upper_bound(up_to);
  for (auto one = pending_.begin(); one != end; ++one) {
    one->second.committed(0, std::unexpected(error));
  }
  pending_.erase(pending_.begin(), end);
}

void MetadataQuorum::end_overdue() {
  const auto now = std::chrono::steady_clock::now();
  while (!pending_.empty() && pending_.begin()->second.deadline <= now) {
    end_pending(pending_.begin()->first, {ErrorCode::REQUEST_TIMED_OUT, "not committed within 30 s"});
  }
}

}  // namespace ottla
