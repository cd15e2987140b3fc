#include "broker/quorum/newcomer.h"

namespace ottla {

namespace {

// Beside the metadata log, whose directory is there before.
std::string folder_of(const std::string& directory) { return directory + "/.ottla-metadata"; }
std::string path_in(const std::string& directory) { return folder_of(directory) + "/newcomer"; }

}  // namespace

bool is_newcomer(Disk& disk, const std::string& directory) { return disk.exists(path_in(directory)); }

Result<void> mark_newcomer(Disk& disk, const std::string& directory) {
  return replace_file(disk, path_in(directory), {});
}

Result<void> unmark_newcomer(Disk& disk, const std::string& directory) {
  auto done = disk.remove(path_in(directory));
  return done ? disk.sync_directory(folder_of(directory)) : done;
}

}  // namespace ottla
