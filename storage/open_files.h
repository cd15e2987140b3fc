// The open segment files of a data directory, at most so many: the one used longest ago is closed first, and what has
// not been used between two sweeps, too. A file that is still being read, written or synced stays open with its user.
//
// Thread-safe.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "storage/file.h"

namespace ottla {

class OpenFiles {
 public:
  OpenFiles(Disk& disk, std::size_t max_files) : disk_(disk), max_files_(max_files) {}
  OpenFiles(const OpenFiles&) = delete;
  OpenFiles& operator=(const OpenFiles&) = delete;

  // An existing file, for reading and writing. If the system has no descriptor left, ours are closed and it is tried
  // once more.
  Result<std::shared_ptr<File>> open(const std::string& path);
  // The path is about to name another file, or none.
  void forget(const std::string& path);
  // Closes what was not used since the last call.
  void close_unused();
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::string path;
    std::shared_ptr<File> file;
    bool used = true;
  };
  using Entries = std::list<Entry>;  // the one used last comes first
  void erase(Entries::iterator entry);
  void shrink_to(std::size_t files);

  Disk& disk_;
  const std::size_t max_files_;
  mutable std::mutex mutex_;
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> by_path_;  // keys live in the entries
};

}  // namespace ottla
