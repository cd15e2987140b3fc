// What users feel: librdkafka with its defaults, as fast as it goes. Prints one line of JSON.
//   librdkafka_load produce   acks=all; --mock: against the broker in memory that librdkafka brings along, in this
//   process librdkafka_load consume   all partitions of the topic from their beginning, until --messages are there
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <memory>
#include <random>
#include <stdexcept>

#include "process_cost.h"

namespace {

using namespace ottla;

struct Options {
  std::string bootstrap, topic = "bench", compression = "none";
  std::int32_t partitions = 1;
  std::size_t record_bytes = 100;
  std::int64_t messages = 1'000'000;
  std::int64_t warm_up_messages = 100'000;
  int random_percent = 100;
  bool mock = false, idempotent = false, keyed = false;
  pid_t pid = 0;
};

std::atomic<std::int64_t> failed = 0;

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++failed;
  }
}

class Client {
 public:
  Client(rd_kafka_type_t type, const std::vector<std::pair<std::string, std::string>>& settings) {
    std::array<char, 512> error{};
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    for (const auto& [name, value] : settings) {
      if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error.data(), error.size()) != RD_KAFKA_CONF_OK) {
        throw std::runtime_error(error.data());
      }
    }
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    handle_ = rd_kafka_new(type, conf, error.data(), error.size());
    if (handle_ == nullptr) {
      throw std::runtime_error(error.data());
    }
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { rd_kafka_destroy(handle_); }
  [[nodiscard]] rd_kafka_t* get() const { return handle_; }

 private:
  rd_kafka_t* handle_ = nullptr;
};

// So many pieces, of which a part is random and the rest always the same, as OpenMessaging's benchmark has them.
std::vector<std::string> payloads(const Options& options) {
  std::mt19937_64 random(1);
  std::vector<std::string> made(1000, std::string(options.record_bytes, 'x'));
  for (auto& one : made) {
    for (std::size_t i = 0; i < options.record_bytes * static_cast<std::size_t>(options.random_percent) / 100; ++i) {
      one[i] = static_cast<char>(random());
    }
  }
  return made;
}

void produce(rd_kafka_t* client, rd_kafka_topic_t* topic, const Options& options, std::int64_t count) {
  static const auto values = payloads(options);
  for (std::int64_t i = 0; i < count;) {
    const auto& value = values[static_cast<std::size_t>(i) % values.size()];
    const std::string key = options.keyed ? std::to_string(i % 100'000) : "";
    const int outcome =
        rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, const_cast<char*>(value.data()),
                         value.size(), options.keyed ? key.data() : nullptr, key.size(), nullptr);
    if (outcome == 0) {
      ++i;
    } else if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      throw std::runtime_error(rd_kafka_err2str(rd_kafka_last_error()));
    }
    rd_kafka_poll(client, outcome == 0 ? 0 : 1);
  }
  constexpr int flush_ms = 120'000;
  if (rd_kafka_flush(client, flush_ms) != RD_KAFKA_RESP_ERR_NO_ERROR || failed > 0) {
    throw std::runtime_error(fmt::format("{} messages failed or were not acknowledged", failed.load()));
  }
}

void print(const CostMeter& meter, const Options& options, const char* load) {
  const double seconds = meter.seconds();
  fmt::print("{{\"load\": \"{}\", \"record_bytes\": {}, \"messages_per_s\": {:.0f}, {}}}\n", load, options.record_bytes,
             static_cast<double>(options.messages) / seconds,
             meter.json(options.messages * static_cast<std::int64_t>(options.record_bytes), options.messages));
}

void run_produce(const Options& options) {
  std::vector<std::pair<std::string, std::string>> settings{
      {"compression.codec", options.compression}, {"enable.idempotence", options.idempotent ? "true" : "false"}};
  settings.emplace_back(options.mock ? "test.mock.num.brokers" : "bootstrap.servers",
                        options.mock ? "1" : options.bootstrap);
  const Client client(RD_KAFKA_PRODUCER, settings);
  const std::unique_ptr<rd_kafka_topic_t, decltype(&rd_kafka_topic_destroy)> topic(
      rd_kafka_topic_new(client.get(), options.topic.c_str(), nullptr), &rd_kafka_topic_destroy);
  produce(client.get(), topic.get(), options, options.warm_up_messages);
  CostMeter meter(options.pid);
  meter.begin();
  produce(client.get(), topic.get(), options, options.messages);
  meter.end();
  print(meter, options, options.mock ? "librdkafka produce, mock" : "librdkafka produce");
}

void run_consume(const Options& options) {
  const Client client(
      RD_KAFKA_CONSUMER,
      {{"bootstrap.servers", options.bootstrap}, {"group.id", "bench"}, {"enable.auto.commit", "false"}});
  rd_kafka_topic_partition_list_t* const wanted = rd_kafka_topic_partition_list_new(options.partitions);
  for (std::int32_t i = 0; i < options.partitions; ++i) {
    rd_kafka_topic_partition_list_add(wanted, options.topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(client.get(), wanted);
  rd_kafka_topic_partition_list_destroy(wanted);
  rd_kafka_queue_t* const queue = rd_kafka_queue_get_consumer(client.get());
  std::array<rd_kafka_message_t*, 1000> some{};
  CostMeter meter(options.pid);
  std::int64_t seen = 0;
  while (seen < options.warm_up_messages + options.messages) {
    const ssize_t count = rd_kafka_consume_batch_queue(queue, 10'000, some.data(), some.size());
    if (count <= 0) {
      throw std::runtime_error("no messages for ten seconds");
    }
    const bool begins = seen <= options.warm_up_messages && seen + count > options.warm_up_messages;
    seen += count;
    for (ssize_t i = 0; i < count; ++i) {
      rd_kafka_message_destroy(some[static_cast<std::size_t>(i)]);
    }
    if (begins) {
      meter.begin();
    }
  }
  meter.end();
  rd_kafka_queue_destroy(queue);
  print(meter, options, "librdkafka consume");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("librdkafka as a load");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--bootstrap", options.bootstrap);
  app.add_option("--topic", options.topic);
  app.add_option("--partitions", options.partitions, "to read");
  app.add_option("--record-bytes", options.record_bytes);
  app.add_option("--messages", options.messages);
  app.add_option("--warm-up-messages", options.warm_up_messages);
  app.add_option("--compression", options.compression);
  app.add_option("--random-percent", options.random_percent, "of each record; the rest is always the same");
  app.add_flag("--mock", options.mock);
  app.add_flag("--idempotent", options.idempotent);
  app.add_flag("--keyed", options.keyed, "100,000 keys");
  app.add_option("--pid", options.pid, "the broker's process");
  auto* const produce = app.add_subcommand("produce");
  auto* const consume = app.add_subcommand("consume");
  CLI11_PARSE(app, argc, argv);
  try {
    *produce ? run_produce(options) : *consume ? run_consume(options) : void();
  } catch (const std::exception& problem) {
    fmt::print(stderr, "{}\n", problem.what());
    return 1;
  }
  return 0;
}
