#include "broker/groups/core/assignor.h"

#include <algorithm>
#include <deque>
#include <tuple>
#include <vector>

namespace ottla::groups {

namespace {

// Members that subscribe to the same topics, by how many partitions they have.
struct Class;

struct Share {
  const std::string* id = nullptr;
  const Subscriber* member = nullptr;
  std::size_t index = 0;  // in the order of the members
  Class* of = nullptr;
  Partitions partitions;
};

struct Class {
  std::set<std::tuple<std::size_t, std::size_t, Share*>> by_load;  // partitions, index
};

class Shares {
 public:
  Shares(const Subscribers& members, const PartitionCounts& counts) {
    std::map<std::set<TopicId>, Class*> by_topics;
    shares_.reserve(members.size());
    for (const auto& [id, member] : members) {
      shares_.push_back({.id = &id, .member = &member, .index = shares_.size(), .partitions = {}});
    }
    for (Share& share : shares_) {
      Class*& of = by_topics[share.member->topics];
      if (of == nullptr) {
        of = &classes_.emplace_back();
        for (const TopicId topic : share.member->topics) {
          by_topic_[topic].push_back(of);
        }
      }
      share.of = of;
    }
    keep(counts);
    for (Share& share : shares_) {
      share.of->by_load.insert(place_of(share));
    }
  }

  [[nodiscard]] std::vector<Share>& all() { return shares_; }
  [[nodiscard]] bool is_taken(const TopicIdPartition& partition) const { return taken_.contains(partition); }

  // nullptr: nobody subscribes to it.
  [[nodiscard]] Share* least_loaded(TopicId topic) const {
    const auto classes = by_topic_.find(topic);
    if (classes == by_topic_.end()) {
      return nullptr;
    }
    const auto least = std::ranges::min_element(classes->second, {}, [](const Class* one) {
      return std::pair(std::get<0>(*one->by_load.begin()), std::get<1>(*one->by_load.begin()));
    });
    return std::get<Share*>(*(*least)->by_load.begin());
  }

  void give(Share& share, const TopicIdPartition& partition) {
    change(share, [&] { share.partitions.insert(partition); });
  }
  void take(Share& share, const TopicIdPartition& partition) {
    change(share, [&] { share.partitions.erase(partition); });
  }

 private:
  static std::tuple<std::size_t, std::size_t, Share*> place_of(Share& share) {
    return {share.partitions.size(), share.index, &share};
  }
  void change(Share& share, const auto& how) {
    share.of->by_load.erase(place_of(share));
    how();
    share.of->by_load.insert(place_of(share));
  }

  // Each keeps what it has and may have; of two that have the same, the first.
  void keep(const PartitionCounts& counts) {
    for (Share& share : shares_) {
      for (const TopicIdPartition& one : share.member->has) {
        const auto count = counts.find(one.topic_id);
        const bool exists = count != counts.end() && one.partition < count->second;
        if (exists && share.member->topics.contains(one.topic_id) && taken_.insert(one).second) {
          share.partitions.insert(one);
        }
      }
    }
  }

  std::vector<Share> shares_;
  std::deque<Class> classes_;
  std::map<TopicId, std::vector<Class*>> by_topic_;
  Partitions taken_;
};

// Moves one partition to a member with at least two fewer. Whose topic it is decides who that can be.
bool move_one(Shares& shares, Share& from) {
  for (auto behind = from.partitions.end(); behind != from.partitions.begin();) {
    const TopicIdPartition last = *std::prev(behind);
    Share* to = shares.least_loaded(last.topic_id);
    if (to->partitions.size() + 1 < from.partitions.size()) {
      shares.take(from, last);
      shares.give(*to, last);
      return true;
    }
    behind = from.partitions.lower_bound({last.topic_id, 0});  // to the topic before
  }
  return false;
}

// True if there was something to move.
bool balance(Shares& shares) {
  std::vector<Share*> by_load;
  by_load.reserve(shares.all().size());
  for (Share& share : shares.all()) {
    by_load.push_back(&share);
  }
  std::ranges::stable_sort(by_load, std::greater{}, [](const Share* share) { return share->partitions.size(); });
  bool has_moved = false;
  for (Share* from : by_load) {
    while (move_one(shares, *from)) {
      has_moved = true;
    }
  }
  return has_moved;
}

}  // namespace

bool is_assignor(const std::string& name) { return name == uniform_assignor || name == range_assignor; }

Target assign_uniform(const Subscribers& members, const PartitionCounts& counts) {
  Shares shares(members, counts);
  for (const auto& [topic, count] : counts) {
    for (std::int32_t partition = 0; partition < count; ++partition) {
      const TopicIdPartition one{topic, partition};
      if (Share* share = shares.is_taken(one) ? nullptr : shares.least_loaded(topic)) {
        shares.give(*share, one);
      }
    }
  }
  while (balance(shares)) {
  }
  Target target;
  for (Share& share : shares.all()) {
    target.emplace(*share.id, std::move(share.partitions));
  }
  return target;
}

Target assign_range(const Subscribers& members, const PartitionCounts& counts) {
  Target target;
  for (const auto& [id, member] : members) {
    target[id];
  }
  for (const auto& [topic, count] : counts) {
    std::vector<const std::string*> subscribed;
    for (const auto& [id, member] : members) {
      if (member.topics.contains(topic)) {
        subscribed.push_back(&id);
      }
    }
    // A static member has its place by what it is called, whatever its id is this time.
    std::ranges::stable_sort(subscribed, {},
                             [&](const std::string* id) { return members.at(*id).instance_id.value_or(*id); });
    std::int32_t next = 0;
    for (std::int32_t i = 0; i < std::ssize(subscribed); ++i) {
      const auto size = static_cast<std::int32_t>(subscribed.size());
      const std::int32_t end = next + count / size + (i < count % size ? 1 : 0);
      for (; next < end; ++next) {
        target[*subscribed[static_cast<std::size_t>(i)]].insert({topic, next});
      }
    }
  }
  return target;
}

}  // namespace ottla::groups
