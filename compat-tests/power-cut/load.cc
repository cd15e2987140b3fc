// Idempotent writes with acks=all to many partitions, on librdkafka, and the judgement of what became of them. Told
// what to do line by line on stdin:
//
//   go      makes two new topics, one after the other, and writes to all there are
//   check   stops writing, waits until all is acknowledged, reads everything back and prints one JSON object
//
// and ends with stdin. Every record says which one it is, and its bytes follow from that.
//
// usage: power_cut_load BOOTSTRAP
#include <fmt/format.h>
#include <librdkafka/rdkafkacpp.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>

#include "compat-tests/librdkafka/admin.h"
#include "compat-tests/stocks/ledger.h"

namespace ottla::power_cut {

namespace {

constexpr int partitions_per_topic = 2;
constexpr int topics_at_once = 2;
constexpr int longest_wait_ms = 30'000;
constexpr std::size_t largest_record_bytes = 3'000;

std::string partition_name(std::size_t topic, int partition) { return fmt::format("load-{}/{}", topic, partition); }

// "<sequence> " and bytes that only this record has.
std::string content_of(const std::string& partition, std::int64_t sequence) {
  std::minstd_rand random(
      static_cast<std::uint32_t>(std::hash<std::string>{}(fmt::format("{}:{}", partition, sequence))));
  std::string content = fmt::format("{} ", sequence);
  const std::size_t size = content.size() + random() % largest_record_bytes;
  while (content.size() < size) {
    content.push_back(static_cast<char>(random() >> 8));
  }
  return content;
}

std::unique_ptr<RdKafka::Conf> settings_for(const std::string& bootstrap) {
  return std::unique_ptr<RdKafka::Conf>([&] {
    auto* const conf = RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL);
    std::string error;
    for (const auto& [name, value] :
         std::initializer_list<std::pair<std::string, std::string>>{{"bootstrap.servers", bootstrap},
                                                                    {"reconnect.backoff.ms", "5"},
                                                                    {"reconnect.backoff.max.ms", "50"},
                                                                    {"retry.backoff.ms", "10"},
                                                                    {"topic.metadata.refresh.fast.interval.ms", "20"},
                                                                    {"log_level", "2"}}) {
      if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) {
        throw std::runtime_error(error);
      }
    }
    return conf;
  }());
}

void set(RdKafka::Conf& conf, const std::string& name, const std::string& value) {
  std::string error;
  if (conf.set(name, value, error) != RdKafka::Conf::CONF_OK) {
    throw std::runtime_error(error);
  }
}

// A message carries its sequence number; topic and partition are its own.
class Reports final : public RdKafka::DeliveryReportCb {
 public:
  explicit Reports(stocks::Ledger& ledger) : ledger_(ledger) {}
  void dr_cb(RdKafka::Message& message) override {
    const auto sequence = static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(message.msg_opaque()));
    if (message.err() != RdKafka::ERR_NO_ERROR) {
      std::cerr << "given up: " << message.errstr() << "\n";
    }
    ledger_.delivered(fmt::format("{}/{}", message.topic_name(), message.partition()), sequence,
                      message.err() == RdKafka::ERR_NO_ERROR, 0);
  }

 private:
  stocks::Ledger& ledger_;
};

class Load {
 public:
  explicit Load(std::string bootstrap) : bootstrap_(std::move(bootstrap)), reports_(ledger_) {
    const auto conf = settings_for(bootstrap_);
    set(*conf, "enable.idempotence", "true");
    set(*conf, "acks", "all");
    set(*conf, "linger.ms", "1");
    set(*conf, "message.timeout.ms", "0");
    std::string error;
    conf->set("dr_cb", &reports_, error);
    producer_.reset(RdKafka::Producer::create(conf.get(), error));
    if (!producer_) {
      throw std::runtime_error(error);
    }
  }

  void go() {
    stop_ = false;
    maker_ = std::jthread([this] { make_topics(); });
    writer_ = std::jthread([this] { write(); });
  }

  void check() {
    stop_ = true;
    maker_.join();
    writer_.join();
    if (producer_->flush(longest_wait_ms) != RdKafka::ERR_NO_ERROR) {
      std::cerr << "not all was acknowledged or refused in time\n";
    }
    ledger_.read_again();
    const std::size_t unread = read_all();
    const auto counts = ledger_.verdict().counts;
    fmt::print(
        "{{\"sent\": {}, \"acknowledged\": {}, \"failed\": {}, \"read\": {}, \"lost\": {}, \"doubled\": {}, "
        "\"out_of_order\": {}, \"unknown\": {}, \"partitions\": {}, \"unread_partitions\": {}}}\n",
        counts.sent, counts.acknowledged, counts.failed, counts.read, counts.lost, counts.doubled, counts.out_of_order,
        counts.unknown, topics_.load() * partitions_per_topic, unread);
    std::fflush(stdout);
  }

 private:
  // An answer that got lost is asked for again. A topic is written to once its creation was acknowledged.
  void make_topics() {
    std::minstd_rand random{std::random_device{}()};
    for (int made = 0; made < topics_at_once && !stop_;) {
      try {
        const auto answer =
            compat::create_topic(*producer_, fmt::format("load-{}", topics_.load()), partitions_per_topic);
        if (answer.error != RdKafka::ERR_NO_ERROR && answer.error != RdKafka::ERR_TOPIC_ALREADY_EXISTS) {
          throw std::runtime_error(answer.message);
        }
        ++made;
        ++topics_;
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 300));
      } catch (const std::runtime_error&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
    }
  }

  // A few records at a time to one partition, mostly of the newest topics: often nothing else waits for its sync.
  void write() {
    while (!stop_) {
      const std::size_t topics = topics_;
      if (topics == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        continue;
      }
      const std::size_t back =
          std::min<std::size_t>(topics - 1, random_() % 3 == 0 ? random_() % topics : random_() % 2);
      const std::size_t topic = topics - 1 - back;
      const auto partition = static_cast<int>(random_() % partitions_per_topic);
      for (auto count = 1 + random_() % 4; count > 0; --count) {
        send(topic, partition);
      }
      producer_->poll(1);
      std::this_thread::sleep_for(std::chrono::milliseconds(random_() % 4));
    }
  }

  void send(std::size_t topic, int partition) {
    const std::string name = partition_name(topic, partition);
    const std::int64_t sequence = ledger_.sent(name, 0);
    std::string content = content_of(name, sequence);
    // NOLINTNEXTLINE(performance-no-int-to-ptr): librdkafka carries a number along as a pointer
    void* const opaque = reinterpret_cast<void*>(static_cast<std::intptr_t>(sequence));
    const auto error = producer_->produce(fmt::format("load-{}", topic), partition, RdKafka::Producer::RK_MSG_COPY,
                                          content.data(), content.size(), nullptr, 0, 0, opaque);
    if (error != RdKafka::ERR_NO_ERROR) {
      std::cerr << "not sent to " << name << ": " << RdKafka::err2str(error) << "\n";
      ledger_.delivered(name, sequence, false, 0);
    }
  }

  // Every partition from its beginning to its end; how many could not be read.
  std::size_t read_all() {
    const auto conf = settings_for(bootstrap_);
    set(*conf, "group.id", "load");  // librdkafka wants one; partitions are assigned by hand
    set(*conf, "enable.auto.commit", "false");
    set(*conf, "enable.partition.eof", "true");
    set(*conf, "check.crcs", "true");
    set(*conf, "fetch.wait.max.ms", "10");
    set(*conf, "fetch.error.backoff.ms", "10");
    std::string error;
    const std::unique_ptr<RdKafka::KafkaConsumer> consumer(RdKafka::KafkaConsumer::create(conf.get(), error));
    if (!consumer) {
      throw std::runtime_error(error);
    }
    RdKafka::Metadata* known = nullptr;  // all topics in one answer, not one by one
    (void)consumer->metadata(true, nullptr, &known, longest_wait_ms);
    delete known;
    std::vector<RdKafka::TopicPartition*> assigned;
    for (std::size_t topic = 0; topic < topics_; ++topic) {
      for (int partition = 0; partition < partitions_per_topic; ++partition) {
        assigned.push_back(RdKafka::TopicPartition::create(fmt::format("load-{}", topic), partition, 0));
      }
    }
    consumer->assign(assigned);
    std::set<std::string> left;
    for (const auto* one : assigned) {
      left.insert(fmt::format("{}/{}", one->topic(), one->partition()));
    }
    RdKafka::TopicPartition::destroy(assigned);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(longest_wait_ms);
    while (!left.empty() && std::chrono::steady_clock::now() < deadline) {
      const std::unique_ptr<RdKafka::Message> message(consumer->consume(100));
      const std::string name = fmt::format("{}/{}", message->topic_name(), message->partition());
      if (message->err() == RdKafka::ERR__PARTITION_EOF) {
        left.erase(name);
      } else if (message->err() == RdKafka::ERR_NO_ERROR) {
        read(name, *message);
      }
    }
    consumer->close();
    for (const std::string& name : left) {
      std::cerr << name << " cannot be read to its end\n";
    }
    return left.size();
  }

  void read(const std::string& name, const RdKafka::Message& message) {
    const std::string content(static_cast<const char*>(message.payload()), message.len());
    const std::int64_t sequence = std::strtoll(content.c_str(), nullptr, 10);
    ledger_.read(name, content == content_of(name, sequence) ? sequence : -1, message.partition(), 0);
  }

  const std::string bootstrap_;
  stocks::Ledger ledger_;
  Reports reports_;
  std::unique_ptr<RdKafka::Producer> producer_;
  std::atomic<std::size_t> topics_ = 0;  // made and acknowledged
  std::minstd_rand random_{std::random_device{}()};
  std::atomic<bool> stop_ = true;
  std::jthread maker_;
  std::jthread writer_;
};

}  // namespace

}  // namespace ottla::power_cut

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: power_cut_load BOOTSTRAP\n";
    return 2;
  }
  try {
    ottla::power_cut::Load load(arguments[1]);
    for (std::string line; std::getline(std::cin, line);) {
      line == "go" ? load.go() : load.check();
    }
  } catch (const std::exception& wrong) {
    std::cerr << "power_cut_load: " << wrong.what() << "\n";
    return 1;
  }
  std::_Exit(0);  // what librdkafka would still wait for does not matter any more
}
