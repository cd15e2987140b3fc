// Why is a group of the new protocol not settled, and why is a member refused? In words, for people.
#include <fmt/format.h>

#include <algorithm>

#include "broker/groups/core/consumer_group.h"
#include "protocol/printable.h"

namespace ottla::groups {

// In Kafka's words.
void ConsumerGroup::refuse_stranger(const ConsumerHeartbeat& event, ErrorCode error) {
  const ConsumerGroupHeartbeatRequest& request = event.request;
  if (error == ErrorCode::FENCED_INSTANCE_ID) {
    refuse(event, error,
           fmt::format("Static member {} with instance id {} was fenced by member {}.", request.member_id,
                       *request.instance_id, static_members_.at(*request.instance_id)));
  } else if (request.instance_id) {
    refuse(event, error, fmt::format("Instance id {} is unknown.", *request.instance_id));
  } else {
    refuse(event, error, fmt::format("Member {} is not a member of group {}.", request.member_id, id_));
  }
}

bool ConsumerGroup::is_settled() const {
  return std::ranges::all_of(members_, [this](const auto& one) { return one.second.is_settled(target_epoch_); });
}

const char* ConsumerGroup::state_name() const {
  if (is_dead_) {
    return "Dead";
  }
  if (members_.empty()) {
    return "Empty";
  }
  if (epoch_ > target_epoch_) {
    return "Assigning";
  }
  return is_settled() ? "Stable" : "Reconciling";
}

std::string ConsumerGroup::explain(Millis now) const {
  const auto seconds = [](Millis ms) { return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000); };
  std::string text = printable(fmt::format("group {}: {}, epoch {}, {} members, {} committed offsets, assignor {}", id_,
                                           state_name(), epoch_, members_.size(), offsets().size(), assignor()));
  for (const auto& [id, member] : members_) {
    std::string line = fmt::format(
        "  {}member {} (client {} at {}{}): epoch {}, {} of {} partitions; last said {}, {} ago; removed "
        "in {} unless heard",
        member.is_settled(target_epoch_) ? "" : "awaited: ", id, member.client_id, member.client_host,
        member.instance_id ? ", instance " + *member.instance_id : "", member.epoch, member.assigned.size(),
        member.target.size(), member.last_said, seconds(now - member.last_heard_at), seconds(member.expires_at - now));
    if (member.must_act_by) {
      line += fmt::format("; must {}, at the latest in {}", member.must_do, seconds(*member.must_act_by - now));
    }
    for (const TopicIdPartition& wanted : member.target) {
      if (const std::string* owner = owner_of(wanted); owner != nullptr && *owner != id) {
        const std::string* topic = topics_->name_of(wanted.topic_id);
        line += fmt::format("; waits for {} to let go of {}-{}", *owner,
                            topic != nullptr ? *topic : wanted.topic_id.to_string(), wanted.partition);
        break;
      }
    }
    text += "\n" + printable(line);
  }
  return text + "\n";
}

}  // namespace ottla::groups
