// Who votes, and how that is changed. On the quorum's thread, but for what is asked of it.
#include <fmt/format.h>

#include "broker/metadata_quorum.h"
#include "replication/quorum/configuration.h"

// g++ 12 takes the frame of a coroutine, which Asio allocates and frees, for a mismatch.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace ottla {

// What the others need to be reached by: also what is not committed yet.
void MetadataQuorum::note_servers() {
  const quorum::Core& core = driver_->core();
  const std::pair now(core.committed_configuration_index(), core.uncommitted_configuration_index());
  if (std::exchange(configurations_, now) != now) {
    const std::unique_lock lock(state_mutex_);
    servers_ = core.configuration().servers;
    ++servers_version_;
  }
}

// A voter that has not been heard for a while is taken for dead.
bool MetadataQuorum::can_agree_without(quorum::ServerId voter) const {
  std::ptrdiff_t remaining = 0;
  std::ptrdiff_t alive = 0;
  for (const quorum::Server& one : driver_->core().configuration().servers) {
    if (one.role == quorum::ServerRole::voter && one.id != voter) {
      const auto contact = contacts_.find(one.id);
      const bool is_heard =
          contact != contacts_.end() && wall_clock_ms() - contact->second.last_heard_ms < longest_silence.count();
      ++remaining;
      alive += one.id == plan_.self() || is_heard ? 1 : 0;
    }
  }
  return alive > remaining / 2;
}

Result<bool> MetadataQuorum::change_one(quorum::ServerId id, bool shall_vote) {
  const auto not_controller = failure(ErrorCode::NOT_CONTROLLER, "this broker is not the active controller");
  if (failed_ || !is_active_) {
    return failed_ ? failure(failed_->code, failed_->message) : not_controller;
  }
  if (driver_->core().uncommitted_configuration_index() != 0 || driver_->promoting() != 0) {
    return false;
  }
  const quorum::Configuration configuration = driver_->core().configuration();
  const quorum::Server* const server = quorum::find(configuration, id);
  if (server == nullptr) {
    return failure(ErrorCode::VOTER_NOT_FOUND,
                   fmt::format("broker {} does not follow the metadata", quorum::broker_id(id).value));
  }
  if ((server->role == quorum::ServerRole::voter) == shall_vote) {
    return true;
  }
  if (!shall_vote && !can_agree_without(id)) {
    if (steady_clock_ms() - leads_since_ms_ < longest_silence.count()) {
      return false;  // who is there has not been heard of yet
    }
    return failure(ErrorCode::INVALID_REQUEST,
                   fmt::format("without broker {} too few voters would be there to agree on anything",
                               quorum::broker_id(id).value));
  }
  quorum::Effects effects;
  Result<void> begun;
  if (shall_vote) {
    begun = driver_->promote(quorum_time_ms(), id, effects);
  } else if (id == plan_.self()) {
    constexpr quorum::ServerId nearest = 0;
    begun = driver_->transfer(quorum_time_ms(), nearest, effects);
    begun = begun ? not_controller : begun;
  } else if (auto demoted = driver_->demote(quorum_time_ms(), id, quorum::ServerRole::standby, effects); !demoted) {
    begun = std::unexpected(std::move(demoted.error()));
  }
  carry_out(effects);
  return begun ? Result<bool>(false) : std::unexpected(std::move(begun.error()));
}

Awaitable<Result<bool>> MetadataQuorum::change_voter(BrokerId broker, bool shall_vote) {
  const auto done = std::make_shared<OneShot<Result<bool>>>();
  enqueue(
      Task([this, done, broker, shall_vote] { done->complete(change_one(quorum::server_id(broker), shall_vote)); }));
  co_return co_await done->wait();
}

std::vector<quorum::Server> MetadataQuorum::servers() const {
  const std::shared_lock lock(state_mutex_);
  return servers_;
}

}  // namespace ottla
