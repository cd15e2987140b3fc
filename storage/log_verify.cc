#include "storage/log_verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "storage/checkpoint.h"
#include "storage/command_log.h"
#include "storage/durable_marks.h"
#include "storage/log_places.h"
#include "storage/meta_properties.h"
#include "storage/partition_directory.h"
#include "storage/partition_metadata.h"
#include "storage/text_lines.h"

namespace ottla {

namespace {

constexpr int looks_max = 4;
constexpr auto pause_between_looks = std::chrono::milliseconds(100);

// What the files of the log directory itself say.
struct DirectoryState {
  CleanShutdown clean;
  OffsetsByDirectory recovery_points;
  OffsetsByDirectory log_starts;
  OffsetsByDirectory cleaned;
  bool has_cleaner_checkpoint = false;
  std::unique_ptr<DurableMarks> marks;
};

OffsetsByDirectory checkpoint(Disk& disk, const std::string& path, const Report& report) {
  auto read = read_checkpoint(disk, path);
  if (!read.warning.empty()) {
    report({.file = path, .offset = std::nullopt, .what = read.warning});
  }
  return std::move(read.offsets);
}

void check_meta_properties(Disk& disk, const std::string& root, const Report& report) {
  const std::string path = root + "/meta.properties";
  if (!disk.exists(path)) {
    report({.file = path, .offset = std::nullopt, .what = "it is missing"});
    return;
  }
  const auto content = read_whole_file(disk, path);
  const auto parsed = content ? MetaProperties::parse(as_text(*content)) : std::unexpected(content.error());
  if (!parsed) {
    report({.file = path, .offset = std::nullopt, .what = parsed.error().message});
  }
}

// Ottla's own, and so not in a directory of Kafka's. A running broker replaces the files: then another look helps.
void check_metadata_log(Disk& disk, const std::string& root, const Report& report) {
  const std::string path = root + "/.ottla-metadata";
  const bool is_ours = disk.exists(path) || disk.exists(root + "/.ottla-durable");
  auto sound = is_ours ? CommandLog::check(disk, root) : Result<void>{};
  for (int look = 1; !sound && look < looks_max; ++look) {
    std::this_thread::sleep_for(pause_between_looks);
    sound = CommandLog::check(disk, root);
  }
  if (!sound) {
    report({.file = path, .offset = std::nullopt, .what = sound.error().message});
  }
}

// What belongs to the whole directory, beside the partitions in it.
void check_directory(Disk& disk, const LogPlaces& places, const CleanShutdown& clean, const Report& report) {
  check_meta_properties(disk, places.root, report);
  check_metadata_log(disk, places.root, report);
  for (const auto& [name, end] : clean.ends) {
    if (std::ranges::find(places.partitions, name) == places.partitions.end()) {
      report({.file = places.root + "/" + name,
              .offset = std::nullopt,
              .what = fmt::format("it is missing; at the clean stop its log ended at offset {}",
                                  end.log_end_offset.value)});
    }
  }
}

Result<DirectoryState> read_state(Disk& disk, const std::string& root, const Report& report) {
  DirectoryState state;
  state.clean = read_clean_shutdown(disk, root);
  if (!state.clean.warning.empty()) {
    report({.file = root + "/.ottla-clean-shutdown", .offset = std::nullopt, .what = state.clean.warning});
  }
  const auto in_root = [&root](std::string_view name) { return fmt::format("{}/{}", root, name); };
  state.recovery_points = checkpoint(disk, in_root(recovery_point_checkpoint), report);
  state.log_starts = checkpoint(disk, in_root(log_start_checkpoint), report);
  state.cleaned = checkpoint(disk, in_root(cleaner_checkpoint), report);
  (void)checkpoint(disk, in_root(high_watermark_checkpoint), report);
  state.has_cleaner_checkpoint = disk.exists(in_root(cleaner_checkpoint)) && !disk.exists(in_root(".ottla-metadata"));
  auto marks = DurableMarks::look(disk, root);
  if (!marks) {
    return std::unexpected(std::move(marks.error()));
  }
  state.marks = std::move(*marks);
  if (!state.marks->warning().empty()) {
    report({.file = in_root(".ottla-durable"), .offset = std::nullopt, .what = state.marks->warning()});
  }
  return state;
}

// Kafka keeps no gaps in a log that its cleaner never was in; the cleaner writes down where it was.
KnownOfLog known_of(Disk& disk, const DirectoryState& state, const std::string& root, const std::string& name) {
  KnownOfLog known{.is_clean = state.clean.was_clean, .end = {}, .durable_end = {}, .start = {}};
  known.may_have_gaps = !state.has_cleaner_checkpoint || state.cleaned.contains(name);
  if (const auto end = state.clean.ends.find(name); end != state.clean.ends.end()) {
    known.end = end->second;
  }
  if (const auto point = state.recovery_points.find(name); point != state.recovery_points.end()) {
    known.durable_end = point->second;
  }
  if (const auto start = state.log_starts.find(name); start != state.log_starts.end()) {
    known.start = start->second;
  }
  const auto parsed = parse_partition_directory(name);
  const auto id = read_topic_id(disk, root + "/" + name);
  if (const auto mark = parsed && id ? state.marks->find({*id, parsed->partition}) : std::nullopt;
      mark && !state.clean.was_kafka) {
    known.durable_end = std::max(known.durable_end, mark->durable_end_offset);
  }
  return known;
}

// A running broker rolls, cuts, compacts and deletes while we read; a moment later that is over.
Result<void> verify_until_sure(Disk& disk, const std::string& directory, const KnownOfLog& known, VerifyCounts& counts,
                               const Report& report) {
  for (int look = 1;; ++look) {
    VerifyCounts seen;
    std::vector<Finding> findings;
    const auto done = verify_partition(disk, directory, known, seen,
                                       [&findings](Finding finding) { findings.push_back(std::move(finding)); });
    const bool is_bad = !done || std::ranges::any_of(findings, &Finding::is_damage);
    if (is_bad && !known.is_clean && look < looks_max) {
      std::this_thread::sleep_for(pause_between_looks);
      continue;
    }
    if (is_bad && !known.is_clean && !disk.exists(directory)) {
      return {};  // deleted meanwhile
    }
    if (!done) {
      return done;
    }
    counts.partitions += seen.partitions;
    counts.segments += seen.segments;
    counts.batches += seen.batches;
    counts.records += seen.records;
    std::ranges::for_each(findings, report);
    return {};
  }
}

}  // namespace

Result<VerifyCounts> verify_logs(Disk& disk, const std::string& path, const Report& report) {
  const auto places = find_logs(disk, path);
  if (!places) {
    return std::unexpected(places.error());
  }
  VerifyCounts counts;
  const auto counted = [&](Finding finding) {
    counts.damaged_places += finding.is_damage ? 1 : 0;
    report(std::move(finding));
  };
  const auto state = read_state(disk, places->root, counted);
  if (!state) {
    return std::unexpected(state.error());
  }
  if (places->is_whole) {
    check_directory(disk, *places, state->clean, counted);
  }
  for (const std::string& name : places->left_alone) {
    report({.is_damage = false, .file = places->root + "/" + name, .offset = std::nullopt, .what = "left alone"});
  }
  for (const std::string& name : places->partitions) {
    const std::string directory = places->root + "/" + name;
    if (auto done = verify_until_sure(disk, directory, known_of(disk, *state, places->root, name), counts, counted);
        !done) {
      return std::unexpected(std::move(done.error()));
    }
  }
  return counts;
}

}  // namespace ottla
