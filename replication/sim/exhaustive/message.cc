#include "replication/sim/exhaustive/message.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace ottla::exhaustive {

namespace {

void add(Key& key, const FetchRequest& message) {
  const FollowerFetch& fetch = message.fetch;
  for (const std::int64_t number :
       {std::int64_t{fetch.replica.value}, fetch.broker_epoch.value, std::int64_t{fetch.current_leader_epoch.value},
        fetch.fetch_offset.value, std::int64_t{fetch.last_fetched_epoch.value}, fetch.durable_end_offset.value,
        std::int64_t{message.leader.value}, std::int64_t{message.is_void}}) {
    key.add(number);
  }
}

void add(Key& key, const FetchReply& message) {
  const FetchDone& done = message.done;
  for (const std::int64_t number :
       {std::int64_t{message.follower.value}, std::int64_t{done.current_leader_epoch.value}, done.fetch_offset.value,
        std::int64_t{std::to_underlying(done.error)}, std::int64_t{done.diverging_epoch.epoch.value},
        done.diverging_epoch.end_offset.value, done.high_watermark.value, done.log_start_offset.value}) {
    key.add(number);
  }
  for (const Record& record : message.records) {
    key.add(record.id);
    key.add(record.epoch.value);
  }
}

void add(Key& key, const AlterRequest& message) {
  key.add(message.sender.value);
  key.add(message.broker_epoch.value);
  key.add(message.is_void ? 1 : 0);
  key.add(message.change.leader_epoch.value);
  key.add(message.change.partition_epoch.value);
  for (const IsrMember& member : message.change.new_isr) {
    key.add(member.broker_id.value);
    key.add(member.broker_epoch.value);
  }
}

void add(Key& key, const AlterReply& message) {
  key.add(message.sender.value);
  key.add(message.is_void ? 1 : 0);
  key.add(std::to_underlying(message.reply.error));
  key.add(message.reply.leader_epoch.value);
  key.add(message.reply.partition_epoch.value);
  for (const BrokerId id : message.reply.isr) {
    key.add(id.value);
  }
}

std::string words_of(const FetchRequest& message) {
  return fmt::format("fetch of broker {} to {} {{epoch {}, at {}, last epoch {}, durable {}}}{}",
                     message.fetch.replica.value, message.leader.value, message.fetch.current_leader_epoch.value,
                     message.fetch.fetch_offset.value, message.fetch.last_fetched_epoch.value,
                     message.fetch.durable_end_offset.value, message.is_void ? ", which nobody waits for" : "");
}

std::string words_of(const FetchReply& message) {
  const FetchDone& done = message.done;
  if (done.error != ErrorCode::NONE) {
    return fmt::format("answer to broker {}: error {}", message.follower.value, std::to_underlying(done.error));
  }
  if (done.diverging_epoch.epoch.value >= 0) {
    return fmt::format("answer to broker {}: diverging, epoch {} ends at {}", message.follower.value,
                       done.diverging_epoch.epoch.value, done.diverging_epoch.end_offset.value);
  }
  return fmt::format("answer to broker {}: at {} {}, high watermark {}", message.follower.value,
                     done.fetch_offset.value, in_words(message.records), done.high_watermark.value);
}

std::string words_of(const AlterRequest& message) {
  BrokerIds members;
  for (const IsrMember& member : message.change.new_isr) {
    members.push_back(member.broker_id);
  }
  return fmt::format("AlterPartition of broker {} {{epoch {}, partition epoch {}, ISR {}}}{}", message.sender.value,
                     message.change.leader_epoch.value, message.change.partition_epoch.value, in_words(members),
                     message.is_void ? ", which nobody waits for" : "");
}

std::string words_of(const AlterReply& message) {
  if (message.reply.error != ErrorCode::NONE) {
    return fmt::format("AlterPartition answer to broker {}: error {}", message.sender.value,
                       std::to_underlying(message.reply.error));
  }
  return fmt::format("AlterPartition answer to broker {}: partition epoch {}, ISR {}", message.sender.value,
                     message.reply.partition_epoch.value, in_words(message.reply.isr));
}

}  // namespace

Key key_of(const Message& message) {
  Key key;
  key.add(static_cast<std::int64_t>(message.index()));
  std::visit([&](const auto& one) { add(key, one); }, message);
  return key;
}

std::string in_words(const Message& message) {
  return std::visit([](const auto& one) { return words_of(one); }, message);
}

std::string in_words(const Records& records) {
  std::vector<std::string> each;
  for (const Record& record : records) {
    each.push_back(fmt::format("r{} of epoch {}", record.id, record.epoch.value));
  }
  return fmt::format("[{}]", fmt::join(each, ", "));
}

std::string in_words(const BrokerIds& ids) {
  std::vector<std::int32_t> numbers;
  for (const BrokerId id : ids) {
    numbers.push_back(id.value);
  }
  return fmt::format("{}", numbers);
}

}  // namespace ottla::exhaustive
