// Why does the group wait? In words, for people.
#include <fmt/format.h>

#include "broker/groups/core/group.h"
#include "protocol/printable.h"

namespace ottla::groups {

namespace {

std::string seconds(Millis duration_ms) { return fmt::format("{:.1f} s", static_cast<double>(duration_ms) / 1000); }

std::string who(const Member& member) {
  const std::string instance = member.instance_id ? fmt::format(", instance {}", *member.instance_id) : "";
  return fmt::format("member {} (client {} at {}{})", member.id, member.client_id, member.client_host, instance);
}

void add_line(std::string& text, std::string_view line) { text += printable(line) + "\n"; }

}  // namespace

std::string Group::explain(Millis now) const {
  std::string text;
  add_line(text,
           fmt::format("group {}: {} for {}, generation {}, {} members, {} committed offsets", id_, name_of(state_),
                       seconds(now - state_since_), generation_, members_.size(), offsets().size()));
  if (state_ == State::PreparingRebalance) {
    add_line(text, fmt::format("  rebalances because {}; goes on without those who are missing in {}", reason_,
                               seconds(rebalance_ends_at_ - now)));
  }
  if (state_ == State::CompletingRebalance) {
    add_line(text, fmt::format("  waits for the assignment of leader {}", leader_));
  }
  for (const auto& [id, until] : pending_members_) {
    add_line(text, fmt::format("  awaited: member {}, told its id, has not come back with it; forgotten in {}", id,
                               seconds(until - now)));
  }
  for (const auto& [id, member] : members_) {
    const bool is_awaited = (state_ == State::PreparingRebalance && !member.join) ||
                            (state_ == State::CompletingRebalance && id == leader_ && !is_storing_assignment_);
    std::string line = fmt::format("  {}{}: last said {}, {} ago", is_awaited ? "awaited: " : "", who(member),
                                   member.last_said, seconds(now - member.last_heard_at));
    if (member.can_expire()) {
      line += fmt::format("; removed in {} unless heard", seconds(member.expires_at - now));
    } else {
      line += member.join ? "; waits for the others to join" : "; waits for the assignment";
    }
    if (member.must_sync && state_ != State::PreparingRebalance) {
      line += fmt::format("; removed in {} unless it fetches its assignment", seconds(sync_ends_at_ - now));
    }
    add_line(text, line);
  }
  return text;
}

}  // namespace ottla::groups
