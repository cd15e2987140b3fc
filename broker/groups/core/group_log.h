// What a group of either kind has in __consumer_offsets: its committed offsets, the writes under way, and who waits for
// them. An offset counts, and anything is told, once it is durable.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/groups/core/events.h"

namespace ottla::groups {

class GroupLog {
 public:
  explicit GroupLog(std::string group) : group_(std::move(group)) {}

  // Durable ones only.
  [[nodiscard]] const std::map<TopicPartition, CommittedOffset>& offsets() const { return offsets_; }
  [[nodiscard]] bool is_idle() const { return under_way_.empty(); }
  void restore(const TopicPartition& partition, const std::optional<CommittedOffset>& committed);

  // Gives the number of the write, or of the last of several: they are numbered in order. REQUIRES: a record.
  std::uint64_t write(Effects& effects, std::vector<LogRecord> records);
  // At once if no write is under way, else after the last of them; COORDINATOR_NOT_AVAILABLE if one of them failed.
  void answer_when_durable(Effects& effects, Answer answer);
  void commit(Effects& effects, const Commit& event);
  // `answer`, if any, leaves when they are gone.
  void remove(Effects& effects, const std::vector<TopicPartition>& partitions, std::optional<Answer> answer);
  // Of every offset, also of those under way.
  [[nodiscard]] std::vector<LogRecord> tombstones() const;
  // Whether all parts of a write are durable, once its last one is told of; nothing before.
  std::optional<bool> on(Effects& effects, const Written& event);

 private:
  using Changes = std::vector<std::pair<TopicPartition, std::optional<CommittedOffset>>>;
  struct UnderWay {
    std::uint64_t first = 0;  // of the parts that this is the last of; 0: there is a part behind it
    Changes changes;
    std::vector<Answer> answers;
  };

  std::string group_;
  std::map<TopicPartition, CommittedOffset> offsets_;
  std::uint64_t last_write_ = 0;
  std::uint64_t last_failed_ = 0;
  std::uint64_t failed_until_ = 0;  // writes up to this one stand on one that failed
  std::map<std::uint64_t, UnderWay> under_way_;
};

}  // namespace ottla::groups
