#include "broker/cluster_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "broker/http/http_get.h"

namespace ottla {

namespace {

constexpr int something_is_missing = 1;
constexpr int not_asked = 2;
constexpr int not_started = 1;
constexpr unsigned ok = 200;
constexpr std::int32_t own_ports_above = 100;
constexpr std::int32_t http_ports_above = 200;
constexpr std::int32_t brokers_max = 5;
constexpr long look_interval_ms = 20;

struct Child {
  pid_t process = -1;
  int output = -1;  // its stdout
  bool is_running = true;
  std::string line;  // what it has written
  bool is_ready = false;
};

std::vector<std::string> words_for(const ClusterCommand& command, std::int32_t node) {
  const std::int32_t port = command.base_port + node - 1;
  std::vector<std::string> voters;
  for (std::int32_t voter = 1; voter <= command.brokers; ++voter) {
    voters.push_back(fmt::format("{}@127.0.0.1:{}", voter, command.base_port + own_ports_above + voter - 1));
  }
  std::vector<std::string> words{"ottla", "serve"};
  const auto set = [&](const std::string& setting) {
    words.emplace_back("--set");
    words.push_back(setting);
  };
  set(fmt::format("node.id={}", node));
  set(fmt::format("log.dirs={}/{}", command.data_directory, node));
  set(fmt::format("listeners=PLAINTEXT://127.0.0.1:{},CLUSTER://127.0.0.1:{}", port, port + own_ports_above));
  set("listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CLUSTER:PLAINTEXT");
  set("inter.broker.listener.name=CLUSTER");
  set(fmt::format("controller.quorum.voters={}", fmt::join(voters, ",")));
  set(fmt::format("http.listener=127.0.0.1:{}", port + http_ports_above));
  std::ranges::for_each(command.settings, set);
  return words;
}

// In the child: the broker, whose log goes to `log`. Does not come back.
[[noreturn]] void become_broker(const std::vector<std::string>& words, int output, const std::string& log) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // no broker outlives the command, whatever ends it
  ::setpgid(0, 0);                     // Ctrl-C reaches the command alone, which ends them in order
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int errors = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) {
    arguments.push_back(const_cast<char*>(word.c_str()));  // execv's signature is older than const
  }
  arguments.push_back(nullptr);
  ::execv("/proc/self/exe", arguments.data());
  std::_Exit(127);
}

Child start(const ClusterCommand& command, std::int32_t node) {
  std::array<int, 2> ends{};
  Child child;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    child.is_running = false;
    return child;
  }
  const auto words = words_for(command, node);
  const std::string log = fmt::format("{}/{}.log", command.data_directory, node);
  child.process = ::fork();
  if (child.process == 0) {
    become_broker(words, ends[1], log);
  }
  ::close(ends[1]);
  child.output = ends[0];
  child.is_running = child.process > 0;
  return child;
}

// The next signal within `milliseconds`; 0: none.
int next_signal(const sigset_t& signals, long milliseconds) {
  const timespec longest{.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1'000'000};
  return std::max(0, ::sigtimedwait(&signals, nullptr, &longest));
}

bool asks_for_end(int signal_number) { return signal_number == SIGINT || signal_number == SIGTERM; }

// Notes which have ended; false if one of them did not end cleanly.
bool reap(std::vector<Child>& children) {
  bool is_clean = true;
  for (Child& child : children) {
    int status = 0;
    if (child.is_running && ::waitpid(child.process, &status, WNOHANG) == child.process) {
      child.is_running = false;
      is_clean = is_clean && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
  }
  return is_clean;
}

// Reads what is there of the broker's first line, its ready line.
void look_for_ready_line(Child& child) {
  std::array<char, 256> buffer{};
  pollfd waiting{.fd = child.output, .events = POLLIN, .revents = 0};
  while (!child.is_ready && ::poll(&waiting, 1, 0) > 0) {
    const ssize_t size = ::read(child.output, buffer.data(), buffer.size());
    if (size <= 0) {
      return;
    }
    child.line.append(buffer.data(), static_cast<std::size_t>(size));
    child.is_ready = child.line.find('\n') != std::string::npos;
  }
}

// Ends those that run; asked once more, at once. False if one did not stop cleanly.
bool end(std::vector<Child>& children, const sigset_t& signals) {
  const auto tell = [&children](int number) {
    for (const Child& child : children) {
      if (child.is_running) {
        ::kill(child.process, number);
      }
    }
  };
  tell(SIGTERM);
  bool is_clean = reap(children);
  while (std::ranges::any_of(children, &Child::is_running)) {
    if (asks_for_end(next_signal(signals, look_interval_ms))) {
      tell(SIGKILL);
    }
    is_clean = reap(children) && is_clean;
  }
  for (const Child& child : children) {
    ::close(child.output);
  }
  return is_clean;
}

// Until all are ready. False: one has ended, or somebody asks for the end.
bool wait_until_ready(const ClusterCommand& command, std::vector<Child>& children, const sigset_t& signals) {
  for (;;) {
    std::ranges::for_each(children, look_for_ready_line);
    if (std::ranges::all_of(children, &Child::is_ready)) {
      return true;
    }
    reap(children);
    const auto ended = std::ranges::find(children, false, &Child::is_running);
    if (ended != children.end()) {
      fmt::print(stderr, "ottla: broker {0} did not start: {1}/{0}.log\n", ended - children.begin() + 1,
                 command.data_directory);
      return false;
    }
    if (asks_for_end(next_signal(signals, look_interval_ms))) {
      return false;
    }
  }
}

// Until somebody asks for the end. A broker that ends by itself is told of: a cluster goes on without it.
void wait_for_end(const ClusterCommand& command, std::vector<Child>& children, const sigset_t& signals) {
  for (;;) {
    int number = 0;
    sigwait(&signals, &number);
    if (asks_for_end(number)) {
      return;
    }
    const auto before = children;
    reap(children);
    for (std::size_t i = 0; i < children.size(); ++i) {
      if (before[i].is_running && !children[i].is_running) {
        fmt::print(stderr, "ottla: broker {0} has ended: {1}/{0}.log\n", i + 1, command.data_directory);
      }
    }
  }
}

int run_brokers(const ClusterCommand& command) {
  if (command.brokers < 1 || command.brokers > brokers_max) {
    fmt::print(stderr, "ottla: --brokers: from 1 to {}\n", brokers_max);
    return not_started;
  }
  std::error_code problem;
  std::filesystem::create_directories(command.data_directory, problem);
  if (problem) {
    fmt::print(stderr, "ottla: {}: {}\n", command.data_directory, problem.message());
    return not_started;
  }
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGCHLD}) {
    sigaddset(&signals, number);
  }
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::vector<Child> children;
  std::vector<std::string> addresses;
  for (std::int32_t node = 1; node <= command.brokers; ++node) {
    children.push_back(start(command, node));
    addresses.push_back(fmt::format("127.0.0.1:{}", command.base_port + node - 1));
  }
  if (!wait_until_ready(command, children, signals)) {
    end(children, signals);
    return not_started;
  }
  fmt::print("ottla cluster ready: {} http://127.0.0.1:{}\n", fmt::join(addresses, ","),
             command.base_port + http_ports_above);
  std::fflush(stdout);
  wait_for_end(command, children, signals);
  return end(children, signals) ? 0 : not_started;
}

int tell_status(const ClusterCommand& command) {
  const auto answer = http_get(command.http_address, "/cluster");
  if (!answer || answer->status != ok) {
    fmt::print(stderr, "ottla: {}\n", answer ? answer->body : answer.error().message);
    return not_asked;
  }
  fmt::print("{}", answer->body);
  return answer->body.find("\nall is well\n") != std::string::npos ? 0 : something_is_missing;
}

}  // namespace

int run_cluster_command(const ClusterCommand& command) {
  switch (command.what) {
    case ClusterCommand::What::status:
      return tell_status(command);
    case ClusterCommand::What::drain:
      return run_drain_command(command.drain);
    case ClusterCommand::What::run:
      break;
  }
  return run_brokers(command);
}

}  // namespace ottla
