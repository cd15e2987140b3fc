// What a walk of a group of the new protocol happens in: the group, its log, the topics, time and chance.
#pragma once

#include <deque>
#include <random>

#include "broker/groups/core/any_group.h"

namespace ottla::groups {

class ConsumerWorld {
 protected:
  static constexpr std::int32_t session_ms = 10'000;
  static constexpr TopicId topic_id{{7}};

  ConsumerWorld(std::uint64_t seed, Mutant mutant)
      : random_(seed), settings_(settings(mutant)), group_("g", settings_) {
    grow();
  }
  virtual ~ConsumerWorld() = default;
  ConsumerWorld(const ConsumerWorld&) = delete;
  ConsumerWorld& operator=(const ConsumerWorld&) = delete;
  virtual void hear(const Answer& answer) = 0;

  static Settings settings(Mutant mutant) {
    Settings all;
    all.consumer_session_timeout_ms = session_ms;
    all.mutant = mutant;
    return all;
  }
  Millis below(Millis bound) { return std::uniform_int_distribution<Millis>(0, bound - 1)(random_); }
  bool one_in(Millis n) { return below(n) == 0; }
  template <class List>
  auto& any_of(List& list) {
    return list[static_cast<std::size_t>(below(std::ssize(list)))];
  }
  void fail(const std::string& why) { broken_ = broken_.empty() ? why : broken_; }
  const ConsumerMember* member(const std::string& id) const {
    const ConsumerGroup* group = group_.consumer();
    return group != nullptr && group->members().contains(id) ? &group->members().at(id) : nullptr;
  }

  void log_answers(bool ok) {
    const Write write = std::move(log_.front());
    log_.pop_front();
    if (ok) {
      std::ranges::copy(write.records, std::back_inserter(durable_));
      durable_commits_.insert(commit_of_write_[write.id]);
    }
    step(Written{write.id, ok});
  }

  void grow() {
    partitions_ += 3;
    auto topics = std::make_shared<Topics>();
    topics->version = static_cast<std::uint64_t>(partitions_);
    topics->add("t", {.id = topic_id, .partitions = partitions_});
    topics_ = std::move(topics);
  }

  // Some of the writes under way reached the disk; nobody who waited hears anything.
  void restart_coordinator() {
    for (auto left = below(std::ssize(log_) + 1); left > 0; --left) {
      std::ranges::copy(log_.front().records, std::back_inserter(durable_));
      log_.pop_front();
    }
    log_.clear();
    commit_of_write_.clear();
    group_ = AnyGroup("g", settings_);
    for (const LogRecord& record : durable_) {
      const auto value = record.value ? std::optional(std::span<const std::byte>(*record.value)) : std::nullopt;
      group_.restore(*read_record(record.key, value));
    }
    group_.loaded(now_, topics_);
  }

  void step(const Event& event) {
    Effects effects = group_.step(now_, event);
    const auto* committing = std::get_if<Commit>(&event);
    for (auto& write : effects.writes) {
      if (committing != nullptr && !commit_of_write_.contains(write.id)) {
        commit_of_write_[write.id] = committing->token;
      }
      log_.push_back(std::move(write));
    }
    for (const Answer& answer : effects.answers) {
      hear(answer);
    }
  }

  std::mt19937_64 random_;
  Settings settings_;
  AnyGroup group_;
  Millis now_ = 1'000'000;
  std::int32_t partitions_ = 0;
  TopicsView topics_;
  std::deque<Write> log_;  // under way, in order
  std::vector<LogRecord> durable_;
  std::map<std::uint64_t, Token> commit_of_write_;
  std::set<Token> durable_commits_;
  std::string broken_;
};

}  // namespace ottla::groups
