// A group by its name, whichever protocol it speaks: classic, or KIP-848's. It changes from one to the other online.
#pragma once

#include <string>
#include <variant>

#include "broker/groups/core/consumer_group.h"
#include "broker/groups/core/group.h"

namespace ottla::groups {

class AnyGroup {
 public:
  AnyGroup(const std::string& id, const Settings& settings) : settings_(settings), group_(Group(id, settings)) {}

  // They count from the next step on.
  void set_settings(const Settings& settings);
  Effects step(Millis now, const Event& event);
  [[nodiscard]] Millis deadline() const;

  // What the log said, in its order; then loaded(), once.
  void restore(const Said& said);
  void loaded(Millis now, const TopicsView& topics);

  // nullptr: it is of the other kind.
  [[nodiscard]] const Group* classic() const { return std::get_if<Group>(&group_); }
  [[nodiscard]] const ConsumerGroup* consumer() const { return std::get_if<ConsumerGroup>(&group_); }

  [[nodiscard]] const std::string& id() const;
  [[nodiscard]] const char* type_name() const { return classic() != nullptr ? "classic" : "consumer"; }
  [[nodiscard]] const char* state_name() const;
  [[nodiscard]] std::string protocol_type() const;
  // Since when it has had no members; nothing: it has some.
  [[nodiscard]] std::optional<Millis> empty_since() const;
  [[nodiscard]] const std::map<TopicPartition, CommittedOffset>& offsets() const;
  [[nodiscard]] std::set<std::string> subscribed_topics() const;
  [[nodiscard]] bool is_forgettable() const;
  // When it last began to change who has what, and whether it still waits for a member since then.
  [[nodiscard]] Millis rebalanced_at() const;
  [[nodiscard]] bool waits() const;
  [[nodiscard]] std::string explain(Millis now) const;

 private:
  void upgrade(Millis now, const TopicsView& topics, Effects& effects);
  void downgrade(Millis now, Effects& effects);
  void become_blank();

  Settings settings_;
  std::variant<Group, ConsumerGroup> group_;
};

}  // namespace ottla::groups
