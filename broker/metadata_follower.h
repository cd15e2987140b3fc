// Brings what the metadata say to the partitions of this broker, in the order of the metadata log, on a thread of its
// own: to open a log takes as long as the disk does, and the quorum must not wait for that.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "broker/partitions.h"
#include "replication/controller.h"
#include "replication/replica_events.h"

namespace ottla {

class MetadataFollower {
 public:
  // `look_at_state` calls what it is given with the state machine as it is now, which may be later than what is told.
  using LookAtState = std::function<void(const std::function<void(const Controller&)>& look)>;
  MetadataFollower(BrokerId node_id, Partitions& partitions, LookAtState look_at_state);
  MetadataFollower(const MetadataFollower&) = delete;
  MetadataFollower& operator=(const MetadataFollower&) = delete;
  ~MetadataFollower();

  // Before start(): opens what this state has, and follows from there. Blocking. Errors are one line.
  Result<void> open_at_start(const Controller& state);
  void start();

  // All below: any thread.
  using Done = std::function<void(std::uint64_t index, Result<Applied>)>;
  // The command at `index` gave this. `done`, if any, is called once it is followed, with an error if it could not be.
  void applied(std::uint64_t index, Result<Applied> applied, Done done);
  // The state is another one altogether.
  void restored(std::uint64_t index);
  // The same later.
  void begin(std::function<void()> done);

  [[nodiscard]] std::uint64_t index() const { return index_; }
  // Whoever waits for the outcome of an index that it learns elsewhere first says so: outcomes are kept as long as
  // somebody waits.
  void expect();
  // Ends one expect(). `done` is called with what the command at `index` gave, once it is followed.
  void wait_for(std::uint64_t index, const Done& done);
  void expect_no_more();
  // The broker stops: who waits is told that nobody knows, and so is who comes later.
  void end_waits();

 private:
  struct Task {
    std::uint64_t index = 0;
    std::function<Result<Applied>()> run;
    Done done;
  };
  void enqueue(Task task);
  void work();
  void finish(Task& task);
  Result<void> open(const Controller& state);
  Result<void> follow(const Applied& applied);
  Result<void> follow(const TopicCreated& created) { return follow_topic(*created.topic); }
  Result<void> follow(const TopicDeleted& deleted) { return partitions_.remove(deleted.topic->id); }
  Result<void> follow(const PartitionsAdded& added) { return follow_topic(*added.topic); }
  Result<void> follow(const ConfigsChanged& changed);
  Result<void> follow(const BrokerChanged& changed);
  Result<void> follow(const PartitionsChanged& changed);
  Result<void> follow(const ProducerIdBlock&) { return {}; }
  Result<void> follow_broker_settings();
  Result<void> follow_all();
  Result<void> follow_topic(const Topic& topic);
  // What the state says of a topic's partitions; nothing if it has been deleted since.
  struct TopicState {
    std::shared_ptr<const Topic> topic;
    std::vector<PartitionMetadata> partitions;
  };
  std::optional<TopicState> state_of(TopicId id);
  Result<void> change(const TopicState& now, std::size_t index);
  Controller copy_of_state();

  const BrokerId node_id_;
  Partitions& partitions_;
  const LookAtState look_at_state_;
  bool follows_ = false;  // the thread's, once it runs
  std::atomic<std::uint64_t> index_ = 0;

  std::mutex mutex_;  // guards all below
  std::condition_variable wake_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  bool ending_waits_ = false;
  std::size_t expected_ = 0;
  std::map<std::uint64_t, Result<Applied>> kept_;
  std::multimap<std::uint64_t, Done> waiting_;
  std::jthread thread_;
};

}  // namespace ottla
