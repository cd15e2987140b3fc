// The stocks job: real prices of five stocks, replayed at a steady rate by librdkafka with its default settings and
// acks=all; a reader follows live, and another one reads it all once more at the end: that one judges. Prints one JSON
// object.
//
// usage: stocks BOOTSTRAP PRICES_CSV SECONDS UPDATES_PER_SECOND [NAME=VALUE of the producer]...
#include <fmt/format.h>
#include <librdkafka/rdkafkacpp.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "compat-tests/stocks/ledger.h"

namespace ottla::stocks {

namespace {

constexpr const char* topic = "stocks";
constexpr int partition_count = 3;
constexpr int call_timeout_ms = 10'000;

struct Price {
  std::string symbol;
  std::string price;
};

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<Price> read_prices(const std::string& path) {
  std::ifstream file(path);
  std::vector<Price> prices;
  std::string line;
  std::getline(file, line);  // symbol,date,price
  while (std::getline(file, line)) {
    prices.push_back({line.substr(0, line.find(',')), line.substr(line.rfind(',') + 1)});
  }
  if (prices.empty()) {
    throw std::runtime_error("no prices in " + path);
  }
  return prices;
}

void set(RdKafka::Conf& settings, const std::string& name, const std::string& value) {
  std::string error;
  if (settings.set(name, value, error) != RdKafka::Conf::CONF_OK) {
    throw std::runtime_error(error);
  }
}

// Delivery reports find their update by the message's own key and header.
class Reports final : public RdKafka::DeliveryReportCb {
 public:
  explicit Reports(Ledger& ledger) : ledger_(ledger) {}
  void dr_cb(RdKafka::Message& message) override {
    const auto sequence = static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(message.msg_opaque()));
    ledger_.delivered(*message.key(), sequence, message.err() == RdKafka::ERR_NO_ERROR, now_ms());
  }

 private:
  Ledger& ledger_;
};

void send(RdKafka::Producer& producer, Ledger& ledger, const Price& price) {
  const std::int64_t sequence = ledger.sent(price.symbol, now_ms());
  const std::string text = std::to_string(sequence);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): librdkafka carries a number along as a pointer
  void* const opaque = reinterpret_cast<void*>(static_cast<std::intptr_t>(sequence));
  for (;;) {
    std::unique_ptr<RdKafka::Headers> headers(RdKafka::Headers::create());
    headers->add("sequence", text);
    const auto error = producer.produce(topic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
                                        const_cast<char*>(price.price.data()), price.price.size(), price.symbol.data(),
                                        price.symbol.size(), 0, headers.get(), opaque);
    if (error == RdKafka::ERR_NO_ERROR) {
      (void)headers.release();  // the message's now
      return;
    }
    if (error != RdKafka::ERR__QUEUE_FULL) {
      throw std::runtime_error(RdKafka::err2str(error));
    }
    producer.poll(10);
  }
}

// The topic is made by asking for it; a reader that came first would look for it again only after a while.
void make_topic(RdKafka::Producer& producer) {
  std::string error;
  const std::unique_ptr<RdKafka::Topic> handle(RdKafka::Topic::create(&producer, topic, nullptr, error));
  for (;;) {
    RdKafka::Metadata* found = nullptr;
    const auto asked = producer.metadata(false, handle.get(), &found, call_timeout_ms);
    const std::unique_ptr<RdKafka::Metadata> metadata(found);
    if (asked != RdKafka::ERR_NO_ERROR) {
      throw std::runtime_error(RdKafka::err2str(asked));
    }
    if (!metadata->topics()->front()->partitions()->empty()) {
      return;
    }
  }
}

// Replays the prices over and over, as many a millisecond as the rate asks for.
void replay(RdKafka::Producer& producer, Ledger& ledger, const std::vector<Price>& prices, double seconds,
            double per_second) {
  const double began = now_ms();
  const auto total = static_cast<std::int64_t>(seconds * per_second);
  for (std::int64_t i = 0; i < total;) {
    const auto due = std::min(total, static_cast<std::int64_t>((now_ms() - began) * per_second / 1000));
    for (; i < due; ++i) {
      send(producer, ledger, prices[static_cast<std::size_t>(i) % prices.size()]);
    }
    producer.poll(1);
  }
}

// Asks for the ends once each; `ends` keeps them (-1: not known yet).
bool is_at_end(RdKafka::KafkaConsumer& consumer, const std::vector<std::int64_t>& next,
               std::vector<std::int64_t>& ends) {
  for (std::size_t i = 0; i < ends.size(); ++i) {
    std::int64_t low = 0;
    if (ends[i] < 0 && consumer.query_watermark_offsets(topic, static_cast<std::int32_t>(i), &low, &ends[i],
                                                        call_timeout_ms) != RdKafka::ERR_NO_ERROR) {
      ends[i] = -1;
      return false;
    }
    if (next[i] < ends[i]) {
      return false;
    }
  }
  return true;
}

// Reads along until `stop` is set, and then up to the end of every partition.
void follow(const std::string& bootstrap, Ledger& ledger, const std::atomic<bool>& stop) {
  const std::unique_ptr<RdKafka::Conf> settings(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  set(*settings, "bootstrap.servers", bootstrap);
  set(*settings, "group.id", "stocks");  // librdkafka wants one; partitions are assigned by hand
  set(*settings, "enable.auto.commit", "false");
  std::string error;
  const std::unique_ptr<RdKafka::KafkaConsumer> consumer(RdKafka::KafkaConsumer::create(settings.get(), error));
  if (!consumer) {
    throw std::runtime_error(error);
  }
  std::vector<RdKafka::TopicPartition*> assigned;
  assigned.reserve(partition_count);
  for (int partition = 0; partition < partition_count; ++partition) {
    assigned.push_back(RdKafka::TopicPartition::create(topic, partition, RdKafka::Topic::OFFSET_BEGINNING));
  }
  consumer->assign(assigned);
  std::vector<std::int64_t> next(partition_count, 0);
  std::vector<std::int64_t> ends(partition_count, -1);
  while (!stop || !is_at_end(*consumer, next, ends)) {
    const std::unique_ptr<RdKafka::Message> message(consumer->consume(100));
    if (message->err() != RdKafka::ERR_NO_ERROR) {
      continue;  // nothing for a while, or the broker is away
    }
    next[static_cast<std::size_t>(message->partition())] = message->offset() + 1;
    RdKafka::Headers* const headers = message->headers();  // the message's
    const auto sequences = headers != nullptr ? headers->get("sequence") : std::vector<RdKafka::Headers::Header>{};
    const std::string text =
        sequences.size() == 1 ? std::string(static_cast<const char*>(sequences[0].value()), sequences[0].value_size())
                              : "-1";
    ledger.read(*message->key(), std::strtoll(text.c_str(), nullptr, 10), message->partition(), now_ms());
  }
  consumer->close();
  RdKafka::TopicPartition::destroy(assigned);
}

void print(const Verdict& verdict) {
  const Counts& counts = verdict.counts;
  fmt::print(
      "{{\"sent\": {}, \"acknowledged\": {}, \"failed\": {}, \"read\": {}, \"lost\": {}, \"doubled\": {}, "
      "\"out_of_order\": {}, \"unknown\": {}, \"partitions\": {}, \"split_symbols\": {}, \"p50_ms\": {:.2f}, "
      "\"p99_ms\": {:.2f}, \"p99.9_ms\": {:.2f}, \"longest_pause_ms\": {:.0f}}}\n",
      counts.sent, counts.acknowledged, counts.failed, counts.read, counts.lost, counts.doubled, counts.out_of_order,
      counts.unknown, verdict.partitions.size(), verdict.split_symbols, verdict.latency_ms(0.5),
      verdict.latency_ms(0.99), verdict.latency_ms(0.999), verdict.longest_pause_ms);
}

int run(const std::vector<std::string>& arguments) {
  const std::string& bootstrap = arguments.at(0);
  const auto prices = read_prices(arguments.at(1));
  Ledger ledger;
  Reports reports(ledger);
  const std::unique_ptr<RdKafka::Conf> settings(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  set(*settings, "bootstrap.servers", bootstrap);
  set(*settings, "acks", "all");
  for (std::size_t i = 4; i < arguments.size(); ++i) {
    const auto equals = arguments[i].find('=');
    set(*settings, arguments[i].substr(0, equals), arguments[i].substr(equals + 1));
  }
  std::string error;
  settings->set("dr_cb", &reports, error);
  const std::unique_ptr<RdKafka::Producer> producer(RdKafka::Producer::create(settings.get(), error));
  if (!producer) {
    throw std::runtime_error(error);
  }
  make_topic(*producer);
  std::atomic<bool> stop = false;
  std::jthread reader([&] { follow(bootstrap, ledger, stop); });
  std::this_thread::sleep_for(std::chrono::seconds(1));  // until it has found its partitions
  replay(*producer, ledger, prices, std::stod(arguments.at(2)), std::stod(arguments.at(3)));
  producer->flush(60'000);
  stop = true;
  reader.join();
  ledger.read_again();
  follow(bootstrap, ledger, stop);
  print(ledger.verdict());
  return 0;
}

}  // namespace

}  // namespace ottla::stocks

int main(int count, char** arguments) {
  if (count < 5) {
    fmt::print(stderr, "usage: stocks BOOTSTRAP PRICES_CSV SECONDS UPDATES_PER_SECOND [NAME=VALUE]...\n");
    return 2;
  }
  try {
    return ottla::stocks::run({arguments + 1, arguments + count});
  } catch (const std::exception& wrong) {
    fmt::print(stderr, "stocks: {}\n", wrong.what());
    return 1;
  }
}
