// Every call that changes a disk, in a real file: it outlives the process, as the disk itself would.
//
// A call is appended with one write and never synced: SIGKILL takes the process and leaves what it had written. An
// entry that SIGKILL tore is a call that did not happen; nobody had seen it return.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/primitives.h"
#include "storage/file.h"

namespace ottla::power_cut {

enum class Call : std::uint8_t {
  make_directories,
  open,
  write,
  truncate,
  sync,
  rename,
  remove,
  remove_directory,
  sync_directory,
  sync_all,
};

// What a call was given; what it does not take stays as it is.
struct Entry {
  Call call{};
  std::int32_t file = 0;      // the number of the open that gave it, from 0
  std::int64_t position = 0;  // or a size, or an OpenMode
  std::string path;
  std::string to;
  Bytes bytes;
};

class CallJournal {
 public:
  // A new, empty one. Throws on errors, as all here does: without it the test means nothing.
  explicit CallJournal(const std::string& path);
  CallJournal(const CallJournal&) = delete;
  CallJournal& operator=(const CallJournal&) = delete;
  ~CallJournal();

  void append(const Entry& entry) const;

 private:
  int descriptor_;
};

// Makes all calls of the journal again, on an empty disk.
void replay(const std::string& journal_path, Disk& disk);

}  // namespace ottla::power_cut
