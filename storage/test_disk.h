// For tests: whole small files on a disk, as text.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include "storage/checkpoint.h"
#include "storage/file.h"
#include "storage/text_lines.h"

namespace ottla {

// Makes the directory above it, too. Everything is durable.
inline void write_text(Disk& disk, const std::string& path, std::string_view text) {
  const auto directory = std::filesystem::path(path).parent_path().string();
  auto done = directory.empty() ? Result<void>{} : disk.make_directories(directory);
  done = done ? replace_file(disk, path, as_bytes(text)) : done;
  done = done ? disk.sync_all(directory) : done;
  if (!done) {
    throw std::runtime_error(done.error().message);
  }
}

// Empty if there is no such file.
inline std::string read_text(Disk& disk, const std::string& path) {
  const auto content = read_whole_file(disk, path);
  return content ? std::string(as_text(*content)) : "";
}

// For the checkpoints of a log directory: these and no others.
inline auto all(OffsetsByDirectory offsets) {
  return [offsets = std::move(offsets)](const OffsetsByDirectory&) { return offsets; };
}

}  // namespace ottla
