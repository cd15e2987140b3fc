// What a core tells of itself.
#include "replication/quorum/raft_types.h"

namespace ottla::quorum {

Term Core::term() const { return raft_current_term(raft_.get()); }

ServerId Core::voted_for() const { return raft_voted_for(raft_.get()); }

State Core::state() const {
  switch (raft_state(raft_.get())) {
    case RAFT_LEADER:
      return State::leader;
    case RAFT_CANDIDATE:
      return State::candidate;
    default:
      return State::follower;
  }
}

LogIndex Core::last_index() const { return raft_last_index(raft_.get()); }

LogIndex Core::last_stored() const { return raft_->last_stored; }

LogIndex Core::commit_index() const { return raft_commit_index(raft_.get()); }

TimeMs Core::timeout_ms() const { return raft_timeout(raft_.get()); }

Configuration Core::configuration() const { return from_raft(raft_->configuration); }

LogIndex Core::committed_configuration_index() const { return raft_->configuration_committed_index; }

LogIndex Core::uncommitted_configuration_index() const { return raft_->configuration_uncommitted_index; }

std::optional<LogIndex> Core::match_index(ServerId server) const {
  raft_index index = 0;
  if (raft_match_index(raft_.get(), server, &index) != 0) {
    return std::nullopt;
  }
  return index;
}

CatchUp Core::catch_up_of(ServerId server) const {
  int status = RAFT_CATCH_UP_NONE;
  if (raft_catch_up(raft_.get(), server, &status) != 0) {
    return CatchUp::aborted;
  }
  switch (status) {
    case RAFT_CATCH_UP_RUNNING:
      return CatchUp::running;
    case RAFT_CATCH_UP_ABORTED:
      return CatchUp::aborted;
    case RAFT_CATCH_UP_FINISHED:
      return CatchUp::finished;
    default:
      return CatchUp::none;
  }
}

ServerId Core::transferee() const { return raft_transferee(raft_.get()); }

const char* Core::describe(int status) { return raft_strerror(status); }

}  // namespace ottla::quorum
