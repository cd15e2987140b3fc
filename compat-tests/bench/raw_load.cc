// A load that costs its own side little: prebuilt Produce frames, and Fetch replies whose bytes are thrown away. Prints
// one line of JSON: what went through, its latencies, and what that cost the broker (--pid).
//   raw_load produce   closed loop (--depth requests under way on each of --connections), or --rate requests a second,
//                      each due at its moment whether or not the ones before have been answered (latencies count from
//                      there: no coordinated omission); ends after --seconds, or with --total-bytes after so many
//   raw_load fetch     reads the partitions over and over, one request under way on each connection
//   raw_load latency   --rate records a second, one to a request, and a consumer that waits for them: from the moment
//                      each was due until the consumer had it
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "event_loop.h"
#include "frames.h"
#include "window.h"

namespace {

using namespace ottla;
using SteadyClock = std::chrono::steady_clock;

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string topic = "bench";
  std::int32_t partitions = 1;
  std::int32_t partitions_per_request = 1;
  Geometry geometry;
  int connections = 1;
  int depth = 5;
  double seconds = 3;
  double warm_up_seconds = 0.5;
  std::int64_t total_bytes = 0;
  double rate = 0;
  std::int16_t acks = -1;
  std::int32_t fetch_bytes = 1024 * 1024;
  pid_t pid = 0;
};

void refuse_error(const char* what, std::int16_t error) {
  if (error != 0) {
    throw std::runtime_error(fmt::format("{} was answered with error {}", what, error));
  }
}

class Producer {
 public:
  explicit Producer(const Options& options) : options_(options), batch_(make_batch(options.geometry)) {
    for (int i = 0; i < options.connections; ++i) {
      const std::int32_t first = i * options.partitions_per_request % options.partitions;
      frames_.push_back(produce_frame(options.topic, first, options.partitions_per_request, batch_, options.acks));
      connections_.push_back(std::make_unique<ClientConnection>(options.host, options.port));
    }
  }
  void join(EventLoop& loop, const std::function<void(std::size_t bytes, Moment intended)>& done) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      loop.add(*connections_[i], [this, i, done] {
        connections_[i]->receive([&](std::span<const std::byte> reply, std::size_t, Moment intended) {
          refuse_error("Produce", produce_error(reply, options_.topic, options_.partitions_per_request));
          done(frames_[i].size(), intended);
          if (options_.rate == 0 && !is_over_) {
            send(i, SteadyClock::now());
          }
        });
      });
    }
  }
  void send(std::size_t connection, Moment intended) {
    connections_[connection]->enqueue(frames_[connection], intended);
    sent_bytes_ += static_cast<std::int64_t>(frames_[connection].size());
    is_over_ = is_over_ || (options_.total_bytes > 0 && sent_bytes_ >= options_.total_bytes);
  }
  void begin() {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      for (int depth = 0; depth < options_.depth && !is_over_; ++depth) {
        send(i, SteadyClock::now());
      }
    }
  }
  [[nodiscard]] bool has_all_replies() const {
    return is_over_ && std::ranges::all_of(connections_, [](const auto& one) { return one->outstanding() == 0; });
  }
  [[nodiscard]] std::size_t batch_bytes() const { return batch_.size(); }

 private:
  const Options& options_;
  Bytes batch_;
  std::vector<Bytes> frames_;
  std::vector<std::unique_ptr<ClientConnection>> connections_;
  std::int64_t sent_bytes_ = 0;
  bool is_over_ = false;
};

void run_produce(const Options& options) {
  Producer producer(options);
  EventLoop loop;
  Window window(options.pid, options.warm_up_seconds, options.seconds);
  producer.join(loop, [&](std::size_t bytes, Moment intended) { window.done(bytes, intended); });
  if (options.rate == 0) {
    producer.begin();
  }
  Schedule schedule(options.rate > 0 ? options.rate : 1);
  for (std::size_t turn = 0; window.goes_on();) {
    while (options.rate > 0 && schedule.next() <= SteadyClock::now()) {
      producer.send(turn++ % static_cast<std::size_t>(options.connections), schedule.take());
    }
    loop.turn(options.rate > 0 ? std::min(schedule.next(), window.next()) : window.next());
    if (producer.has_all_replies()) {
      window.end_early();
    }
  }
  window.print(fmt::format(R"("load": "produce", "request_bytes": {}, "connections": {}, "depth": {}, "rate": {})",
                           producer.batch_bytes() * static_cast<std::size_t>(options.partitions_per_request),
                           options.connections, options.depth, options.rate));
}

// One partition read by one connection, again from its beginning when its end is reached.
class PartitionReader {
 public:
  PartitionReader(const Options& options, std::int32_t partition)
      : options_(options), partition_(partition), connection_(options.host, options.port) {}
  void ask() {
    frame_ = fetch_frame(options_.topic, partition_, offset_, {.max_bytes = options_.fetch_bytes});
    connection_.enqueue(frame_, SteadyClock::now());
  }
  void join(EventLoop& loop, Window& window, std::size_t batch_bytes, std::int64_t records) {
    loop.add(connection_, [this, &window, batch_bytes, records] {
      connection_.receive([&](std::span<const std::byte> reply, std::size_t size, Moment intended) {
        const Fetched got = fetched(reply, options_.topic);
        refuse_error("Fetch", got.error);
        window.done(size, intended);
        offset_ += got.records_bytes / static_cast<std::int64_t>(batch_bytes) * records;
        offset_ = offset_ >= got.high_watermark ? 0 : offset_;
        ask();
      });
    });
  }

 private:
  const Options& options_;
  std::int32_t partition_;
  std::int64_t offset_ = 0;
  ClientConnection connection_;
  Bytes frame_;
};

void run_fetch(const Options& options) {
  const std::size_t batch_bytes = make_batch(options.geometry).size();
  EventLoop loop;
  Window window(options.pid, options.warm_up_seconds, options.seconds);
  std::vector<std::unique_ptr<PartitionReader>> readers;
  for (int i = 0; i < options.connections; ++i) {
    readers.push_back(std::make_unique<PartitionReader>(options, i % options.partitions));
    readers.back()->join(loop, window, batch_bytes, records_in_batch(options.geometry));
    readers.back()->ask();
  }
  while (window.goes_on()) {
    loop.turn(window.next());
    if (options.total_bytes > 0 && window.bytes() >= options.total_bytes) {
      window.end_early();
    }
  }
  window.print(fmt::format(R"("load": "fetch", "request_bytes": {}, "connections": {})", options.fetch_bytes,
                           options.connections));
}

void run_latency(Options options) {
  options.connections = 1;
  Producer producer(options);
  ClientConnection consumer(options.host, options.port);
  EventLoop loop;
  Window window(options.pid, options.warm_up_seconds, options.seconds);
  std::deque<Moment> under_way;
  std::int64_t offset = 0;
  Bytes ask;
  const auto fetch = [&] {
    ask = fetch_frame(options.topic, 0, offset, {.max_bytes = options.fetch_bytes});
    consumer.enqueue(ask, SteadyClock::now());
  };
  producer.join(loop, [](std::size_t, Moment) {});
  loop.add(consumer, [&] {
    consumer.receive([&](std::span<const std::byte> reply, std::size_t, Moment) {
      const Fetched got = fetched(reply, options.topic);
      refuse_error("Fetch", got.error);
      for (std::int64_t i = got.records_bytes / static_cast<std::int64_t>(producer.batch_bytes()); i > 0; --i) {
        if (under_way.empty()) {
          throw std::runtime_error("the topic has records that this load did not send");
        }
        window.done(producer.batch_bytes(), under_way.front());
        under_way.pop_front();
        ++offset;
      }
      fetch();
    });
  });
  fetch();
  Schedule schedule(options.rate);
  while (window.goes_on()) {
    while (schedule.next() <= SteadyClock::now()) {
      under_way.push_back(schedule.take());
      producer.send(0, under_way.back());
    }
    loop.turn(std::min(schedule.next(), window.next()));
  }
  window.print(
      fmt::format(R"("load": "latency", "request_bytes": {}, "rate": {})", producer.batch_bytes(), options.rate));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("A raw load for a Kafka broker");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--host", options.host, "an IPv4 address");
  app.add_option("--port", options.port)->required();
  app.add_option("--topic", options.topic);
  app.add_option("--partitions", options.partitions, "the topic's");
  app.add_option("--partitions-per-request", options.partitions_per_request, "one batch to each");
  app.add_option("--record-bytes", options.geometry.record_bytes);
  app.add_option("--batch-bytes", options.geometry.batch_bytes);
  app.add_option("--connections", options.connections);
  app.add_option("--depth", options.depth);
  app.add_option("--seconds", options.seconds);
  app.add_option("--warm-up-seconds", options.warm_up_seconds);
  app.add_option("--total-bytes", options.total_bytes);
  app.add_option("--rate", options.rate, "requests a second; 0: as fast as they are answered");
  app.add_option("--acks", options.acks);
  app.add_option("--fetch-bytes", options.fetch_bytes);
  app.add_option("--pid", options.pid, "the broker's process");
  auto* const produce = app.add_subcommand("produce");
  auto* const fetch = app.add_subcommand("fetch");
  auto* const latency = app.add_subcommand("latency");
  CLI11_PARSE(app, argc, argv);
  try {
    *produce ? run_produce(options) : *fetch ? run_fetch(options) : *latency ? run_latency(options) : void();
  } catch (const std::exception& problem) {
    fmt::print(stderr, "{}\n", problem.what());
    return 1;
  }
  return 0;
}
