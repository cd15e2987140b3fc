// Consumer groups of this broker: finds the shard of a group and asks there. Any core may call.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "broker/asio.h"
#include "broker/groups/group_shard.h"

namespace ottla {

class GroupCoordinator {
 public:
  explicit GroupCoordinator(Broker& broker);
  GroupCoordinator(const GroupCoordinator&) = delete;
  GroupCoordinator& operator=(const GroupCoordinator&) = delete;

  // Before the cores run. A broker on its own reads __consumer_offsets, blocking; one of a cluster looks from time to
  // time which partitions of it it leads, and reads those. A partition that cannot be read takes its groups out of
  // service, and no others.
  void start();
  // Whoever waits for a group is answered, and whoever comes later is refused.
  void close();

  // Errors: COORDINATOR_NOT_AVAILABLE (what is known of the group cannot be read), NOT_COORDINATOR (another broker
  // leads its partition), COORDINATOR_LOAD_IN_PROGRESS.
  [[nodiscard]] Result<void> check(const std::string& group) const;

  // Which broker coordinates a group; -1: nobody now. REQUIRES: ensure_topic.
  [[nodiscard]] BrokerId coordinator_of(const std::string& group) const;

  // Brings an event to a group and gives its answer, which may take as long as a rebalance.
  Awaitable<GroupAnswer> ask(std::string group, groups::Event event, IfAbsent if_absent);

  // By the members of all groups, about. Any thread.
  std::atomic<std::int64_t> held_bytes = 0;
  // Soon, by each shard.
  void count_held_bytes();

  // The topics as they are now. Any thread.
  groups::TopicsView topics();

  // Makes __consumer_offsets if need be. Error COORDINATOR_NOT_AVAILABLE, in words that say why.
  Awaitable<Result<void>> ensure_topic();

  // check() first. What `look(const groups::AnyGroup*)` gives (nullptr: no such group), computed where the group lives.
  template <class Look>
  auto look_at(std::string group, Look look) -> Awaitable<decltype(look(nullptr))> {
    using Seen = decltype(look(nullptr));
    GroupShard* shard = place_of(group).shard;
    if (shard == nullptr) {
      co_return look(nullptr);
    }
    auto seen = std::make_shared<OneShot<Seen>>();
    asio::post(shard->core().io, [shard, seen, group = std::move(group), look = std::move(look)] {
      seen->complete(look(shard->find(group)));
    });
    co_return co_await seen->wait();
  }

  // `look(const groups::AnyGroup&)` of every group, gathered from all shards.
  template <class Look>
  auto look_at_all(Look look) -> Awaitable<std::vector<decltype(look(std::declval<const groups::AnyGroup&>()))>> {
    using Seen = std::vector<decltype(look(std::declval<const groups::AnyGroup&>()))>;
    Seen all;
    for (const auto& shard : shards_) {
      auto seen = std::make_shared<OneShot<Seen>>();
      asio::post(shard->core().io, [one = shard.get(), seen, look] {
        Seen found;
        one->for_each([&](const groups::AnyGroup& group) { found.push_back(look(group)); });
        seen->complete(std::move(found));
      });
      Seen found = co_await seen->wait();
      std::ranges::move(found, std::back_inserter(all));
    }
    co_return all;
  }

 private:
  void bring_topics(groups::Event& event);
  // Where a group lives; nothing as long as __consumer_offsets is not there: then there are no groups.
  struct Place {
    std::shared_ptr<Partition> home;
    GroupShard* shard = nullptr;
  };
  [[nodiscard]] Place place_of(const std::string& group) const;
  [[nodiscard]] Result<void> check(const Place& place) const;
  Awaitable<Result<Place>> find(const std::string& group, IfAbsent if_absent);

  // A partition of __consumer_offsets that was read: in which leader epoch, and NONE or why its groups are not served.
  struct Home {
    std::shared_ptr<Partition> partition;
    LeaderEpoch epoch;
    ErrorCode state = ErrorCode::NONE;
  };
  void load(GroupShard& shard, const std::shared_ptr<Partition>& partition);
  void look_after(std::size_t shard_index);

  Broker& broker_;
  mutable std::mutex homes_mutex_;
  std::map<const Partition*, Home> homes_;
  std::vector<std::unique_ptr<GroupShard>> shards_;  // one for each core
  std::mutex topics_mutex_;
  std::uint64_t topics_version_ = 0;  // of the metadata that `topics_` was made from
  groups::TopicsView topics_;
};

}  // namespace ottla
