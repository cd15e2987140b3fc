#include "replication/quorum/sim/node.h"

#include <fmt/format.h>

#include <algorithm>

#include "replication/quorum/driver_for_tests.h"
#include "replication/quorum/sim/violation.h"
#include "replication/quorum/sim/world.h"

namespace ottla::quorum::sim {

Node::Node(World& world, ServerId id, std::uint64_t seed)
    : disk(world.options.bug), world_(world), id_(id), random_(seed, 100 + id) {}

void Node::start() {
  ++life_;
  is_writing_ = false;
  armed_ms_ = 0;
  machine_ = {};
  driver_ = std::make_unique<Driver>(id_, fmt::format("server-{}", id_), world_.faults.settings,
                                     static_cast<unsigned>(random_.next()));
  DriverForTests::set_guards(*driver_, world_.options.guards);
  world_.tell(fmt::format("server {} starts", id_));
  const StoredState state = disk.load();
  last_queued_ = disk.last_index();
  world_.checks.still_durable(id_, disk);
  input([&](Driver& driver, TimeMs now_ms, Effects& effects) { driver.start(now_ms, state, effects); });
}

void Node::crash() {
  if (!is_up()) {
    return;
  }
  ++world_.counts.crashes;
  world_.tell(fmt::format("server {} crashes", id_));
  disk.crash(random_);
  driver_.reset();
}

void Node::receive(const Message& message) {
  if (is_up()) {
    input([&](Driver& driver, TimeMs now_ms, Effects& effects) {
      if (const auto taken = driver.receive(now_ms, message, effects); !taken) {
        throw Violation(taken.error().message);
      }
    });
  }
}

void Node::input(const std::function<void(Driver&, TimeMs, Effects&)>& give) {
  const LogIndex commit_before = driver_->core().commit_index();
  const Configuration before = leads() ? driver_->core().configuration() : Configuration{};
  Effects effects;
  give(*driver_, world_.schedule.now_ms(), effects);
  ++world_.counts.inputs;
  world_.trace = fold(fold(world_.trace, id_ * 1000 + effects.size()), world_.schedule.now_ms());
  carry_out(effects);
  if (is_up()) {
    world_.checks.after_input(*driver_, disk, commit_before, before);
    arm();
    go_on_writing();
  }
}

void Node::carry_out(Effects& effects) {
  for (Effect& effect : effects) {
    std::visit([this](auto& one) { carry_out_one(one); }, effect);
    if (world_.is_faulty() && random_.happens(world_.faults.crash_after_effect)) {
      crash();
      world_.revive(*this);
      return;
    }
  }
}

void Node::carry_out_one(const StoreVote& vote) { disk.store(vote); }

void Node::carry_out_one(const WriteEntries& write) {
  const LogCache& log = driver_->log();
  world_.checks.written_over(*driver_, write);
  world_.counts.truncations += write.first <= last_queued_ ? 1 : 0;
  last_queued_ = write.first + write.entries.size() - 1;
  Position before{write.first - 1, log.has(write.first - 1) ? log.at(write.first - 1).term : 0};
  for (std::size_t i = 0; i < write.entries.size(); ++i) {
    if (before.term != 0) {
      world_.checks.logged(before, write.first + i, write.entries[i]);
    }
    before = {write.first + i, write.entries[i].term};
  }
  disk.queue(write);
}

void Node::carry_out_one(const WriteSnapshot& write) {
  ++world_.counts.snapshots_installed;
  last_queued_ = write.snapshot.last.index;
  disk.queue(write);
}

void Node::carry_out_one(TakeSnapshot& write) {
  ++world_.counts.snapshots_taken;
  write.snapshot.image = machine_.image();
  disk.queue(write);
}

void Node::carry_out_one(const Send& send) {
  const auto* vote = std::get_if<RequestVoteResult>(&send.message.body);
  if (vote != nullptr && vote->granted && !vote->pre_vote) {
    world_.checks.voted(vote->term, id_, send.message.to);
  }
  const auto* asked = std::get_if<RequestVote>(&send.message.body);
  if (asked != nullptr && !asked->pre_vote) {
    world_.checks.voted(asked->term, id_, id_);
  }
  world_.send(send.message);
}

void Node::carry_out_one(const Apply& apply) {
  ++world_.counts.applied;
  world_.checks.applied(machine_, apply.index, apply.entry);
}

void Node::carry_out_one(const Restore& restore) {
  machine_ = StateMachine::from(restore.snapshot.image);
  world_.checks.restored(machine_, restore.snapshot);
}

void Node::carry_out_one(const LeadershipChanged& changed) {
  const Leadership& now = changed.leadership;
  if (now.state == State::leader && !now.is_settled) {
    ++world_.counts.elections;
    world_.tell(fmt::format("server {} leads in term {}", id_, now.term));
    world_.checks.elected(id_, *driver_);
  }
}

void Node::carry_out_one(const Broken& broken) { throw Violation(broken.why); }

void Node::arm() {
  const TimeMs due_ms = std::max(driver_->deadline_ms(), world_.schedule.now_ms());
  if (due_ms == armed_ms_) {
    return;
  }
  armed_ms_ = due_ms;
  world_.schedule.after(due_ms - world_.schedule.now_ms(), [this, life = life_, timer = ++timer_] {
    if (is_up() && life == life_ && timer == timer_) {
      armed_ms_ = 0;
      input([](Driver& driver, TimeMs now_ms, Effects& effects) { driver.tick(now_ms, effects); });
    }
  });
}

// One write after the other.
void Node::go_on_writing() {
  if (is_writing_ || !disk.has_writes()) {
    return;
  }
  is_writing_ = true;
  TimeMs takes_ms = random_.between(1, world_.faults.disk_max_ms);
  if (world_.is_faulty() && random_.happens(world_.faults.slow_write)) {
    takes_ms = random_.between(100, 1500);
  }
  if (world_.options.bug == Bug::log_dropped_before_snapshot && std::holds_alternative<WriteSnapshot>(disk.oldest())) {
    disk.drop_log();
  }
  if (world_.options.bug == Bug::ack_before_durable) {
    world_.schedule.after(0, [this, life = life_, write = disk.oldest()] {
      if (is_up() && life == life_) {
        report(write);
      }
    });
  }
  world_.schedule.after(takes_ms, [this, life = life_] {
    if (!is_up() || life != life_) {
      return;
    }
    is_writing_ = false;
    const Disk::Write write = disk.finish_one();
    world_.checks.durable(id_, disk);
    if (world_.options.bug == Bug::ack_before_durable) {
      go_on_writing();
    } else {
      report(write);
    }
  });
}

void Node::report(const Disk::Write& write) {
  input([&](Driver& driver, TimeMs now_ms, Effects& effects) {
    if (const auto* taken = std::get_if<TakeSnapshot>(&write)) {
      driver.snapshot_taken(now_ms, taken->id, taken->snapshot.image, effects);
    } else if (const auto* installed = std::get_if<WriteSnapshot>(&write)) {
      driver.written(now_ms, installed->id, effects);
    } else {
      driver.written(now_ms, std::get<WriteEntries>(write).id, effects);
    }
  });
}

}  // namespace ottla::quorum::sim
