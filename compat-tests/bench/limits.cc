// What this machine can do at all, from the same build as the broker and in the same go.
//   limits serve --work echo|crc|write --file FILE     a server for raw_load that does no more than that
//   limits sync  --file FILE --bytes N --seconds S     appends N bytes and waits until they are durable, again and
//   again limits walk  --record-bytes N --batch-bytes N      the broker's check of a batch, and the CRC's part of it
// The last two print one line of JSON.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <ctime>

#include "floor_server.h"
#include "frames.h"
#include "histogram.h"
#include "protocol/record_batch.h"

namespace {

using namespace ottla;
using SteadyClock = std::chrono::steady_clock;

struct Options {
  std::string work = "write", file;
  std::size_t bytes = 4096;
  double seconds = 2;
  Geometry geometry;
};

double seconds_since(SteadyClock::time_point began) {
  return std::chrono::duration<double>(SteadyClock::now() - began).count();
}

void run_sync(const Options& options) {
  const int descriptor = ::open(options.file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const Bytes bytes(options.bytes);
  Histogram latency;
  const auto began = SteadyClock::now();
  for (std::int64_t at = 0; seconds_since(began) < options.seconds; at += static_cast<std::int64_t>(bytes.size())) {
    const auto since = SteadyClock::now();
    if (::pwrite(descriptor, bytes.data(), bytes.size(), at) < 0 || ::fdatasync(descriptor) != 0) {
      throw std::runtime_error("the disk fails");
    }
    latency.record((SteadyClock::now() - since).count());
  }
  ::close(descriptor);
  fmt::print("{{\"bytes\": {}, \"syncs\": {}, \"p50_us\": {:.1f}, \"p99_us\": {:.1f}, \"max_us\": {:.1f}}}\n",
             options.bytes, latency.count(), latency.percentile_us(0.5), latency.percentile_us(0.99), latency.max_us());
}

double own_cpu_seconds() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

// CPU seconds for each GB; the quickest of some rounds, since noise only ever adds.
double per_gb(std::size_t bytes, auto action) {
  constexpr std::size_t round_bytes = 64UL * 1024 * 1024;
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    const double began = own_cpu_seconds();
    std::size_t done = 0;
    for (; done < round_bytes; done += bytes) {
      action();
    }
    best = std::min(best, (own_cpu_seconds() - began) / static_cast<double>(done) * 1e9);
  }
  return best;
}

void run_walk(const Options& options) {
  const Bytes batch = make_batch(options.geometry);
  bool sound = true;
  const double crc = per_gb(batch.size(), [&] { sound = crc_is_right(batch) && sound; });
  const double whole = per_gb(batch.size(), [&] { sound = check_produced_batch(batch, {}).has_value() && sound; });
  if (!sound) {
    throw std::runtime_error("a batch that does not pass");
  }
  fmt::print("{{\"record_bytes\": {}, \"batch_bytes\": {}, \"crc_s_per_gb\": {:.4f}, \"check_s_per_gb\": {:.4f}}}\n",
             options.geometry.record_bytes, batch.size(), crc, whole);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("The limits of this machine");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--work", options.work)->check(CLI::IsMember({"echo", "crc", "write"}));
  app.add_option("--file", options.file);
  app.add_option("--bytes", options.bytes);
  app.add_option("--seconds", options.seconds);
  app.add_option("--record-bytes", options.geometry.record_bytes);
  app.add_option("--batch-bytes", options.geometry.batch_bytes);
  auto* const serve = app.add_subcommand("serve");
  auto* const sync = app.add_subcommand("sync");
  auto* const walk = app.add_subcommand("walk");
  CLI11_PARSE(app, argc, argv);
  try {
    const auto work = options.work == "echo"  ? FloorWork::echo
                      : options.work == "crc" ? FloorWork::crc
                                              : FloorWork::write;
    *serve ? serve_floor(work, options.file) : *sync ? run_sync(options) : *walk ? run_walk(options) : void();
  } catch (const std::exception& problem) {
    fmt::print(stderr, "{}\n", problem.what());
    return 1;
  }
  return 0;
}
