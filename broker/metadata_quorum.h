// The cluster's metadata on this broker. Commands go in, the quorum (replication/quorum) agrees on their order, the
// state machine (replication/controller.h) moves on with what is committed, and the partitions follow
// (metadata_follower.h). A broker on its own is a quorum of one: the same path, and it always leads.
//
// One thread owns the quorum's driver and its disk. Nothing else touches them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <thread>
#include <variant>
#include <vector>

#include "broker/metadata_follower.h"
#include "broker/one_shot.h"
#include "broker/partitions.h"
#include "broker/quorum/store.h"
#include "broker/wall_clock.h"
#include "replication/controller.h"
#include "replication/quorum/driver.h"

namespace ottla {

// Who agrees.
struct QuorumPlan {
  BrokerId node_id;
  bool is_cluster = false;  // else the voter is this broker, on its own
  std::vector<quorum::Server> voters;
  quorum::Settings settings;

  [[nodiscard]] quorum::ServerId self() const { return quorum::server_id(node_id); }
};

inline quorum::TimeMs quorum_time_ms() { return static_cast<quorum::TimeMs>(steady_clock_ms()); }

class MetadataQuorum {
 public:
  // Reads the log. A broker on its own has all its metadata and partitions when this returns; one of a cluster begins
  // to open them once it knows that it has caught up (follow()). Blocking. Errors are one line.
  static Result<std::unique_ptr<MetadataQuorum>> open(Disk& disk, const std::string& directory, QuorumPlan plan,
                                                      Partitions& partitions);
  // The first commands of a directory without metadata, durable all together when it returns.
  static Result<void> seed(Disk& disk, const std::string& directory, std::span<const Command> commands);
  MetadataQuorum(QuorumStore store, QuorumPlan plan, Partitions& partitions);
  MetadataQuorum(const MetadataQuorum&) = delete;
  MetadataQuorum& operator=(const MetadataQuorum&) = delete;
  ~MetadataQuorum();

  // How other servers are reached, and where to propose if this one does not lead: gives the index of the command, once
  // it is committed. REQUIRES: before run().
  using Send = std::function<void(const quorum::Message&)>;
  using Forward = std::function<Awaitable<Result<std::uint64_t>>(Bytes command)>;
  void connect(Send send, Forward forward);
  // Begins to take part.
  void run();

  // All below: any thread.
  void receive(quorum::Message message);

  // Comes back when the command is durable, applied, and its effect can be seen by every client of this broker (the
  // partitions of a created topic are open). Errors: what the state machine refused; NOT_CONTROLLER if this broker does
  // not lead, or lost the lead before it was committed; REQUEST_TIMED_OUT: nobody knows; KAFKA_STORAGE_ERROR.
  void propose(Command command, std::function<void(Result<Applied>)> committed);
  // The same wherever the leader is.
  Awaitable<Result<Applied>> propose(Command command);
  // For another broker: the index at which the command was committed, whatever came of it.
  Awaitable<Result<std::uint64_t>> commit(Command command);

  // The broker knows that it has read all there was when it started: its partitions are opened, and follow from here
  // on. Comes back when they are open.
  Awaitable<> follow();

  // Looks at the state under a lock: `look` must be short, must not wait, and must keep no reference.
  template <class Look>
  auto read(Look look) const {
    const std::shared_lock lock(state_mutex_);
    return look(controller_);
  }
  // The metadata up to here have been followed by the partitions.
  [[nodiscard]] std::uint64_t followed_index() const { return follower_.index(); }
  // Leads, and has applied all that was there when it was elected: the active controller.
  [[nodiscard]] bool is_active() const { return is_active_; }
  // As far as it is known; -1: nobody.
  [[nodiscard]] BrokerId active_controller() const { return {leader_}; }
  [[nodiscard]] std::uint64_t term() const { return term_; }

 private:
  using Committed = std::function<void(std::uint64_t index, Result<Applied>)>;
  struct Proposal {
    Command command;
    Committed committed;
  };
  struct Pending {
    quorum::Term term = 0;
    std::chrono::steady_clock::time_point deadline;
    Committed committed;
  };
  using Input = std::variant<Proposal, quorum::Message>;

  void enqueue(Input input);
  void work();
  void take(std::vector<Input>& inputs);
  void propose_all(std::vector<Proposal>& proposals);
  void carry_out(quorum::Effects& effects);
  void run_one(const quorum::StoreVote& effect);
  void run_one(const quorum::WriteEntries& effect);
  void run_one(const quorum::WriteSnapshot& effect);
  void run_one(quorum::TakeSnapshot& effect);
  void run_one(const quorum::Send& effect);
  void run_one(const quorum::Apply& effect);
  void run_one(const quorum::Restore& effect);
  void run_one(const quorum::LeadershipChanged& effect);
  void run_one(const quorum::Broken& effect);
  void check(const Result<void>& written);
  void end_pending(quorum::LogIndex up_to, const Error& error);
  void end_overdue();

  QuorumStore store_;
  const QuorumPlan plan_;
  quorum::Driver driver_;
  // Writes are durable when they return, and are reported once the effects that came with them are carried out.
  struct Written {
    quorum::WriteId id = 0;
    quorum::SharedBytes image;  // of a snapshot that was taken
  };
  std::deque<Written> written_;
  std::optional<Error> failed_;
  std::map<quorum::LogIndex, Pending> pending_;

  mutable std::shared_mutex state_mutex_;
  Controller controller_;
  std::atomic<bool> is_active_ = false;
  std::atomic<std::int32_t> leader_ = -1;
  std::atomic<std::uint64_t> term_ = 0;

  Send send_;
  Forward forward_;

  std::mutex queue_mutex_;
  std::condition_variable wake_;
  std::vector<Input> queue_;
  bool stopping_ = false;
  MetadataFollower follower_;
  std::jthread thread_;
};

}  // namespace ottla
