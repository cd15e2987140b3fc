// What the target "recovery" makes of an input: the files of a log, what is known of it, and what its disk fails to do.
#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "compat-tests/fuzz/batch_repair.h"
#include "compat-tests/fuzz/fuzz.h"
#include "storage/fault_file.h"
#include "storage/log.h"
#include "storage/log_file_names.h"
#include "storage/log_places.h"

namespace ottla {

inline const std::string directory = "data/t-0";

// What the disk does not do, and when: low three bits, a flag for "once the log is open", and a count.
struct Fault {
  explicit Fault(std::uint8_t byte = 0) : kind(byte & 7U), comes_later((byte & 8U) != 0), count(byte >> 4U) {}

  void set(FaultDisk& disk) const {
    switch (kind) {
      case 1:
        disk.unreadable_path = ".log";
        break;
      case 2:
        disk.unreadable_path = "index";
        break;
      case 3:
        disk.unreadable_path = "leader-epoch";
        break;
      case 4:
        disk.fail_write_after = count;
        break;
      case 5:
        disk.fail_sync_after = count;
        break;
      case 6:
        disk.stop_after = disk.changes + count;
        break;
      default:
        disk.max_open_files = count;
    }
  }

  unsigned kind;  // 0: none
  bool comes_later;
  int count;
};

// What stands on the disk, and what is known of it, as the front of the input says.
struct Given {
  explicit Given(Input& input) {
    const std::uint8_t flags = input.byte();
    const auto is_set = [flags](unsigned bit) { return ((flags >> bit) & 1U) != 0; };
    fault = Fault(input.byte());
    repairs = is_set(0);
    has_no_gaps = is_set(1);
    has_epochs = is_set(2);
    hints.durable_mark =
        is_set(3) ? std::optional(DurableMark{.durable_end_offset = Offset{input.byte()}}) : std::nullopt;
    hints.recovery_point = Offset{is_set(4) ? input.byte() : 0};
    hints.log_start_offset = is_set(5) ? std::optional(Offset{input.byte()}) : std::nullopt;
    second_base = is_set(6) ? 1 + input.byte() : 0;
    first_bytes = is_set(6) ? input.number<std::uint16_t>() : std::size_t{0};
    index = is_set(7) ? input.some(input.byte()) : Bytes{};
    time_index = is_set(7) ? input.some(input.byte()) : Bytes{};
    snapshot = is_set(7) ? input.some(input.byte()) : Bytes{};
  }

  [[nodiscard]] bool has_side_files() const { return !index.empty() || !time_index.empty() || !snapshot.empty(); }

  Fault fault;
  bool repairs = false;  // lengths and CRCs of the batches are made right
  bool has_no_gaps = false;
  bool has_epochs = false;
  LogHints hints;
  std::int64_t second_base = 0;  // 0: one segment alone
  std::size_t first_bytes = 0;
  Bytes index;  // of the first segment
  Bytes time_index;
  Bytes snapshot;
};

inline void put(FaultDisk& disk, const std::string& path, std::span<const std::byte> content) {
  must(write_whole_file(disk, path, content).has_value(), "the disk takes it");
}

inline void make_files(FaultDisk& disk, const Given& given, Bytes log) {
  if (given.repairs) {
    repair_batches(std::span(log).first(std::min(given.first_bytes, log.size())), false);
    repair_batches(std::span(log).subspan(std::min(given.first_bytes, log.size())), false);
  }
  must(disk.make_directories(directory).has_value(), "the disk takes it");
  put(disk, directory + "/partition.metadata", as_bytes("version: 0\ntopic_id: AQAAAAAAAAAAAAAAAAAAAA"));
  Input left(log);
  if (given.second_base > 0) {
    put(disk, segment_file(directory, Offset{0}, "log"), left.some(given.first_bytes));
  }
  put(disk, segment_file(directory, Offset{given.second_base}, "log"), left.rest());
  if (given.has_no_gaps) {
    put(disk, no_gaps_path(directory), {});
  }
  if (given.has_epochs) {
    put(disk, directory + "/leader-epoch-checkpoint", as_bytes("0\n1\n0 0\n"));
  }
  for (const auto& [content, base, suffix] :
       {std::tuple{&given.index, 0, "index"}, {&given.time_index, 0, "timeindex"}, {&given.snapshot, 1, "snapshot"}}) {
    if (!content->empty()) {
      put(disk, segment_file(directory, Offset{base}, suffix), *content);
    }
  }
  must(disk.sync_all("data").has_value(), "the disk takes it");
}

}  // namespace ottla
