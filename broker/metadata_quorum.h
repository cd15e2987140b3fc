// The cluster's metadata on this broker. Commands go in, the quorum (replication/quorum) agrees on their order, the
// state machine (replication/controller.h) moves on with what is committed, and the partitions follow
// (metadata_follower.h). A broker on its own is a quorum of one: the same path, and it always leads.
//
// One thread owns the quorum's driver and its disk. Nothing else touches them.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
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

constexpr const char* address_alone = "alone";  // of the only voter of a broker on its own

// Who agrees, to begin with.
struct QuorumPlan {
  BrokerId node_id;
  bool is_cluster = false;  // else the voter is this broker, on its own
  std::vector<quorum::Server> voters;
  quorum::Settings settings;

  std::string address;  // this broker's own

  [[nodiscard]] quorum::ServerId self() const { return quorum::server_id(node_id); }
  // Else it follows the metadata, and is a broker like any other.
  [[nodiscard]] bool is_voter() const { return std::ranges::find(voters, self(), &quorum::Server::id) != voters.end(); }
};

inline quorum::TimeMs quorum_time_ms() { return static_cast<quorum::TimeMs>(steady_clock_ms()); }

// What this server knows of the quorum. Of the others' logs it knows only while it leads.
struct QuorumStatus {
  struct Server {
    BrokerId id;
    bool is_voter = false;
    std::string address;
    std::uint64_t last_index = 0;         // durable there
    std::int64_t last_heard_ms = -1;      // by the wall clock; of the leader itself: -1
    std::int64_t last_caught_up_ms = -1;  // the same
  };
  bool is_leader = false;
  bool is_new = false;      // its log has nothing but the first voters
  bool is_current = false;  // it leads, or was spoken to by the leader a moment ago
  BrokerId leader;          // -1: not known
  std::uint64_t term = 0;
  std::uint64_t committed_index = 0;
  std::vector<Server> servers;
};

class MetadataQuorum {
 public:
  // Reads the log. A broker on its own has all its metadata and partitions when this returns; one of a cluster begins
  // to open them once it knows that it has caught up (follow()). Blocking. Errors are one line.
  static Result<std::unique_ptr<MetadataQuorum>> open(Disk& disk, const std::string& directory, QuorumPlan plan,
                                                      Partitions& partitions);
  // The first commands of a directory without metadata, durable all together when it returns.
  static Result<void> seed(Disk& disk, const std::string& directory, std::span<const Command> commands);
  MetadataQuorum(Disk& disk, std::string directory, QuorumStore store, QuorumPlan plan, Partitions& partitions);
  MetadataQuorum(const MetadataQuorum&) = delete;
  MetadataQuorum& operator=(const MetadataQuorum&) = delete;
  ~MetadataQuorum();

  // How other servers are reached, and where to propose if this one does not lead: gives the index of the command, once
  // it is committed. The address is as the quorum knows it; empty: not known. REQUIRES: before run().
  using Send = std::function<void(const quorum::Message&, const std::string& address)>;
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

  Awaitable<QuorumStatus> status();
  // This voter does not vote yet (broker/quorum/newcomer.h): until it has caught up with a leader, or somebody knows
  // that the quorum is as new as it is, and says so.
  [[nodiscard]] bool is_newcomer() const { return is_newcomer_; }
  Awaitable<> found_quorum();
  // A broker that is no voter is sent the log from now on, at this address. Errors: NOT_CONTROLLER; REQUEST_TIMED_OUT:
  // a change is under way, try again.
  Awaitable<Result<void>> add_observer(BrokerId broker, std::string address);
  // Those that are no voters, are not registered, and were not heard for `silence`, are sent nothing any more.
  void remove_observers(std::chrono::milliseconds silence);
  // As the active controller: this server of the quorum shall vote, or vote no more. True: so it is, durably. False: it
  // is under way, ask again. Errors: REQUEST_TIMED_OUT: not now, for the reason that is told; NOT_CONTROLLER: ask the
  // next one, also if it is this server that shall vote no more; VOTER_NOT_FOUND: it does not follow the metadata;
  // INVALID_REQUEST: those that remain could not agree on anything.
  Awaitable<Result<bool>> change_voter(BrokerId broker, bool shall_vote);
  // Who belongs to the quorum, as far as this server knows: the number changes with it.
  [[nodiscard]] std::uint64_t servers_version() const { return servers_version_; }
  [[nodiscard]] std::vector<quorum::Server> servers() const;
  // If this server leads: another voter is asked to. Ends within an election timeout, done or not.
  Awaitable<> hand_over();
  // The process of this server is gone, as its owner knows: if it leads, this one stands for election now.
  void leader_is_gone(quorum::ServerId server);
  // Before the cores end: whoever waits for a command is told that nobody knows, and so is who comes later. Blocks for
  // as long as the quorum's thread takes to hear of it.
  void end_waits();

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
  // Who was not heard for so long is not there.
  static constexpr std::chrono::milliseconds longest_silence{3'000};

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
  using Task = std::move_only_function<void()>;  // on the quorum's thread
  using Input = std::variant<Proposal, quorum::Message, Task>;

  void enqueue(Input input);
  void work();
  void take(std::vector<Input>& inputs);
  void propose_all(std::vector<Proposal>& proposals);
  void receive_one(const quorum::Message& message);
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

  // metadata_quorum_members.cc
  [[nodiscard]] bool is_barred(const quorum::MessageBody& message) const;
  void note_caught_up(const quorum::Message& message);
  void end_newcomer();
  void found();
  [[nodiscard]] std::unique_ptr<quorum::Driver> new_driver() const;
  void check_leader(const quorum::Message& message) const;
  void note_contact(const quorum::Message& message);
  void send_all_again(quorum::ServerId server);
  void pass_on_for(quorum::ServerId server);
  void add_anew();
  [[nodiscard]] QuorumStatus look_at_quorum() const;
  void note_servers();
  Result<void> add_one(const quorum::Server& server);
  [[nodiscard]] bool can_agree_without(quorum::ServerId voter) const;
  Result<bool> change_one(quorum::ServerId id, bool shall_vote);
  void remove_silent(std::int64_t heard_before_ms);

  Disk& disk_;
  const std::string directory_;
  QuorumStore store_;
  const QuorumPlan plan_;
  std::atomic<bool> is_newcomer_;
  std::unique_ptr<quorum::Driver> driver_;
  // Writes are durable when they return, and are reported once the effects that came with them are carried out.
  struct Written {
    quorum::WriteId id = 0;
    quorum::SharedBytes image;  // of a snapshot that was taken
  };
  std::deque<Written> written_;
  std::optional<Error> failed_;
  bool is_ending_ = false;
  std::map<quorum::LogIndex, Pending> pending_;
  struct Contact {
    std::int64_t last_heard_ms = -1;
    std::int64_t last_caught_up_ms = -1;
    std::int64_t lost_log_since_ms = -1;  // it lacks what it had said it has
  };
  std::map<quorum::ServerId, Contact> contacts_;     // of this server's present leadership
  std::map<quorum::ServerId, quorum::Server> anew_;  // observers that were removed, to begin with nothing
  std::int64_t leader_heard_ms_ = -1;
  std::int64_t leads_since_ms_ = -1;
  std::pair<quorum::LogIndex, quorum::LogIndex> configurations_;  // committed and not, as servers_ are

  mutable std::shared_mutex state_mutex_;
  Controller controller_;
  std::vector<quorum::Server> servers_;
  std::atomic<std::uint64_t> servers_version_ = 0;
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
