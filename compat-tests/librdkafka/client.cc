#include "compat-tests/librdkafka/client.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace compat {

namespace {

using Conf = std::unique_ptr<RdKafka::Conf>;

constexpr int patience_ms = 60'000;
constexpr int poll_ms = 100;

void check(RdKafka::ErrorCode error, const std::string& what) {
  if (error != RdKafka::ERR_NO_ERROR) {
    throw std::runtime_error(what + ": " + RdKafka::err2str(error));
  }
}

void set(RdKafka::Conf& conf, const std::string& name, const auto& value) {
  std::string why;
  if (conf.set(name, value, why) != RdKafka::Conf::CONF_OK) {
    throw std::runtime_error(why);
  }
}

Conf conf_of(const std::string& bootstrap, const Settings& settings) {
  Conf conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  set(*conf, "bootstrap.servers", bootstrap);
  for (const auto& [name, value] : settings) {
    set(*conf, name, value);
  }
  return conf;
}

template <typename Handle>
std::unique_ptr<Handle> created(Handle* (*create)(const RdKafka::Conf*, std::string&), const Conf& conf) {
  std::string why;
  std::unique_ptr<Handle> handle(create(conf.get(), why));
  if (!handle) {
    throw std::runtime_error(why);
  }
  return handle;
}

MaybeBytes bytes_of(const void* data, std::size_t size) {
  return data == nullptr ? std::nullopt : MaybeBytes(std::in_place, static_cast<const char*>(data), size);
}

Message message_of(RdKafka::Message& from) {
  const auto timestamp = from.timestamp();
  Message message{.record = {.partition = from.partition(),
                             .key = bytes_of(from.key_pointer(), from.key_len()),
                             .value = bytes_of(from.payload(), from.len()),
                             .headers = {}},
                  .offset = from.offset(),
                  .timestamp_ms = timestamp.timestamp,
                  .is_log_append_time = timestamp.type == RdKafka::MessageTimestamp::MSG_TIMESTAMP_LOG_APPEND_TIME};
  if (const auto* headers = from.headers(); headers != nullptr) {
    for (const auto& header : headers->get_all()) {
      message.record.headers.emplace_back(header.key(), bytes_of(header.value(), header.value_size()));
    }
  }
  return message;
}

}  // namespace

Producer::Producer(const std::string& bootstrap, const Settings& settings) {
  const Conf conf = conf_of(bootstrap, settings);
  set(*conf, "dr_cb", static_cast<RdKafka::DeliveryReportCb*>(this));
  producer_ = created(&RdKafka::Producer::create, conf);
}

void Producer::send(const std::string& topic, const Record& record, std::int64_t timestamp_ms) {
  std::unique_ptr<RdKafka::Headers> headers(RdKafka::Headers::create());
  for (const auto& [name, value] : record.headers) {
    headers->add({name, value ? value->data() : nullptr, value ? value->size() : 0});
  }
  const auto data = [](const MaybeBytes& bytes) { return bytes ? const_cast<char*>(bytes->data()) : nullptr; };
  const auto size = [](const MaybeBytes& bytes) { return bytes ? bytes->size() : 0; };
  for (;;) {
    const auto error = producer_->produce(topic, record.partition, RdKafka::Producer::RK_MSG_COPY, data(record.value),
                                          size(record.value), data(record.key), size(record.key), timestamp_ms,
                                          headers.get(), nullptr);
    if (error == RdKafka::ERR_NO_ERROR) {
      (void)headers.release();  // librdkafka's now
      return;
    }
    if (error != RdKafka::ERR__QUEUE_FULL) {
      check(error, "produce");
    }
    producer_->poll(poll_ms);
  }
}

const std::vector<Delivery>& Producer::flush() {
  check(producer_->flush(patience_ms), "flush");
  return deliveries_;
}

std::size_t Producer::failures() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(deliveries_, [](const Delivery& one) { return one.error != RdKafka::ERR_NO_ERROR; }));
}

void Producer::dr_cb(RdKafka::Message& message) {
  deliveries_.push_back({.error = message.err(), .partition = message.partition(), .offset = message.offset()});
}

Consumer::Consumer(const std::string& bootstrap)
    // A KafkaConsumer must be told a group, which it does not join when its partitions are assigned.
    : consumer_(created(&RdKafka::KafkaConsumer::create, conf_of(bootstrap, {{"group.id", "unused"},
                                                                             {"enable.auto.commit", "false"},
                                                                             {"enable.partition.eof", "true"}}))) {}

Consumer::~Consumer() { consumer_->close(); }

void Consumer::assign(const std::string& topic, std::int32_t partitions, std::int64_t offset) {
  partitions_ = partitions;
  std::vector<RdKafka::TopicPartition*> assigned;
  assigned.reserve(static_cast<std::size_t>(partitions));
  for (std::int32_t number = 0; number < partitions; ++number) {
    assigned.push_back(RdKafka::TopicPartition::create(topic, number, offset));
  }
  const auto error = consumer_->assign(assigned);
  RdKafka::TopicPartition::destroy(assigned);
  check(error, "assign");
}

std::vector<Message> Consumer::read_to_end() {
  std::map<std::int32_t, std::vector<Message>> by_partition;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  for (std::int32_t ended = 0; ended < partitions_;) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("no end of the partitions");
    }
    const std::unique_ptr<RdKafka::Message> message(consumer_->consume(poll_ms));
    if (message->err() == RdKafka::ERR__PARTITION_EOF) {
      ++ended;
    } else if (message->err() != RdKafka::ERR__TIMED_OUT) {
      check(message->err(), "consume: " + message->errstr());
      by_partition[message->partition()].push_back(message_of(*message));
    }
  }
  std::vector<Message> messages;
  for (auto& [partition, read] : by_partition) {
    std::ranges::move(read, std::back_inserter(messages));
  }
  return messages;
}

std::int32_t partitions_of(RdKafka::Handle& handle, const std::string& topic) {
  std::string why;
  const std::unique_ptr<RdKafka::Topic> asked(RdKafka::Topic::create(&handle, topic, nullptr, why));
  for (int left = patience_ms; left > 0; left -= poll_ms) {
    RdKafka::Metadata* found = nullptr;
    check(handle.metadata(false, asked.get(), &found, patience_ms), "metadata");
    const std::unique_ptr<RdKafka::Metadata> owned(found);
    const auto& answer = *found->topics()->front();
    if (answer.err() == RdKafka::ERR_NO_ERROR) {
      return static_cast<std::int32_t>(answer.partitions()->size());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(poll_ms));
  }
  throw std::runtime_error("no topic " + topic);
}

}  // namespace compat
