#include "broker/quorum/newcomer.h"

namespace ottla {

namespace {

std::string path_in(const std::string& directory) { return directory + "/quorum-newcomer"; }

}  // namespace

bool is_newcomer(Disk& disk, const std::string& directory) { return disk.exists(path_in(directory)); }

Result<void> mark_newcomer(Disk& disk, const std::string& directory) {
  return replace_file(disk, path_in(directory), {});
}

Result<void> unmark_newcomer(Disk& disk, const std::string& directory) {
  auto done = disk.remove(path_in(directory));
  return done ? disk.sync_directory(directory) : done;
}

}  // namespace ottla
