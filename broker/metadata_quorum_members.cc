// Who belongs to the quorum, how far each is, and what becomes of those that are new to it. On the quorum's thread.
#include <fmt/format.h>

#include <cstdlib>
#include <random>

#include "broker/log.h"
#include "broker/metadata_quorum.h"
#include "broker/quorum/newcomer.h"
#include "replication/quorum/configuration.h"
#include "replication/quorum/messages.h"

namespace ottla {

namespace {

constexpr std::chrono::milliseconds lost_log_after{500};  // older messages have long come by then

bool is_from_leader(const quorum::MessageBody& message) {
  return std::holds_alternative<quorum::AppendEntries>(message) ||
         std::holds_alternative<quorum::InstallSnapshot>(message);
}

}  // namespace

// As if they were lost on their way.
bool MetadataQuorum::is_barred(const quorum::MessageBody& message) const {
  return is_newcomer_ &&
         (std::holds_alternative<quorum::RequestVote>(message) || std::holds_alternative<quorum::TimeoutNow>(message));
}

// An entry of the leader's own term is committed, and here: so is everything that was ever committed before.
void MetadataQuorum::note_caught_up(const quorum::Message& message) {
  const auto* const append = std::get_if<quorum::AppendEntries>(&message.body);
  const quorum::LogIndex committed = driver_->core().commit_index();
  if (!is_newcomer_ || append == nullptr || append->term != driver_->core().term() || !driver_->log().has(committed)) {
    return;
  }
  if (driver_->log().at(committed).term == append->term && driver_->core().last_stored() >= committed) {
    end_newcomer();
  }
}

void MetadataQuorum::end_newcomer() {
  if (is_newcomer_) {
    check(unmark_newcomer(disk_, directory_));
    is_newcomer_ = failed_.has_value();
  }
}

std::unique_ptr<quorum::Driver> MetadataQuorum::new_driver() const {
  return std::make_unique<quorum::Driver>(plan_.self(), plan_.address, plan_.settings, std::random_device{}());
}

// One of the first voters of a new quorum. The driver that waited for a leader has had none, and promised nothing.
void MetadataQuorum::found() {
  const quorum::Core& core = driver_->core();
  const bool has_heard_leader = core.last_index() > 1 || (core.last_index() == 0 && core.term() > 0);
  if (failed_ || !is_newcomer_ || has_heard_leader) {
    return;
  }
  if (core.last_index() == 1) {  // a crash came between the two
    end_newcomer();
    return;
  }
  check(store_.format({plan_.voters}));
  const auto state = store_.load();
  check(state ? Result<void>{} : std::unexpected(state.error()));
  end_newcomer();
  if (failed_) {
    return;
  }
  driver_ = new_driver();
  quorum::Effects effects;
  driver_->start(quorum_time_ms(), *state, effects);
  carry_out(effects);
}

// Who was founded anew, with a directory that was emptied and settings of the time before others voted, must not go on
// beside the quorum that there is.
void MetadataQuorum::check_leader(const quorum::Message& message) const {
  const quorum::Core& core = driver_->core();
  if (!is_from_leader(message.body) || core.state() != quorum::State::leader ||
      quorum::term_of(message) < core.term()) {
    return;
  }
  const quorum::Configuration configuration = core.configuration();
  if (quorum::find(configuration, message.from) == nullptr) {
    logger().critical(
        "broker {} leads a quorum that this broker, which leads one of its own, does not know: start this one with an "
        "empty directory, and with controller.quorum.voters as they are now",
        quorum::broker_id(message.from).value);
    logger().flush();
    std::_Exit(1);
  }
}

void MetadataQuorum::note_contact(const quorum::Message& message) {
  if (is_from_leader(message.body) && quorum::term_of(message) == driver_->core().term()) {
    leader_heard_ms_ = steady_clock_ms();
  }
  const auto* const result = std::get_if<quorum::AppendEntriesResult>(&message.body);
  if (result == nullptr || driver_->leadership().state != quorum::State::leader) {
    return;
  }
  Contact& contact = contacts_[message.from];
  contact.last_heard_ms = wall_clock_ms();
  if (result->rejected == 0) {
    contact.lost_log_since_ms = -1;
    if (result->last_log_index >= driver_->core().last_index()) {
      contact.last_caught_up_ms = contact.last_heard_ms;
    }
    return;
  }
  if (result->last_log_index >= driver_->core().match_index(message.from).value_or(0)) {
    return;
  }
  contact.lost_log_since_ms = contact.lost_log_since_ms < 0 ? contact.last_heard_ms : contact.lost_log_since_ms;
  if (contact.last_heard_ms - contact.lost_log_since_ms >= lost_log_after.count()) {
    contact.lost_log_since_ms = -1;
    send_all_again(message.from);
  }
}

// An observer is removed and added, which takes no other server.
void MetadataQuorum::send_all_again(quorum::ServerId server) {
  const quorum::Configuration configuration = driver_->core().configuration();
  const quorum::Server* one = quorum::find(configuration, server);
  if (one == nullptr || one->role == quorum::ServerRole::voter) {
    pass_on_for(server);
    return;
  }
  logger().warn("broker {} has lost its metadata, and is sent it all again", quorum::broker_id(server).value);
  quorum::Effects effects;
  if (driver_->remove(quorum_time_ms(), server, effects)) {  // refused: it is tried again
    anew_[server] = *one;
  }
  carry_out(effects);
}

void MetadataQuorum::add_anew() {
  for (auto one = anew_.begin(); is_active_ && one != anew_.end();) {
    one = add_one(one->second) ? anew_.erase(one) : std::next(one);
  }
}

// A server that has another disk lacks what it had acknowledged. Raft does not know of that: this leader takes its
// rejections for old ones. The next leader asks it anew where its log ends.
void MetadataQuorum::pass_on_for(quorum::ServerId server) {
  quorum::ServerId best = 0;
  const quorum::Core& core = driver_->core();
  const std::int64_t now_ms = wall_clock_ms();
  for (const quorum::Server& one : core.configuration().servers) {
    const auto contact = contacts_.find(one.id);
    const bool is_there =
        contact != contacts_.end() && now_ms - contact->second.last_heard_ms < longest_silence.count();
    const bool may = one.role == quorum::ServerRole::voter && one.id != server && is_there;
    if (may && (best == 0 || core.match_index(one.id).value_or(0) > core.match_index(best).value_or(0))) {
      best = one.id;
    }
  }
  logger().warn("broker {} has lost its metadata; {} leads the quorum next, to send it all again",
                quorum::broker_id(server).value,
                best == 0 ? std::string("nobody else") : fmt::format("broker {}", quorum::broker_id(best).value));
  if (best != 0) {
    quorum::Effects effects;
    (void)driver_->transfer(quorum_time_ms(), best, effects);  // refused: it is tried again
    carry_out(effects);
  }
}

QuorumStatus MetadataQuorum::look_at_quorum() const {
  const quorum::Core& core = driver_->core();
  QuorumStatus status{
      .is_leader = core.state() == quorum::State::leader,
      .is_new = core.last_index() <= 1,
      .is_current = core.state() == quorum::State::leader ||
                    (leader_heard_ms_ >= 0 && steady_clock_ms() - leader_heard_ms_ < longest_silence.count()),
      .leader = active_controller(),
      .term = core.term(),
      .committed_index = core.commit_index()};
  for (const quorum::Server& server : core.configuration().servers) {
    QuorumStatus::Server told{.id = quorum::broker_id(server.id),
                              .is_voter = server.role == quorum::ServerRole::voter,
                              .address = server.address};
    if (server.id == plan_.self()) {
      told.last_index = core.last_stored();
      told.last_caught_up_ms = wall_clock_ms();
    } else if (const auto contact = contacts_.find(server.id); contact != contacts_.end()) {
      told.last_heard_ms = contact->second.last_heard_ms;
      told.last_caught_up_ms = contact->second.last_caught_up_ms;
    }
    if (status.is_leader && server.id != plan_.self()) {
      told.last_index = core.match_index(server.id).value_or(0);
    }
    status.servers.push_back(std::move(told));
  }
  return status;
}

// Asked again, or after a move to another address, which is a removal first.
Result<void> MetadataQuorum::add_one(const quorum::Server& server) {
  if (failed_) {
    return std::unexpected(*failed_);
  }
  const quorum::Configuration configuration = driver_->core().configuration();
  const quorum::Server* before = quorum::find(configuration, server.id);
  if (is_active_ && before != nullptr && before->address == server.address) {
    return {};
  }
  if (before != nullptr && before->role == quorum::ServerRole::voter) {
    return failure(before->address == server.address ? ErrorCode::NOT_CONTROLLER : ErrorCode::DUPLICATE_VOTER,
                   fmt::format("broker {} votes, at {}", quorum::broker_id(server.id).value, before->address));
  }
  if (before != nullptr && ottla::is_active(controller_.brokers(), quorum::broker_id(server.id))) {
    return failure(ErrorCode::DUPLICATE_BROKER_REGISTRATION,
                   fmt::format("broker {} lives, at {}", quorum::broker_id(server.id).value, before->address));
  }
  quorum::Effects effects;
  auto changed = before == nullptr ? driver_->add(quorum_time_ms(), server, effects)
                                   : driver_->remove(quorum_time_ms(), server.id, effects);
  carry_out(effects);
  if (!changed) {
    return std::unexpected(std::move(changed.error()));
  }
  contacts_[server.id].last_heard_ms = wall_clock_ms();
  return before == nullptr ? Result<void>{}
                           : Result<void>(failure(ErrorCode::REQUEST_TIMED_OUT, "its old address is being forgotten"));
}

void MetadataQuorum::remove_observers(std::chrono::milliseconds silence) {
  enqueue(Task([this, silence] { remove_silent(wall_clock_ms() - silence.count()); }));
}

// One at a time: the next look finds the next.
void MetadataQuorum::remove_silent(std::int64_t heard_before_ms) {
  add_anew();
  const quorum::Configuration configuration = driver_->core().configuration();
  for (const quorum::Server& server : configuration.servers) {
    const bool is_registered = controller_.brokers().contains(quorum::broker_id(server.id));
    if (!is_active_ || server.role == quorum::ServerRole::voter || is_registered) {
      continue;
    }
    // What a new leader has not heard of yet is not silent.
    Contact& contact = contacts_[server.id];
    contact.last_heard_ms = contact.last_heard_ms < 0 ? wall_clock_ms() : contact.last_heard_ms;
    if (contact.last_heard_ms < heard_before_ms) {
      logger().info("broker {} is gone, and sent no metadata any more", quorum::broker_id(server.id).value);
      quorum::Effects effects;
      (void)driver_->remove(quorum_time_ms(), server.id, effects);  // refused: the next look tries again
      carry_out(effects);
      return;
    }
  }
}

}  // namespace ottla
