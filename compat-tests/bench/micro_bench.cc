// The parts of the data path, each alone, with its allocations: nanoseconds and `allocs` for one operation.
//   micro_bench [--benchmark_filter=...] [other options of Google Benchmark]
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <filesystem>

#include "counting_new.h"
#include "frames.h"
#include "protocol/api/00_produce.h"
#include "protocol/api/01_fetch.h"
#include "protocol/api/03_metadata.h"
#include "protocol/codec.h"
#include "protocol/frame.h"
#include "storage/log.h"
#include "storage/test_batches.h"

namespace {

using namespace ottla;
using benchmark::State;

void run(State& state, auto operation) {
  operation();  // what is allocated once and for all
  const std::size_t before = allocations_so_far();
  for (auto _ : state) {
    operation();
  }
  state.counters["allocs"] =
      benchmark::Counter(static_cast<double>(allocations_so_far() - before), benchmark::Counter::kAvgIterations);
}

Bytes batch_of(const State& state) {
  return make_batch({.record_bytes = static_cast<std::int32_t>(state.range(0)),
                     .batch_bytes = static_cast<std::int32_t>(state.range(1))});
}

template <class Message>
void decode(State& state, const Bytes& encoded, std::int16_t version) {
  Bytes bytes = encoded;
  run(state, [&] {
    DecodeBudget budget{std::size_t{1} << 30U};
    auto message = decode_message<Message>(bytes, version, Message::api.flexible, budget);
    benchmark::DoNotOptimize(message);
  });
}

template <class Message>
void encode(State& state, const Message& message, std::int16_t version, std::int16_t flexible) {
  run(state, [&] {
    Writer writer;
    begin_response(writer, 1, version >= flexible);
    encode_message(writer, message, version, flexible);
    finish_response(writer);
    benchmark::DoNotOptimize(writer);
  });
}

// Behind the header of a frame: length, key, version, correlation id, client id.
Bytes body_of(const Bytes& frame) { return {frame.begin() + 4 + 8 + 2 + 5, frame.end()}; }

void produce_decode(State& state) {
  const Bytes batch = make_batch({.record_bytes = 100, .batch_bytes = 200});
  decode<ProduceRequest>(state,
                         body_of(produce_frame("bench", 0, static_cast<std::int32_t>(state.range(0)), batch, -1)), 7);
}
void produce_encode(State& state) {
  ProduceResponse response;
  auto& topic = response.responses.emplace_back();
  topic.name = "bench";
  topic.partition_responses.resize(static_cast<std::size_t>(state.range(0)));
  encode(state, response, 7, ProduceRequest::api.flexible);
}
void fetch_decode(State& state) { decode<FetchRequest>(state, body_of(fetch_frame("bench", 0, 0, {})), 11); }
void fetch_encode(State& state) {
  FetchResponse response;
  auto& topic = response.responses.emplace_back();
  topic.topic = "bench";
  topic.partitions.resize(static_cast<std::size_t>(state.range(0)));
  encode(state, response, 11, FetchRequest::api.flexible);
}
void metadata_encode(State& state) {
  MetadataResponse response;
  auto& topic = response.topics.emplace_back();
  topic.name = "bench";
  topic.partitions.resize(static_cast<std::size_t>(state.range(0)));
  encode(state, response, 12, MetadataRequest::api.flexible);
}
void metadata_decode(State& state) {
  Writer writer;
  MetadataRequest request;
  request.topics.emplace().emplace_back().name = "bench";
  encode_message(writer, request, 12, MetadataRequest::api.flexible);
  decode<MetadataRequest>(state, writer.flatten(), 12);
}

void crc(State& state) {
  const Bytes bytes(static_cast<std::size_t>(state.range(0)));
  run(state, [&] { benchmark::DoNotOptimize(crc32c(bytes)); });
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
void batch_check(State& state) {
  const Bytes batch = batch_of(state);
  run(state, [&] { benchmark::DoNotOptimize(check_produced_batch(batch, {})); });
  state.SetBytesProcessed(state.iterations() * std::ssize(batch));
}

// A log in a directory of its own beside the program.
struct OneLog {
  OneLog() {
    std::filesystem::remove_all(root);
    (void)disk->make_directories(root);
    marks = std::move(*DurableMarks::open(*disk, root));
    log = std::move(*Log::open({*disk, files, *marks}, root + "/bench-0", {Uuid::random(), 0}, {}, {}, 0));
  }
  OneLog(const OneLog&) = delete;
  OneLog& operator=(const OneLog&) = delete;
  ~OneLog() {
    log.reset();
    std::filesystem::remove_all(root);
  }
  void append(Bytes& batch) {
    AppendBatch one = as_append(batch);
    benchmark::DoNotOptimize(log->append({&one, 1}, LeaderEpoch{0}, 0));
  }
  const std::string root = std::filesystem::current_path().string() + "/micro_bench.data";
  std::unique_ptr<Disk> disk = make_posix_disk();
  OpenFiles files{*disk, 16};
  std::unique_ptr<DurableMarks> marks;
  std::unique_ptr<Log> log;
};

void log_append(State& state) {
  OneLog one;
  Bytes batch = batch_of(state);
  AppendBatch checked = as_append(batch);
  run(state, [&] { benchmark::DoNotOptimize(one.log->append({&checked, 1}, LeaderEpoch{0}, 0)); });
  state.SetBytesProcessed(state.iterations() * std::ssize(batch));
}
// Finding where a Fetch begins: index, and the batches behind the entry.
void log_slice(State& state) {
  OneLog one;
  Bytes batch = batch_of(state);
  constexpr std::int64_t log_bytes = std::int64_t{64} * 1024 * 1024;
  while (one.log->size_bytes() < log_bytes) {
    one.append(batch);
  }
  const auto end = one.log->log_end_offset();
  std::int64_t at = 0;
  run(state, [&] {
    at = (at + 7919) % end.value;
    benchmark::DoNotOptimize(one.log->slice(Offset{at}, end, 1 << 20, true));
  });
}

BENCHMARK(produce_decode)->Arg(1)->Arg(16);
BENCHMARK(produce_encode)->Arg(1)->Arg(16);
BENCHMARK(fetch_decode);
BENCHMARK(fetch_encode)->Arg(1)->Arg(16);
BENCHMARK(metadata_decode);
BENCHMARK(metadata_encode)->Arg(1)->Arg(100);
BENCHMARK(crc)->Arg(100)->Arg(1024)->Arg(16384)->Arg(1048576);
BENCHMARK(batch_check)->ArgNames({"record", "batch"})->Args({100, 200})->Args({100, 65536})->Args({1024, 65536});
BENCHMARK(log_append)
    ->ArgNames({"record", "batch"})
    ->Args({100, 200})
    ->Args({1024, 16384})
    ->Args({1024, 65536})
    ->Iterations(10'000);
BENCHMARK(log_slice)->ArgNames({"record", "batch"})->Args({100, 200})->Args({1024, 65536});

}  // namespace

BENCHMARK_MAIN();
