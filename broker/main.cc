// ottla: options, wiring, run. Readable from top to bottom.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <future>
#include <thread>

#include "broker/broker.h"
#include "broker/cluster/cluster.h"
#include "broker/groups/group_coordinator.h"
#include "broker/http/http_server.h"
#include "broker/log.h"
#include "broker/options.h"
#include "broker/server.h"

namespace ottla {

namespace {

constexpr auto longest_farewell = std::chrono::seconds(5);
constexpr auto longest_leave = std::chrono::seconds(10);

int refuse_to_start(const std::string& why) {
  fmt::print(stderr, "ottla: {}\n", why);
  return 1;
}

// Runs `action` on the core's thread and waits until it is done.
void run_on(Core& core, const std::function<void()>& action) {
  std::promise<void> done;
  asio::post(core.io, [&] {
    action();
    done.set_value();
  });
  done.get_future().wait();
}

// Nobody comes in any more, everybody is sent away, and their requests end before the cores do.
void stop(Broker& broker, Server& server, HttpServer& http) {
  run_on(*broker.cores.front(), [&] {
    server.stop();
    http.stop();
  });
  for (auto& core : broker.cores) {
    run_on(*core, [&core] { core->close_connections(); });
  }
  if (broker.membership) {
    run_on(*broker.cores.front(), [&broker] { broker.membership->stop(); });
  }
  broker.groups->close();
  broker.partitions.for_each([](Partition& partition) { partition.end_waits(); });
  const auto deadline = Clock::now() + longest_farewell;
  const auto is_busy = [](const std::unique_ptr<Core>& core) {
    bool busy = false;
    run_on(*core, [&] { busy = core->has_connections(); });
    return busy;
  };
  while (std::ranges::any_of(broker.cores, is_busy) && Clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (auto& core : broker.cores) {
    core->stop_and_join();
  }
}

// Until this broker is a member of its cluster. False: a signal came first.
bool join_cluster(Broker& broker, const Server& server, const sigset_t& signals) {
  std::promise<void> joined;
  Core& core = *broker.cores.front();
  asio::co_spawn(core.io, broker.membership->join(server.endpoints()), [&joined](const std::exception_ptr& problem) {
    problem ? joined.set_exception(problem) : joined.set_value();
  });
  auto done = joined.get_future();
  constexpr timespec at_once{};
  while (done.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) {
    if (sigtimedwait(&signals, nullptr, &at_once) > 0) {
      run_on(core, [&broker] { broker.membership->stop(); });
      done.wait();
      return false;
    }
  }
  done.get();  // what was thrown ends the process: it is no member
  return true;
}

// Its partitions are led by others before it goes, if there is a controller that sees to it.
void leave_cluster(Broker& broker) {
  const auto left = std::make_shared<std::promise<void>>();
  auto done = left->get_future();
  asio::co_spawn(broker.cores.front()->io, broker.membership->leave(),
                 [left](const std::exception_ptr&) { left->set_value(); });
  done.wait_for(longest_leave);
}

// As many descriptors as we are allowed: segments and connections share them.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

// Left alone, glibc keeps up to 64 MiB for each thread once large blocks have been freed, and malloc_trim does not
// reach it. So large ones come from the kernel and go back at once, and little more than what is used is kept of the
// others.
void keep_little_free_memory() {
  constexpr int large_block_bytes = 4 * 1024 * 1024;
  constexpr int kept_bytes = 16 * 1024 * 1024;
  mallopt(M_MMAP_THRESHOLD, large_block_bytes);
  mallopt(M_TRIM_THRESHOLD, kept_bytes);
}

int serve(const Config& config) {
  raise_descriptor_limit();
  keep_little_free_memory();
  // Threads started below inherit the mask: signals arrive at sigwait alone.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  const auto disk = make_posix_disk();
  auto broker = Broker::open(config, *disk);
  if (!broker) {
    return refuse_to_start(broker.error().message);
  }
  Server server(**broker);
  if (const auto listening = server.listen(); !listening) {
    return refuse_to_start(listening.error().message);
  }
  HttpServer http(**broker);
  if (const auto listening = http.listen(); !listening) {
    return refuse_to_start(listening.error().message);
  }
  for (auto& core : (*broker)->cores) {
    core->start();
  }
  Core& first_core = *(*broker)->cores.front();
  run_on(first_core, [&] {
    server.start_for_brokers();
    http.start();  // why it is not ready yet can be asked
  });
  if ((*broker)->membership && !join_cluster(**broker, server, signals)) {
    stop(**broker, server, http);
    return 0;
  }
  run_on(first_core, [&] { server.start(); });
  (*broker)->ready = true;
  auto addresses = server.addresses();
  if (!http.address().empty()) {
    addresses.push_back("http://" + http.address());
  }
  fmt::print("ottla ready: {}\n", fmt::join(addresses, " "));
  std::fflush(stdout);

  int signal_number = 0;
  sigwait(&signals, &signal_number);
  logger().info("stopping on signal {}", signal_number);
  (*broker)->ready = false;
  if ((*broker)->membership) {
    leave_cluster(**broker);
  }
  stop(**broker, server, http);
  if (const auto closed = (*broker)->close(); !closed) {
    return refuse_to_start("not stopped cleanly: " + closed.error().message);
  }
  return 0;
}

}  // namespace

}  // namespace ottla

int main(int argc, char** argv) {
  const ottla::Options options = ottla::parse_options(argc, argv);
  if (options.log) {
    return ottla::run_log_command(*options.log);
  }
  if (options.group) {
    return ottla::run_group_command(*options.group);
  }
  if (options.cluster) {
    return ottla::run_cluster_command(*options.cluster);
  }
  if (!options.config) {
    fmt::print(options.exit_code == 0 ? stdout : stderr, "{}", options.text);
    return options.exit_code;
  }
  for (const std::string& warning : options.warnings) {
    fmt::print(stderr, "{}\n", warning);
  }
  return ottla::serve(*options.config);
}
