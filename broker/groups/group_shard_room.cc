// How much of memory the members of groups may take: group.members.max.bytes.
#include "broker/broker.h"
#include "broker/groups/core/held_bytes.h"
#include "broker/groups/group_coordinator.h"
#include "broker/log.h"

namespace ottla {

namespace {

constexpr auto count_interval = std::chrono::seconds(1);

}  // namespace

void GroupShard::set_held_bytes(std::int64_t bytes) {
  broker_.groups->held_bytes += bytes - std::exchange(held_bytes_, bytes);
}

void GroupShard::count_held_bytes() {
  counted_at_ = Clock::now();
  std::size_t bytes = 0;
  for_each([&bytes](const groups::AnyGroup& group) { bytes += groups::held_bytes(group); });
  set_held_bytes(static_cast<std::int64_t>(bytes));
}

bool GroupShard::has_room_for(const std::string& id, const groups::Event& event) {
  const auto added = static_cast<std::int64_t>(groups::bytes_to_add(find(id), event));
  const auto is_within = [&] { return broker_.groups->held_bytes + added <= broker_.config.group_members_max_bytes; };
  if (added > 0 && !is_within() && Clock::now() - counted_at_ >= count_interval) {
    count_held_bytes();
    if (!is_within()) {
      logger().warn("no new members of groups: those there are hold as much as group.members.max.bytes allows");
      broker_.groups->count_held_bytes();
    }
  }
  const bool has_room = added == 0 || is_within();
  set_held_bytes(held_bytes_ + (has_room ? added : 0));
  return has_room;
}

}  // namespace ottla
