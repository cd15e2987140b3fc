// Consumer groups of this broker: finds the shard of a group and asks there. Any core may call.
#pragma once

#include <memory>
#include <set>
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

  // Before the cores run: reads __consumer_offsets if it is there. Blocking. A partition that cannot be read takes its
  // groups out of service, and no others.
  void load();
  // Whoever waits for a group is answered, and whoever comes later is refused.
  void close();

  // Error COORDINATOR_NOT_AVAILABLE: what is known of the group cannot be read.
  [[nodiscard]] Result<void> check(const std::string& group) const;

  // Brings an event to a group and gives its answer, which may take as long as a rebalance.
  Awaitable<GroupAnswer> ask(std::string group, groups::Event event, IfAbsent if_absent);

  // Makes __consumer_offsets if need be. Error COORDINATOR_NOT_AVAILABLE, in words that say why.
  Awaitable<Result<void>> ensure_topic();

  // check() first. What `look(const groups::Group*)` gives (nullptr: no such group), computed where the group lives.
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

  // `look(const groups::Group&)` of every group, gathered from all shards.
  template <class Look>
  auto look_at_all(Look look) -> Awaitable<std::vector<decltype(look(std::declval<const groups::Group&>()))>> {
    using Seen = std::vector<decltype(look(std::declval<const groups::Group&>()))>;
    Seen all;
    for (const auto& shard : shards_) {
      auto seen = std::make_shared<OneShot<Seen>>();
      asio::post(shard->core().io, [one = shard.get(), seen, look] {
        Seen found;
        one->for_each([&](const groups::Group& group) { found.push_back(look(group)); });
        seen->complete(std::move(found));
      });
      Seen found = co_await seen->wait();
      std::ranges::move(found, std::back_inserter(all));
    }
    co_return all;
  }

 private:
  // Where a group lives; nothing as long as __consumer_offsets is not there: then there are no groups.
  struct Place {
    std::shared_ptr<Partition> home;
    GroupShard* shard = nullptr;
  };
  [[nodiscard]] Place place_of(const std::string& group) const;
  [[nodiscard]] Result<void> check(const Place& place) const;
  Awaitable<Result<Place>> find(const std::string& group, IfAbsent if_absent);

  Broker& broker_;
  std::set<const Partition*> unreadable_;
  std::vector<std::unique_ptr<GroupShard>> shards_;  // one for each core
};

}  // namespace ottla
