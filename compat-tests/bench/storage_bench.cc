// What the log costs beside the bare disk. Prints one line of JSON.
//   storage_bench append DIR BATCH_BYTES SECONDS sync|cache
//       one partition, one batch after the other; sync: each is durable before the next one
//   storage_bench commit DIR PARTITIONS SECONDS group|files|threads
//       each partition gets a batch of 1 KiB, then all are made durable, again and again; group: as the broker does it,
//       files: one fdatasync after the other, threads: eight of them at a time
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "storage/log.h"
#include "storage/test_batches.h"

namespace {

using namespace ottla;

constexpr std::size_t open_files_max = 4096;
constexpr std::int64_t batch_overhead_bytes = 80;  // the batch's header and the one record's

template <typename T>
T need(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}\n", result.error().message);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) {
    return std::move(*result);
  }
}

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

struct Bench {
  Bench(std::string where, std::size_t partitions) : root(std::move(where)) {
    need(disk->make_directories(root));
    marks = need(DurableMarks::open(*disk, root));
    for (std::size_t i = 0; i < partitions; ++i) {
      const PartitionKey key{topic, static_cast<std::int32_t>(i)};
      logs.push_back(need(Log::open(environment(), fmt::format("{}/bench-{}", root, i), key, {}, {}, 0)));
    }
  }
  LogEnvironment environment() { return {*disk, files, *marks}; }

  void append(Log& log, Bytes& bytes) {
    AppendBatch batch = as_append(bytes);
    need(std::move(log.append({&batch, 1}, {}, 0).front()));
  }
  void commit(std::string_view how) {
    std::vector<SyncJob> jobs;
    jobs.reserve(logs.size());
    for (const auto& log : logs) {
      jobs.push_back(log->begin_sync().value());
    }
    if (how == "group") {
      need(sync_group(environment(), root, jobs));
    } else {
      sync_files(jobs, how == "threads" ? 8 : 1);
    }
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      logs[i]->finish_sync(jobs[i]);
    }
    need(marks->write());
  }
  static void sync_files(const std::vector<SyncJob>& jobs, std::size_t threads_count) {
    std::vector<std::jthread> threads;
    for (std::size_t first = 0; first < std::min(threads_count, jobs.size()); ++first) {
      threads.emplace_back([&jobs, first, threads_count] {
        for (std::size_t i = first; i < jobs.size(); i += threads_count) {
          for (const auto& file : jobs[i].files) {
            need(file->sync_data());
          }
        }
      });
    }
  }

  const std::string root;
  const Uuid topic = Uuid::random();
  std::unique_ptr<Disk> disk = make_posix_disk();
  OpenFiles files{*disk, open_files_max};
  std::unique_ptr<DurableMarks> marks;
  std::vector<std::unique_ptr<Log>> logs;
};

void run_append(Bench& bench, std::int64_t batch_bytes, double seconds, std::string_view how) {
  Bytes bytes = make_batch(
      {{.key = "k", .value = std::string(static_cast<std::size_t>(batch_bytes - batch_overhead_bytes), 'v')}});
  std::int64_t batches = 0;
  const auto began = std::chrono::steady_clock::now();
  while (seconds_since(began) < seconds) {
    bench.append(*bench.logs.front(), bytes);
    if (how == "sync") {
      bench.commit("group");
    }
    ++batches;
  }
  const double took = seconds_since(began);
  fmt::print(R"({{"batches_per_second": {:.1f}, "mb_per_second": {:.1f}}})"
             "\n",
             static_cast<double>(batches) / took,
             static_cast<double>(batches) * static_cast<double>(bytes.size()) / took / 1e6);
}

void run_commit(Bench& bench, double seconds, std::string_view how) {
  Bytes bytes = make_batch({{.key = "k", .value = std::string(1024 - batch_overhead_bytes, 'v')}});
  const auto append_all = [&] {
    for (const auto& log : bench.logs) {
      bench.append(*log, bytes);
    }
  };
  append_all();
  bench.commit("group");  // the new files and their directories
  double spent = 0;
  std::int64_t commits = 0;
  const auto started = std::chrono::steady_clock::now();
  while (seconds_since(started) < seconds) {
    append_all();
    const auto began = std::chrono::steady_clock::now();
    bench.commit(how);
    spent += seconds_since(began);
    ++commits;
  }
  fmt::print(R"({{"commits": {}, "ms_per_commit": {:.3f}}})"
             "\n",
             commits, spent * 1000 / static_cast<double>(commits));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (words.size() != 6 || (words[1] != "append" && words[1] != "commit")) {
    fmt::print(stderr, "usage: see the head of the source\n");
    return 2;
  }
  const double seconds = std::stod(words[4]);
  if (words[1] == "append") {
    Bench bench(words[2], 1);
    run_append(bench, std::stoll(words[3]), seconds, words[5]);
  } else {
    Bench bench(words[2], std::stoull(words[3]));
    run_commit(bench, seconds, words[5]);
  }
  return 0;
}
