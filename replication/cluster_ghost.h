// For tests: what the replicas of a cluster hold, next to what its controller believes. A high watermark that may move
// moves by chance; whoever is in an ISR or an ELR must hold everything below it.
#pragma once

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>

#include "replication/controller.h"
#include "replication/partition_change.h"
#include "replication/partition_invariants.h"
#include "replication/random.h"

namespace ottla {

class ClusterGhost {
 public:
  using Key = std::pair<TopicId, std::int32_t>;
  using Topics = std::map<std::string, std::shared_ptr<const Topic>, std::less<>>;

  // After `command` turned `before` into `now`; gives what is wrong, or nothing.
  std::string follow(const Command& command, const Result<Applied>& applied, const Controller& before,
                     const Controller& now) {
    if (applied) {
      note_losses(command, before, now);
      note_joins(command, *applied, before);
    }
    for (const auto& [name, topic] : now.topics()) {
      const auto earlier = before.topic(topic->id);
      for (std::size_t index = 0; index < topic->partitions.size(); ++index) {
        const bool is_new = earlier == nullptr || index >= earlier->partitions.size();
        auto wrong = check({topic->id, static_cast<std::int32_t>(index)}, topic->partitions[index],
                           is_new ? nullptr : &earlier->partitions[index], command, now.context_of(*topic));
        if (!wrong.empty()) {
          return fmt::format("{}-{}: {}", name, index, wrong);
        }
      }
    }
    return {};
  }

  // Settings as they are now, seen by those that run.
  void note_page_caches(const Controller& now) {
    for (auto& [key, held] : held_) {
      const auto topic = now.topic(key.first);
      for (const auto& [id, broker] : now.brokers()) {
        if (topic != nullptr && !now.waits_for_disk(*topic, id)) {
          held.not_synced.insert(id);
        }
      }
    }
  }

  void move_high_watermarks(const Controller& now, Random& random) {
    for (const auto& [name, topic] : now.topics()) {
      for (std::size_t index = 0; index < topic->partitions.size(); ++index) {
        const auto& partition = topic->partitions[index];
        const bool may_move = partition.leader != BrokerId{} &&
                              partition.isr.size() >= effective_min_isr(partition, now.min_insync_replicas(*topic));
        if (may_move && random.chance(60)) {
          Held& held = held_[{topic->id, static_cast<std::int32_t>(index)}];
          ++held.high_watermark;
          std::ranges::for_each(partition.isr, [&](BrokerId id) { held.by[id] = held.high_watermark; });
        }
      }
    }
  }

  int unclean_elections = 0;
  int elections_from_elr = 0;
  int finished_reassignments = 0;

 private:
  struct Held {
    std::int64_t high_watermark = 0;
    std::map<BrokerId, std::int64_t> by;  // up to where; -1: nothing to rely on
    std::set<BrokerId> not_synced;        // has relied on the page cache at some time since its start
  };

  void note_losses(const Command& command, const Controller& before, const Controller& now) {
    const auto* start = std::get_if<RegisterBroker>(&command);
    if (start == nullptr) {
      return;
    }
    const auto earlier = before.brokers().find(start->broker_id);
    const bool is_known = earlier != before.brokers().end();  // not if it was unregistered, however its process ended
    if (is_known && earlier->second.incarnation_id == start->incarnation_id) {
      return;
    }
    const bool has_other_disk = is_known && earlier->second.log_dirs != start->log_dirs;
    const bool was_killed = !is_known || start->previous_broker_epoch != earlier->second.epoch;
    for (auto& [key, held] : held_) {
      const auto topic = now.topic(key.first);
      const bool forgets = topic != nullptr && was_killed && held.not_synced.contains(start->broker_id) &&
                           topic->partitions.at(static_cast<std::size_t>(key.second)).replicas.size() > 1;
      if (has_other_disk || forgets) {
        held.by[start->broker_id] = -1;
      }
      held.not_synced.erase(start->broker_id);
    }
  }

  // A leader has seen of whom it asks for that they hold everything, in the start of theirs that it names.
  void note_joins(const Command& command, const Applied& applied, const Controller& before) {
    const auto* request = std::get_if<AlterPartition>(&command);
    if (request == nullptr) {
      return;
    }
    std::size_t number = 0;
    const auto& outcomes = std::get<PartitionsChanged>(applied).outcomes;
    for (const auto& topic : request->topics) {
      for (const auto& wish : topic.partitions) {
        const ErrorCode code = outcomes.at(number++).code;
        for (const auto& member : wish.new_isr) {
          const auto broker = before.brokers().find(member.broker_id);
          const bool is_that_start = broker != before.brokers().end() && broker->second.epoch == member.broker_epoch;
          if ((code == ErrorCode::NONE || code == ErrorCode::NEW_LEADER_ELECTED) && is_that_start) {
            Held& held = held_[{topic.topic_id, wish.partition_index}];
            held.by[member.broker_id] = held.high_watermark;
          }
        }
      }
    }
  }

  std::string check(const Key& key, const PartitionRegistration& partition, const PartitionRegistration* before,
                    const Command& command, const PartitionContext& context) {
    Held& held = held_[key];
    if (before == nullptr) {
      std::ranges::for_each(partition.isr, [&](BrokerId id) { held.by[id] = held.high_watermark; });
    } else {
      if (auto wrong = broken_transition(*before, partition, context); !wrong.empty()) {
        return wrong;
      }
      note_elections(*before, partition, command, held);
      finished_reassignments += before->is_reassigning() && !partition.is_reassigning() ? 1 : 0;
    }
    std::erase_if(held.by, [&](const auto& one) { return !contains(partition.replicas, one.first); });
    for (const auto* complete : {&partition.isr, &partition.elr}) {
      for (const BrokerId id : *complete) {
        if (!held.by.contains(id) || held.by.at(id) != held.high_watermark) {
          return fmt::format("broker {} counts as complete and is not", id.value);
        }
      }
    }
    return broken_invariant(partition, context);
  }

  // Losing what the others held is what an operator asked for.
  void note_elections(const PartitionRegistration& before, const PartitionRegistration& now, const Command& command,
                      Held& held) {
    if (before.leader != BrokerId{} || now.leader == BrokerId{}) {
      return;
    }
    const auto* elect = std::get_if<ElectLeaders>(&command);
    if (contains(before.elr, now.leader)) {
      ++elections_from_elr;
    } else if (elect != nullptr && elect->election == Election::unclean) {
      ++unclean_elections;
      held.high_watermark = held.by.contains(now.leader) ? std::max<std::int64_t>(held.by[now.leader], 0) : 0;
      held.by = {{now.leader, held.high_watermark}};
    }
  }

  std::map<Key, Held> held_;
};

}  // namespace ottla
