#include "process_cost.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

namespace ottla {

namespace {

std::string whole(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::int64_t now_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

std::int64_t own_cpu_ns() {
  timespec spent{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return spent.tv_sec * 1'000'000'000 + spent.tv_nsec;
}

// The number behind `name` in a status file; 0 if it is not there.
std::int64_t number_behind(const std::string& text, const std::string& name) {
  const auto at = text.find(name);
  return at == std::string::npos ? 0 : std::stoll(text.substr(at + name.size()));
}

}  // namespace

ProcessCost ProcessCost::of(pid_t process) {
  ProcessCost cost;
  if (process == 0) {
    return cost;
  }
  const std::string at = fmt::format("/proc/{}/", process);
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(at + "task", error)) {
    std::istringstream schedstat(whole(task.path().string() + "/schedstat"));
    std::int64_t ran_ns = 0;
    schedstat >> ran_ns;
    cost.cpu_ns += ran_ns;
    const std::string status = whole(task.path().string() + "/status");
    cost.context_switches +=
        number_behind(status, "\nvoluntary_ctxt_switches:") + number_behind(status, "nonvoluntary_ctxt_switches:");
  }
  const std::string stat = whole(at + "stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::vector<std::string> field{std::istream_iterator<std::string>(fields), {}};
  constexpr std::size_t minor_faults = 7, user = 11, system = 12;  // behind the name
  if (field.size() > system) {
    cost.page_faults = std::stoll(field[minor_faults]);
    cost.user_ticks = std::stoll(field[user]);
    cost.system_ticks = std::stoll(field[system]);
  }
  cost.rss_bytes = number_behind(whole(at + "status"), "VmRSS:") * 1024;
  return cost;
}

std::int64_t busy_ticks_of_all() {
  std::istringstream line(whole("/proc/stat"));
  std::string name;
  std::int64_t user = 0, nice = 0, system = 0, idle = 0, io_wait = 0, irq = 0, soft_irq = 0, steal = 0;
  line >> name >> user >> nice >> system >> idle >> io_wait >> irq >> soft_irq >> steal;
  return user + nice + system + irq + soft_irq + steal;
}

void CostMeter::begin() {
  before_ = ProcessCost::of(process_);
  all_before_ = busy_ticks_of_all();
  own_before_ns_ = own_cpu_ns();
  begin_ns_ = now_ns();
}

void CostMeter::end() {
  end_ns_ = now_ns();
  own_after_ns_ = own_cpu_ns();
  all_after_ = busy_ticks_of_all();
  after_ = ProcessCost::of(process_);
}

std::string CostMeter::json(std::int64_t bytes, std::int64_t requests) const {
  const double wall = seconds();
  const auto tick = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const double broker = static_cast<double>(after_.cpu_ns - before_.cpu_ns) / 1e9;
  const double own = static_cast<double>(own_after_ns_ - own_before_ns_) / 1e9;
  const double all = static_cast<double>(all_after_ - all_before_) / tick;
  const auto per = [](double amount, std::int64_t count) {
    return count > 0 ? amount / static_cast<double>(count) : 0.0;
  };
  return fmt::format(
      R"("seconds": {:.4f}, "requests": {}, "bytes": {}, "requests_per_s": {:.1f}, "mb_per_s": {:.2f}, )"
      R"("broker_cpu_s": {:.4f}, "broker_user_s": {:.2f}, "broker_system_s": {:.2f}, "cpu_s_per_gb": {:.4f}, )"
      R"("cpu_us_per_request": {:.3f}, "switches_per_request": {:.3f}, "faults_per_request": {:.3f}, )"
      R"("rss_mb": {:.1f}, "client_cpu_s": {:.4f}, "others_share": {:.3f})",
      wall, requests, bytes, static_cast<double>(requests) / wall, static_cast<double>(bytes) / 1e6 / wall, broker,
      static_cast<double>(after_.user_ticks - before_.user_ticks) / tick,
      static_cast<double>(after_.system_ticks - before_.system_ticks) / tick, per(broker * 1e9, bytes),
      per(broker * 1e6, requests),
      per(static_cast<double>(after_.context_switches - before_.context_switches), requests),
      per(static_cast<double>(after_.page_faults - before_.page_faults), requests),
      static_cast<double>(after_.rss_bytes) / 1e6, own,
      std::max(0.0, all - broker - own) / wall / static_cast<double>(std::thread::hardware_concurrency()));
}

}  // namespace ottla
