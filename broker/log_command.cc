#include "broker/log_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "storage/log_dump.h"
#include "storage/log_verify.h"

namespace ottla {

namespace {

constexpr int damaged = 1;
constexpr int unreadable = 2;

void print_line(std::string_view line) { fmt::print("{}\n", line); }

int refuse(const Error& error) {
  fmt::print(stderr, "ottla: {}\n", error.message);
  return unreadable;
}

int dump(Disk& disk, const std::string& path, bool with_records) {
  const auto counts = dump_logs(disk, path, with_records, print_line);
  if (!counts) {
    return refuse(counts.error());
  }
  print_line(fmt::format("{} batches, {} records, {} damaged places", counts->batches, counts->records,
                         counts->damaged_places));
  return counts->damaged_places == 0 ? 0 : damaged;
}

int verify(Disk& disk, const std::string& path) {
  const auto counts = verify_logs(disk, path, [](const Finding& finding) { print_line(finding.text()); });
  if (!counts) {
    return refuse(counts.error());
  }
  print_line(fmt::format("{} partitions, {} segments, {} batches, {} records, {} damaged places", counts->partitions,
                         counts->segments, counts->batches, counts->records, counts->damaged_places));
  return counts->damaged_places == 0 ? 0 : damaged;
}

}  // namespace

int run_log_command(const LogCommand& command) {
  std::error_code error;
  const auto path = std::filesystem::canonical(command.directory, error);
  if (error) {
    return refuse({ErrorCode::KAFKA_STORAGE_ERROR, fmt::format("{}: {}", command.directory, error.message())});
  }
  const auto disk = make_posix_disk();
  return command.what == LogCommand::What::dump ? dump(*disk, path.string(), command.with_records)
                                                : verify(*disk, path.string());
}

}  // namespace ottla
