// A cluster walked at random: brokers that start, die, lose their disks and leave, leaders that ask for other ISRs in
// time and too late, elections, moves, settings. After every command: the invariants of each partition, no epoch that
// goes back, nobody complete who is not, and the same state by replay from the log or from an image.
#include "replication/cluster_ghost.h"
#include "replication/cluster_test_fixture.h"
#include "replication/controller_housekeeping.h"
#include "replication/replica_placer.h"

namespace ottla {
namespace {

using State = ChangeBrokerState::State;

class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed) {}

  // What went wrong, or nothing after `steps`.
  std::string run(int steps) {
    for (int i = 0; i < steps && wrong_.empty(); ++i) {
      step();
      ghost_.note_page_caches(controller_);
      ghost_.move_high_watermarks(controller_, random_);
    }
    return wrong_;
  }

  ClusterGhost ghost_;
  std::map<ErrorCode, int> answers_;  // to AlterPartition

 private:
  static Uuid uuid(std::uint64_t number) {
    Uuid made;
    made.bytes[1] = 1;
    for (std::size_t i = 0; i < 8; ++i) {
      made.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return made;
  }
  BrokerId any_broker() { return {static_cast<std::int32_t>(1 + random_.below(5))}; }
  [[nodiscard]] BrokerEpoch epoch(BrokerId id) const {
    const auto found = controller_.brokers().find(id);
    return found != controller_.brokers().end() ? found->second.epoch : BrokerEpoch{};
  }
  std::shared_ptr<const Topic> any_topic() {
    if (controller_.topics().empty()) {
      return nullptr;
    }
    auto chosen = controller_.topics().begin();
    std::advance(chosen, random_.below(controller_.topics().size()));
    return chosen->second;
  }

  void propose(const Command& command) {
    const Bytes bytes = encode_command(command);
    const Controller before = controller_;
    const auto applied = controller_.apply(*decode_command(bytes), ++index_);
    const auto elsewhere = twin_.apply(*decode_command(bytes), index_);
    if (applied.has_value() != elsewhere.has_value() || controller_.snapshot() != twin_.snapshot()) {
      wrong_ = "another replay came to another state";
      return;
    }
    if (!applied && controller_.snapshot() != before.snapshot()) {
      wrong_ = "a refused command changed something";
      return;
    }
    wrong_ = ghost_.follow(command, applied, before, controller_);
    if (wrong_.empty() && applied && std::holds_alternative<PartitionsChanged>(*applied)) {
      check_outcomes(command, std::get<PartitionsChanged>(*applied).outcomes, before);
    }
    if (random_.chance(2)) {
      twin_ = *Controller::restore(twin_.snapshot());
    }
  }

  // What was granted had been asked by the leader, of the latest record, for brokers that were there.
  void check_outcomes(const Command& command, const std::vector<PartitionOutcome>& outcomes, const Controller& before) {
    const auto* request = std::get_if<AlterPartition>(&command);
    if (request == nullptr) {
      return;
    }
    const IsrChange& wish = request->topics.front().partitions.front();
    const ErrorCode code = outcomes.front().code;
    ++answers_[code];
    if (code != ErrorCode::NONE && code != ErrorCode::NEW_LEADER_ELECTED) {
      return;
    }
    const auto& was =
        before.topic(request->topics.front().topic_id)->partitions.at(static_cast<std::size_t>(wish.partition_index));
    bool is_right = was.leader == request->broker_id && was.leader_epoch == wish.leader_epoch &&
                    was.partition_epoch == wish.partition_epoch;
    for (const auto& member : wish.new_isr) {
      is_right = is_right && is_active(before.brokers(), member.broker_id) &&
                 before.brokers().at(member.broker_id).epoch == member.broker_epoch;
    }
    wrong_ = is_right ? "" : "an ISR was granted that was asked wrongly";
  }

  void step() {
    const std::size_t dice = random_.below(100);
    if (dice < 12) {
      register_broker();
    } else if (dice < 36) {
      const BrokerId id = any_broker();
      propose(ChangeBrokerState{id, random_.chance(95) ? epoch(id) : BrokerEpoch{1},
                                random_.chance(60)   ? State::active
                                : random_.chance(80) ? State::fenced
                                                     : State::controlled_shutdown});
    } else if (dice == 38 || dice == 39) {
      change_settings();
    } else if (dice == 40) {
      propose(UnregisterBroker{any_broker()});
    } else if (dice > 40 && dice < 44) {
      housekeeping();
    } else if (const auto topic = dice < 44 ? nullptr : any_topic(); topic != nullptr) {
      change_partition(*topic, static_cast<std::int32_t>(random_.below(topic->partitions.size())), dice);
    } else {
      change_topics();
    }
  }

  void register_broker() {
    const BrokerId id = any_broker();
    RegisterBroker command{.broker_id = id, .incarnation_id = uuid(1000 + index_)};
    if (random_.chance(50)) {
      command.previous_broker_epoch = epoch(id);
    }
    auto& directory = directories_[id];
    directory = directory == 0 || random_.chance(25) ? 100'000 + index_ : directory;
    command.log_dirs = {uuid(directory)};
    command.flush_messages = random_.chance(80) ? 1 : 100;
    propose(command);
  }

  void change_topics() {
    const auto topic = any_topic();
    if (topic != nullptr && random_.chance(30)) {
      propose(DeleteTopic{topic->id});
      return;
    }
    const auto placed =
        place_replicas(controller_.brokers(), 2, static_cast<std::int32_t>(1 + random_.below(4)), random_.next());
    if (!placed || controller_.topics().size() > 4) {
      return;
    }
    CreateTopic command{.name = fmt::format("t{}", index_),
                        .topic_id = uuid(index_ + 1),
                        .min_insync_replicas = static_cast<std::int32_t>(1 + random_.below(3)),
                        .default_replication = random_.chance(30)};
    for (const auto& replicas : *placed) {
      command.partitions.push_back(
          {.partition_index = static_cast<std::int32_t>(command.partitions.size()), .replicas = replicas});
    }
    propose(command);
  }

  void change_settings() {
    const auto topic = any_topic();
    AlterConfigs command{.resource_type = config_resource::broker};
    if (topic != nullptr && random_.chance(70)) {
      command.resource_type = config_resource::topic;
      command.resource_name = topic->name;
    }
    const bool is_flush = random_.chance(30);
    const char* flush =
        topic != nullptr && !command.resource_name.empty() ? "flush.messages" : "log.flush.interval.messages";
    command.changes.push_back({is_flush ? flush : "min.insync.replicas",
                               random_.chance(30) ? AlterConfigs::Operation::remove : AlterConfigs::Operation::set,
                               std::to_string(1 + random_.below(3)), ""});
    propose(command);
  }

  void housekeeping() {
    if (const auto elections = preferred_elections(controller_, 10, 100)) {
      propose(*elections);
    }
    const auto wanted = default_replication(controller_.brokers().size());
    if (const auto widened = widen_early_topics(controller_, wanted, random_.next()); widened && wrong_.empty()) {
      propose(*widened);
    }
  }

  void change_partition(const Topic& topic, std::int32_t number, std::size_t dice) {
    if (dice < 84) {
      alter_isr_of(topic, number);
    } else if (dice < 92) {
      propose(ElectLeaders{random_.chance(70) ? Election::preferred : Election::unclean, {{topic.id, {number}}}});
    } else {
      std::vector<BrokerId> target;
      while (random_.chance(80) && target.size() < 4) {
        target.push_back(any_broker());
      }
      propose(AlterPartitionReassignments{.topics = {{topic.id, {{number, target}}}}});
    }
  }

  // By the leader, who knows everything; or not quite; or long ago.
  void alter_isr_of(const Topic& topic, std::int32_t number) {
    if (!late_.empty() && random_.chance(20)) {
      propose(late_[random_.below(late_.size())]);
      return;
    }
    const auto& now = topic.partitions[static_cast<std::size_t>(number)];
    IsrChange wish{.partition_index = number, .leader_epoch = now.leader_epoch, .partition_epoch = now.partition_epoch};
    for (const BrokerId replica : now.replicas) {
      if (replica == now.leader ||
          (random_.chance(75) && (random_.chance(5) || is_active(controller_.brokers(), replica)))) {
        wish.new_isr.push_back({replica, epoch(replica)});
      }
    }
    BrokerId sender = now.leader;
    const auto flaw = random_.below(20);
    wish.leader_epoch.value -= flaw == 0 ? 1 : 0;
    wish.partition_epoch.value += flaw == 1 ? -1 : flaw == 2 ? 1 : 0;
    sender = flaw == 3 ? any_broker() : sender;
    wish.leader_recovery_state = flaw == 4 ? now.leader_recovery_state : wish.leader_recovery_state;
    if (flaw == 5) {
      wish.new_isr.push_back({any_broker(), {1}});
    }
    AlterPartition command{sender, epoch(sender), {{topic.id, {wish}}}};
    if (late_.size() < 20) {
      late_.push_back(command);
    } else if (random_.chance(30)) {
      late_[random_.below(late_.size())] = command;
    }
    propose(command);
  }

  Random random_;
  Controller controller_;
  Controller twin_;
  std::uint64_t index_ = 0;
  std::map<BrokerId, std::uint64_t> directories_;
  std::vector<AlterPartition> late_;
  std::string wrong_;
};

constexpr int walks = 12;
constexpr int steps = 1500;

TEST(ControllerWalk, nothing_goes_wrong_whatever_happens) {
  std::map<ErrorCode, int> answers;
  int unclean = 0;
  int from_elr = 0;
  int moved = 0;
  for (std::uint64_t seed = 1; seed <= walks; ++seed) {
    Walk walk(seed);
    EXPECT_EQ(walk.run(steps), "") << "seed " << seed;
    unclean += walk.ghost_.unclean_elections;
    from_elr += walk.ghost_.elections_from_elr;
    moved += walk.ghost_.finished_reassignments;
    for (const auto& [code, count] : walk.answers_) {
      answers[code] += count;
    }
  }
  EXPECT_GT(unclean, 20);
  EXPECT_GT(from_elr, 100);
  EXPECT_GT(moved, 100);
  using enum ErrorCode;
  for (const ErrorCode code : {NONE, NOT_CONTROLLER, FENCED_LEADER_EPOCH, INVALID_REQUEST, INVALID_UPDATE_VERSION,
                               INELIGIBLE_REPLICA, NEW_LEADER_ELECTED}) {
    EXPECT_GT(answers[code], 5) << static_cast<int>(code);
  }
}

class BrokenController : public testing::TestWithParam<Mutant> {
 protected:
  ~BrokenController() override { active_mutant = Mutant::none; }
};

TEST_P(BrokenController, is_noticed) {
  active_mutant = GetParam();
  std::string wrong;
  for (std::uint64_t seed = 1; seed <= walks && wrong.empty(); ++seed) {
    wrong = Walk(seed).run(steps);
  }
  EXPECT_NE(wrong, "");
}

INSTANTIATE_TEST_SUITE_P(ControllerWalk, BrokenController,
                         testing::Values(Mutant::expand_without_broker_epoch, Mutant::elr_survives_storage_loss,
                                         Mutant::elects_anyone, Mutant::election_keeps_leader_epoch,
                                         Mutant::change_keeps_partition_epoch, Mutant::partition_epoch_unchecked,
                                         Mutant::fenced_stays_in_isr, Mutant::other_directory_unnoticed,
                                         Mutant::page_cache_trusted_after_crash, Mutant::inactive_joins_isr,
                                         Mutant::reassignment_ends_early, Mutant::min_isr_change_unheard));

}  // namespace
}  // namespace ottla
