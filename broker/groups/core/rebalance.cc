// From one generation to the next: everybody joins, the leader assigns.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "broker/groups/core/group.h"

namespace ottla::groups {

void Group::enter(State state) {
  state_ = state;
  state_since_ = now_;
}

Millis Group::rebalance_timeout() const {
  Millis longest = 0;
  for (const auto& [id, member] : members_) {
    longest = std::max<Millis>(longest, member.rebalance_timeout_ms);
  }
  return longest;
}

bool Group::all_have_joined() const {
  return pending_members_.empty() &&
         std::ranges::all_of(members_, [](const auto& one) { return one.second.join.has_value(); });
}

// Asks everybody to join again; goes on at once if all are here. A rebalance under way takes in what has changed.
void Group::rebalance(const std::string& reason) {
  if (state_ == State::PreparingRebalance || state_ == State::Dead || (state_ == State::Empty && members_.empty())) {
    maybe_complete_join();
    return;
  }
  if (state_ == State::CompletingRebalance) {
    drop_assignments(ErrorCode::REBALANCE_IN_PROGRESS);
  }
  is_initial_delay_ = state_ == State::Empty && settings_.initial_rebalance_delay_ms > 0;
  const bool is_first = state_ == State::Empty;
  enter(State::PreparingRebalance);
  reason_ = reason;
  for (auto& [id, member] : members_) {
    member.must_sync = false;
  }
  rebalance_ends_at_ = now_ + rebalance_timeout();
  if (is_initial_delay_) {
    initial_delay_left_ms_ = std::max<Millis>(0, rebalance_timeout() - settings_.initial_rebalance_delay_ms);
    rebalance_ends_at_ = now_ + settings_.initial_rebalance_delay_ms;
    joined_during_delay_ = false;
  } else if (is_first) {
    complete_join();  // no delay: the first member does not wait for others
    return;
  }
  wake_by(rebalance_ends_at_);
  maybe_complete_join();
  if (state_ == State::PreparingRebalance) {
    std::vector<std::string> awaited;
    for (const auto& [id, member] : members_) {
      if (!member.join) {
        awaited.push_back(id);
      }
    }
    effects_.notes.push_back(
        fmt::format("group {}: rebalance after generation {} because {}; waits at most {} ms for {}", id_, generation_,
                    reason, rebalance_ends_at_ - now_, fmt::join(awaited, ", ")));
  }
}

// group.initial.rebalance.delay.ms: again as long as others came meanwhile, up to the rebalance time-out.
void Group::end_initial_delay() {
  if (joined_during_delay_ && initial_delay_left_ms_ > 0) {
    const Millis next = std::min(settings_.initial_rebalance_delay_ms, initial_delay_left_ms_);
    initial_delay_left_ms_ -= next;
    joined_during_delay_ = false;
    rebalance_ends_at_ = now_ + next;
    return;
  }
  complete_join();
}

void Group::maybe_complete_join() {
  if (state_ == State::PreparingRebalance && !is_initial_delay_ && all_have_joined()) {
    complete_join();
  }
}

// Whoever has not come is out; static members keep their place until their session ends.
void Group::complete_join() {
  std::vector<std::string> absent;
  for (const auto& [id, member] : members_) {
    if (!member.join && !member.instance_id && !is_broken_by(Mutant::unjoined_members_kept)) {
      absent.push_back(id);
    }
  }
  for (const std::string& id : absent) {
    effects_.notes.push_back(fmt::format("group {}: member {} did not join in time and is removed", id_, id));
    remove_member(id);
  }
  is_initial_delay_ = false;
  if (!members_.empty() && !elect_joined_leader()) {
    rebalance_ends_at_ = now_ + rebalance_timeout();  // nobody but absent static members
    wake_by(rebalance_ends_at_);
    return;
  }
  start_generation();
}

bool Group::elect_joined_leader() {
  if (const auto leader = members_.find(leader_); leader != members_.end() && leader->second.join) {
    return true;
  }
  const auto joined = std::ranges::find_if(members_, [](const auto& one) { return one.second.join.has_value(); });
  if (joined == members_.end()) {
    return false;
  }
  leader_ = joined->first;
  return true;
}

void Group::start_generation() {
  ++generation_;
  if (members_.empty()) {
    enter(State::Empty);
    protocol_.reset();
    leader_.clear();
    write({group_record(id_, metadata())}, NothingWaits{});
    return;
  }
  protocol_ = select_protocol();
  enter(State::CompletingRebalance);
  sync_ends_at_ = now_ + rebalance_timeout();
  wake_by(sync_ends_at_);
  for (auto& [id, member] : members_) {
    if (!is_broken_by(Mutant::assignment_survives_rebalance)) {
      member.assignment.clear();
    }
    member.must_sync = true;
    member.is_new = false;
    const char* said = member.join ? "JoinGroup" : member.last_said;
    const Millis heard = member.join ? now_ : member.last_heard_at;
    keep_alive(member, said);
    member.last_heard_at = heard;
    if (member.join) {
      answer(*std::exchange(member.join, {}), joined(member, leader_ == id));
    }
  }
  effects_.notes.push_back(fmt::format("group {}: generation {} with {} members, protocol {}, leader {}", id_,
                                       generation_, members_.size(), *protocol_, leader_));
}

// Each member votes for the first protocol of its list that all have; the most votes win, equals by name.
std::string Group::select_protocol() const {
  const auto common = common_protocols();
  std::map<std::string, int> votes;
  for (const auto& [id, member] : members_) {
    const auto favourite =
        std::ranges::find_if(member.protocols, [&](const auto& protocol) { return common.contains(protocol.name); });
    if (favourite != member.protocols.end()) {
      ++votes[favourite->name];
    }
  }
  const auto most = std::ranges::max_element(votes, {}, [](const auto& one) { return one.second; });
  return most != votes.end() ? most->first : "";
}

}  // namespace ottla::groups
