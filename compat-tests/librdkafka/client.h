// librdkafka++ with its default settings, in the few words that the subcommands and the tests need. What fails throws
// std::runtime_error, with librdkafka's own words.
#pragma once

#include <librdkafka/rdkafkacpp.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compat-tests/librdkafka/records.h"

namespace compat {

using Settings = std::map<std::string, std::string>;

// What came of one record sent, in the order in which it was told.
struct Delivery {
  RdKafka::ErrorCode error = RdKafka::ERR_NO_ERROR;
  std::int32_t partition = 0;
  std::int64_t offset = -1;
};

class Producer : RdKafka::DeliveryReportCb {
 public:
  // Without `settings` all is as librdkafka has it.
  explicit Producer(const std::string& bootstrap, const Settings& settings = {});

  // Waits while librdkafka's queue is full. A timestamp of 0 means now.
  void send(const std::string& topic, const Record& record, std::int64_t timestamp_ms = 0);
  // Waits until all is delivered or has failed.
  const std::vector<Delivery>& flush();
  [[nodiscard]] std::size_t failures() const;
  RdKafka::Producer& handle() { return *producer_; }

 private:
  void dr_cb(RdKafka::Message& message) override;

  std::vector<Delivery> deliveries_;
  std::unique_ptr<RdKafka::Producer> producer_;
};

struct Message {
  Record record;
  std::int64_t offset = -1;
  std::int64_t timestamp_ms = -1;
  bool is_log_append_time = false;
};

class Consumer {
 public:
  explicit Consumer(const std::string& bootstrap);
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;
  ~Consumer();

  // Reads these partitions from `offset` (a number or RdKafka::Topic::OFFSET_...) on; no group.
  void assign(const std::string& topic, std::int32_t partitions, std::int64_t offset);
  // All that is there now: until the end of each assigned partition. Messages partition by partition.
  std::vector<Message> read_to_end();
  RdKafka::KafkaConsumer& handle() { return *consumer_; }

 private:
  std::unique_ptr<RdKafka::KafkaConsumer> consumer_;
  std::int32_t partitions_ = 0;
};

// Asks for the topic until its partitions have leaders; the first question creates it.
std::int32_t partitions_of(RdKafka::Handle& handle, const std::string& topic);

}  // namespace compat
