// From the subscriptions to a target for each member, and from what a member has to its target.
#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "broker/groups/core/consumer_group.h"
#include "broker/groups/core/regex.h"

namespace ottla::groups {

namespace {

constexpr Millis regexes_rest_ms = 1'000;  // topics may come and go faster than all of them can be matched

// FNV-1a, over what a change of must be noticed. Kafka's hash is another: a group from there is assigned anew, once.
void mix(std::uint64_t& hash, const auto& bytes) {
  for (const auto byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
  }
}

}  // namespace

// The members' next heartbeats find what has changed, with no timer of its own.
void ConsumerGroup::take_topics(const TopicsView& topics) {
  const bool is_new = topics != nullptr && topics->version > topics_->version;
  if (!(is_new || are_regexes_stale_) || (is_broken_by(Mutant::topics_not_watched) && !topics_->by_name.empty())) {
    return;
  }
  topics_ = is_new ? topics : topics_;
  are_regexes_stale_ = !regexes_.empty() && now_ - regexes_resolved_at_ < regexes_rest_ms;
  if (!regexes_.empty() && !are_regexes_stale_) {
    regexes_resolved_at_ = now_;
    for (const auto& [regex, matching] : std::map(regexes_)) {
      resolve(regex);
    }
  }
  if (!members_.empty() && metadata_hash() != metadata_hash_) {
    bump_epoch("topics changed");
  }
}

void ConsumerGroup::resolve(const std::string& regex) {
  std::set<std::string> matching = matching_topics(regex, *topics_);
  const auto known = regexes_.find(regex);
  if (known == regexes_.end() || known->second != matching) {
    regexes_[regex] = std::move(matching);
    touch(ConsumerRecordKind::regular_expression, regex);
  }
}

std::set<std::string> ConsumerGroup::subscribed_topics() const {
  std::set<std::string> names;
  for (const auto& [id, member] : members_) {
    names.insert(member.topic_names.begin(), member.topic_names.end());
    if (const auto found = regexes_.find(member.regex); found != regexes_.end()) {
      names.insert(found->second.begin(), found->second.end());
    }
  }
  return names;
}

std::set<TopicId> ConsumerGroup::topics_of(const ConsumerMember& member) const {
  std::set<TopicId> ids;
  const auto add = [&](const std::set<std::string>& names) {
    for (const std::string& name : names) {
      if (const Topics::Topic* topic = topics_->find(name)) {
        ids.insert(topic->id);
      }
    }
  };
  add(member.topic_names);
  if (const auto found = regexes_.find(member.regex); found != regexes_.end()) {
    add(found->second);
  }
  return ids;
}

std::int64_t ConsumerGroup::metadata_hash() const {
  std::uint64_t hash = 0;
  for (const std::string& name : subscribed_topics()) {
    if (const Topics::Topic* topic = topics_->find(name)) {
      hash = hash == 0 ? 0xcbf29ce484222325U : hash;
      mix(hash, name);
      mix(hash, topic->id.bytes);
      mix(hash, std::to_string(topic->partitions));
    }
  }
  return static_cast<std::int64_t>(hash);
}

// What most members ask for.
std::string ConsumerGroup::assignor() const {
  std::map<std::string, int> votes{{uniform_assignor, 0}};
  for (const auto& [id, member] : members_) {
    if (member.server_assignor) {
      ++votes[*member.server_assignor];
    }
  }
  const auto most = std::ranges::max_element(votes, {}, [](const auto& one) { return one.second; });
  return most->second > 0 ? most->first : uniform_assignor;
}

// The members' target is to be made anew, which the next heartbeat does.
void ConsumerGroup::bump_epoch(const std::string& why) {
  std::erase_if(regexes_, [this](const auto& one) {
    const bool is_used =
        std::ranges::any_of(members_, [&](const auto& member) { return member.second.regex == one.first; });
    if (!is_used) {
      touch(ConsumerRecordKind::regular_expression, one.first);
    }
    return !is_used;
  });
  ++epoch_;
  metadata_hash_ = metadata_hash();
  touch(ConsumerRecordKind::group);
  effects_.notes.push_back(
      fmt::format("group {}: epoch {} with {} members because {}", id_, epoch_, members_.size(), why));
}

void ConsumerGroup::make_target() {
  if (target_epoch_ == epoch_) {
    return;
  }
  target_epoch_ = epoch_;
  target_made_at_ = now_;
  touch(ConsumerRecordKind::target_metadata);
  Subscribers subscribers;
  PartitionCounts counts;
  for (const auto& [id, member] : members_) {
    Subscriber& subscriber = subscribers[id];
    subscriber.instance_id = member.instance_id;
    subscriber.topics = topics_of(member);
    subscriber.has = member.target;
    for (const TopicId topic : subscriber.topics) {
      counts[topic] = topics_->find(*topics_->name_of(topic))->partitions;
    }
  }
  for (auto& [id, target] : assign(assignor(), subscribers, counts)) {
    ConsumerMember& member = members_.at(id);
    if (member.target != target) {
      member.target = std::move(target);
      touch(ConsumerRecordKind::target, id);
    }
  }
}

// One step of a member towards its target; true if that changes what it may use. `owned`: what it says it still has.
bool ConsumerGroup::reconcile(ConsumerMember& member, const std::optional<Partitions>& owned) {
  if (member.is_settled(target_epoch_)) {
    return false;
  }
  if (member.state != MemberState::unrevoked) {
    return move_on(member, member.epoch, owned);
  }
  const bool still_owns = !owned || std::ranges::any_of(member.pending_revocation,
                                                        [&](const auto& one) { return owned->contains(one.first); });
  // Only now, and one epoch on, for its commits of the partitions that it has let go of are over.
  return !still_owns && move_on(member, member.epoch + 1, owned);
}

bool ConsumerGroup::move_on(ConsumerMember& member, std::int32_t epoch, const std::optional<Partitions>& owned) {
  Owned kept;
  Owned pending_revocation;
  for (const auto& one : member.assigned) {
    (member.target.contains(one.first) ? kept : pending_revocation).insert(one);
  }
  const bool must_revoke =
      std::ranges::any_of(pending_revocation, [&](const auto& one) { return !owned || owned->contains(one.first); });
  Owned assigned = kept;
  MemberState state = MemberState::stable;
  if (must_revoke) {
    state = MemberState::unrevoked;
  } else {
    pending_revocation.clear();
    epoch = target_epoch_;
    for (const TopicIdPartition& wanted : member.target) {
      const auto owner = owners_.find(wanted);
      const bool is_free = owner == owners_.end() || owner->second == member.id;
      if (is_free || is_broken_by(Mutant::release_not_awaited)) {
        assigned.emplace(wanted, epoch);
      } else {
        state = MemberState::unreleased;
      }
    }
  }
  const auto keys = [](const Owned& all) { return std::views::keys(all); };
  const bool has_changed = !std::ranges::equal(keys(assigned), keys(member.assigned));
  if (!has_changed && state == member.state && epoch == member.epoch) {
    return false;  // still waits
  }
  member.previous_epoch = std::exchange(member.epoch, epoch);
  member.state = state;
  member.must_act_by.reset();
  if (must_revoke) {
    member.must_act_by = now_ + member.rebalance_timeout_ms;
    member.must_do = "let go of its partitions in time";
    wake_by(*member.must_act_by);
  }
  set_owned(member, std::move(assigned), std::move(pending_revocation));
  return has_changed;
}

void ConsumerGroup::release(const ConsumerMember& member) {
  for (const Owned* all : {&member.assigned, &member.pending_revocation}) {
    for (const auto& [partition, epoch] : *all) {
      if (const auto owner = owners_.find(partition); owner != owners_.end() && owner->second == member.id) {
        owners_.erase(owner);
      }
    }
  }
}

void ConsumerGroup::set_owned(ConsumerMember& member, Owned assigned, Owned pending_revocation) {
  release(member);
  member.assigned = std::move(assigned);
  member.pending_revocation = std::move(pending_revocation);
  for (const Owned* all : {&member.assigned, &member.pending_revocation}) {
    for (const auto& [partition, epoch] : *all) {
      owners_[partition] = member.id;
    }
  }
  touch(ConsumerRecordKind::current, member.id);
}

const std::string* ConsumerGroup::owner_of(const TopicIdPartition& partition) const {
  const auto owner = owners_.find(partition);
  return owner != owners_.end() ? &owner->second : nullptr;
}

}  // namespace ottla::groups
