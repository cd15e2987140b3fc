#include "broker/cluster_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
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

struct Child {
  pid_t process = -1;
  int output = -1;  // its stdout
  bool is_running = true;
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

// Waits for the broker's ready line. False: it ended without.
bool is_ready(const Child& child) {
  std::string line;
  std::array<char, 256> buffer{};
  while (line.find('\n') == std::string::npos) {
    const ssize_t size = ::read(child.output, buffer.data(), buffer.size());
    if (size <= 0) {
      return false;
    }
    line.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return line.starts_with("ottla ready");
}

// Ends those that run; false if one did not stop cleanly.
bool end(std::vector<Child>& children) {
  for (const Child& child : children) {
    if (child.is_running) {
      ::kill(child.process, SIGTERM);
    }
  }
  bool is_clean = true;
  for (Child& child : children) {
    int status = 0;
    if (child.is_running) {
      ::waitpid(child.process, &status, 0);
      is_clean = is_clean && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    ::close(child.output);
  }
  return is_clean;
}

// Until somebody asks for the end. A broker that ends by itself is told of: a cluster goes on without it.
void wait_for_end(const ClusterCommand& command, std::vector<Child>& children, const sigset_t& signals) {
  for (;;) {
    int number = 0;
    sigwait(&signals, &number);
    if (number != SIGCHLD) {
      return;
    }
    for (std::size_t i = 0; i < children.size(); ++i) {
      int status = 0;
      if (children[i].is_running && ::waitpid(children[i].process, &status, WNOHANG) == children[i].process) {
        children[i].is_running = false;
        fmt::print(stderr, "ottla: broker {} has ended: {}/{}.log\n", i + 1, command.data_directory, i + 1);
      }
    }
  }
}

int run_brokers(const ClusterCommand& command) {
  std::error_code problem;
  std::filesystem::create_directories(command.data_directory, problem);
  if (problem || command.brokers < 1 || command.brokers > brokers_max) {
    fmt::print(stderr, "ottla: {}\n",
               problem ? fmt::format("{}: {}", command.data_directory, problem.message())
                       : fmt::format("--brokers: from 1 to {}", brokers_max));
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
  const auto failed = std::ranges::find_if_not(children, is_ready);
  if (failed != children.end()) {
    fmt::print(stderr, "ottla: broker {0} did not start: {1}/{0}.log\n", failed - children.begin() + 1,
               command.data_directory);
    end(children);
    return not_started;
  }
  fmt::print("ottla cluster ready: {} http://127.0.0.1:{}\n", fmt::join(addresses, ","),
             command.base_port + http_ports_above);
  std::fflush(stdout);
  wait_for_end(command, children, signals);
  return end(children) ? 0 : not_started;
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
  return command.wants_status ? tell_status(command) : run_brokers(command);
}

}  // namespace ottla
