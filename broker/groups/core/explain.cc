// Why does the group wait? In words, for people.
#include <fmt/format.h>

#include "broker/groups/core/group.h"

namespace ottla::groups {

namespace {

std::string seconds(Millis duration_ms) { return fmt::format("{:.1f} s", static_cast<double>(duration_ms) / 1000); }

std::string who(const Member& member) {
  const std::string instance = member.instance_id ? fmt::format(", instance {}", *member.instance_id) : "";
  return fmt::format("member {} (client {} at {}{})", member.id, member.client_id, member.client_host, instance);
}

}  // namespace

std::string Group::explain(Millis now) const {
  std::string text =
      fmt::format("group {}: {} for {}, generation {}, {} members, {} committed offsets\n", id_, name_of(state_),
                  seconds(now - state_since_), generation_, members_.size(), offsets_.size());
  if (state_ == State::PreparingRebalance) {
    text += fmt::format("  rebalances because {}; goes on without those who are missing in {}\n", reason_,
                        seconds(rebalance_ends_at_ - now));
  }
  if (state_ == State::CompletingRebalance) {
    text += fmt::format("  waits for the assignment of leader {}\n", leader_);
  }
  for (const auto& [id, until] : pending_members_) {
    text += fmt::format("  awaited: member {}, told its id, has not come back with it; forgotten in {}\n", id,
                        seconds(until - now));
  }
  for (const auto& [id, member] : members_) {
    const bool is_awaited = (state_ == State::PreparingRebalance && !member.join) ||
                            (state_ == State::CompletingRebalance && id == leader_ && !is_storing_assignment_);
    text += fmt::format("  {}{}: last said {}, {} ago", is_awaited ? "awaited: " : "", who(member), member.last_said,
                        seconds(now - member.last_heard_at));
    if (member.can_expire()) {
      text += fmt::format("; removed in {} unless heard", seconds(member.expires_at - now));
    } else {
      text += member.join ? "; waits for the others to join" : "; waits for the assignment";
    }
    if (member.must_sync && state_ != State::PreparingRebalance) {
      text += fmt::format("; removed in {} unless it fetches its assignment", seconds(sync_ends_at_ - now));
    }
    text += "\n";
  }
  return text;
}

}  // namespace ottla::groups
