#include "storage/clean_shutdown.h"

#include <fmt/format.h>

#include "protocol/record_batch.h"
#include "storage/text_lines.h"

namespace ottla {

namespace {

// Kafka's CleanShutdownFileHandler writes the broker epoch here; -1 is what we write, so that a marker left by Kafka,
// after which our list would be out of date, is told apart.
constexpr std::string_view our_marker = R"({"version":0,"brokerEpoch":-1})";
constexpr std::string_view crc_word = "crc32c ";

std::string marker_path(const std::string& directory) { return directory + "/.kafka_cleanshutdown"; }
std::string ends_path(const std::string& directory) { return directory + "/.ottla-clean-shutdown"; }

std::unexpected<Error> damaged(std::string what) { return failure(ErrorCode::KAFKA_STORAGE_ERROR, std::move(what)); }

bool add_line(std::string_view line, std::map<std::string, CleanEnd>& ends) {
  const std::size_t second = line.rfind(' ');
  const std::size_t first = second == std::string_view::npos || second == 0 ? second : line.rfind(' ', second - 1);
  if (first == std::string_view::npos || first == second) {
    return false;
  }
  const auto offset = parse_number<std::int64_t>(line.substr(first + 1, second - first - 1));
  const auto crc = parse_number<std::uint32_t>(line.substr(second + 1), 16);
  if (!offset || !crc) {
    return false;
  }
  ends[std::string(line.substr(0, first))] = CleanEnd{Offset{*offset}, *crc};
  return true;
}

Result<std::string> read_text(Disk& disk, const std::string& path) {
  const auto content = read_whole_file(disk, path);
  if (!content) {
    return std::unexpected(content.error());
  }
  return std::string(as_text(*content));
}

}  // namespace

std::string clean_ends_text(const std::map<std::string, CleanEnd>& ends) {
  std::string text = fmt::format("1\n{}\n", ends.size());
  for (const auto& [name, end] : ends) {
    text += fmt::format("{} {} {:08x}\n", name, end.log_end_offset.value, end.last_batch_crc);
  }
  return text + fmt::format("{}{:08x}\n", crc_word, crc32c(as_bytes(text)));
}

Result<std::map<std::string, CleanEnd>> parse_clean_ends(std::string_view text) {
  const std::size_t crc_at = text.rfind(crc_word);
  if (crc_at == std::string_view::npos || !text.ends_with('\n')) {
    return damaged("it has no CRC");
  }
  const std::string_view checked = text.substr(0, crc_at);
  const std::string_view digits = text.substr(crc_at + crc_word.size(), text.size() - crc_at - crc_word.size() - 1);
  if (parse_number<std::uint32_t>(digits, 16) != crc32c(as_bytes(checked))) {
    return damaged("its CRC is wrong");
  }
  const auto lines = split_lines(checked);
  if (lines.size() < 2 || lines[0] != "1" || parse_number<std::size_t>(lines[1]) != lines.size() - 2) {
    return damaged("it is not of version 1");
  }
  std::map<std::string, CleanEnd> ends;
  for (std::size_t i = 2; i < lines.size(); ++i) {
    if (!add_line(lines[i], ends)) {
      return damaged(fmt::format("line {} cannot be read", i + 1));
    }
  }
  return ends;
}

CleanShutdown read_clean_shutdown(Disk& disk, const std::string& directory) {
  if (!disk.exists(marker_path(directory))) {
    return {};
  }
  const auto marker = read_text(disk, marker_path(directory));
  if (!marker) {
    return {.was_clean = false, .was_kafka = false, .ends = {}, .warning = marker.error().message};
  }
  if (*marker != our_marker) {
    return {.was_clean = true, .was_kafka = true, .ends = {}, .warning = {}};
  }
  const auto text = read_text(disk, ends_path(directory));
  auto ends = text ? parse_clean_ends(*text) : std::unexpected(text.error());
  if (!ends) {
    return {.was_clean = false,
            .was_kafka = false,
            .ends = {},
            .warning = fmt::format("{} is not usable ({}); recovering as after a crash", ends_path(directory),
                                   ends.error().message)};
  }
  return {.was_clean = true, .was_kafka = false, .ends = std::move(*ends), .warning = {}};
}

// The marker goes first: the list alone means nothing. Synced even if nothing was there: a start that died before us
// may have removed the marker without making that durable.
Result<void> remove_clean_shutdown(Disk& disk, const std::string& directory) {
  for (const std::string& path : {marker_path(directory), ends_path(directory)}) {
    if (!disk.exists(path)) {
      continue;
    }
    if (auto done = disk.remove(path); !done) {
      return done;
    }
  }
  return disk.sync_directory(directory);
}

Result<void> write_clean_shutdown(Disk& disk, const std::string& directory,
                                  const std::map<std::string, CleanEnd>& ends) {
  if (auto written = replace_file(disk, ends_path(directory), as_bytes(clean_ends_text(ends))); !written) {
    return written;
  }
  return replace_file(disk, marker_path(directory), as_bytes(our_marker));
}

}  // namespace ottla
