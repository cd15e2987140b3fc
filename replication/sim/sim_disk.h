// The fault disk, with rules of storage/ broken on it for the mutants that are about them. Without such a mutant
// brokers use the fault disk itself.
#pragma once

#include "replication/mutants.h"
#include "storage/fault_file.h"

namespace ottla::sim {

class SimDisk final : public Disk {
 public:
  explicit SimDisk(FaultDisk& real) : real_(real) {}
  bool truncates = false;  // a truncation is under way

  Result<std::shared_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<void> make_directories(const std::string& path) override { return real_.make_directories(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override { return real_.list(directory); }
  bool exists(const std::string& path) override { return real_.exists(path); }
  Result<void> rename(const std::string& from, const std::string& to) override { return real_.rename(from, to); }
  Result<void> remove(const std::string& path) override { return real_.remove(path); }
  Result<void> remove_directory(const std::string& path) override { return real_.remove_directory(path); }
  Result<std::shared_ptr<void>> lock(const std::string& path) override { return real_.lock(path); }
  Result<void> sync_directory(const std::string& path) override;
  Result<void> sync_all(const std::string& path) override { return real_.sync_all(path); }
  Result<std::int64_t> free_bytes(const std::string& path) override { return real_.free_bytes(path); }

  // True if the sync that is due is left out.
  bool leaves_out(const std::string& path);

 private:
  FaultDisk& real_;
  bool epoch_file_came_last_ = false;
};

}  // namespace ottla::sim
