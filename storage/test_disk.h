// For tests: a temporary directory on the real disk, and a disk over it that stops working when told to.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "storage/file.h"

namespace ottla {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ottla-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Passes everything on to another disk; counts what changes the disk, and refuses it from a given call on.
class StoppingDisk final : public Disk {
 public:
  explicit StoppingDisk(Disk& disk) : disk_(disk) {}

  int changes = 0;           // calls that change the disk, so far
  int stop_after = 1 << 30;  // changes that still succeed
  bool fail_next_sync = false;
  bool fail_next_write = false;

  Result<std::shared_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<void> make_directories(const std::string& path) override {
    auto may = change();
    return may ? disk_.make_directories(path) : may;
  }
  Result<std::vector<std::string>> list(const std::string& directory) override { return disk_.list(directory); }
  [[nodiscard]] bool exists(const std::string& path) override { return disk_.exists(path); }
  Result<void> rename(const std::string& from, const std::string& to) override {
    auto may = change();
    return may ? disk_.rename(from, to) : may;
  }
  Result<void> remove(const std::string& path) override {
    auto may = change();
    return may ? disk_.remove(path) : may;
  }
  Result<void> remove_directory(const std::string& path) override {
    auto may = change();
    return may ? disk_.remove_directory(path) : may;
  }
  Result<std::shared_ptr<void>> lock(const std::string& path) override { return disk_.lock(path); }
  Result<void> sync_directory(const std::string& path) override {
    auto may = change();
    return may ? disk_.sync_directory(path) : may;
  }

  Result<void> change() {
    return ++changes > stop_after ? failure(ErrorCode::KAFKA_STORAGE_ERROR, "the disk has stopped") : Result<void>{};
  }

 private:
  Disk& disk_;
};

class StoppingFile final : public File {
 public:
  StoppingFile(std::shared_ptr<File> file, StoppingDisk& disk) : file_(std::move(file)), disk_(disk) {}
  Result<std::size_t> read_at(std::span<std::byte> buffer, std::int64_t position) const override {
    return file_->read_at(buffer, position);
  }
  // A failing write leaves half of the first part behind.
  Result<void> write_at(std::span<const std::span<const std::byte>> parts, std::int64_t position) override {
    if (disk_.fail_next_write) {
      disk_.fail_next_write = false;
      const auto half = parts.front().first(parts.front().size() / 2);
      [[maybe_unused]] const auto written = file_->write_at({&half, 1}, position);
      return failure(ErrorCode::KAFKA_STORAGE_ERROR, "the write failed");
    }
    auto may = disk_.change();
    return may ? file_->write_at(parts, position) : may;
  }
  Result<void> sync_data() override { return sync(); }
  Result<void> sync() override {
    if (disk_.fail_next_sync) {
      disk_.fail_next_sync = false;
      return failure(ErrorCode::KAFKA_STORAGE_ERROR, "the sync failed");
    }
    auto may = disk_.change();
    return may ? file_->sync() : may;
  }
  Result<void> truncate(std::int64_t size) override {
    auto may = disk_.change();
    return may ? file_->truncate(size) : may;
  }
  [[nodiscard]] Result<std::int64_t> size() const override { return file_->size(); }

 private:
  std::shared_ptr<File> file_;
  StoppingDisk& disk_;
};

inline Result<std::shared_ptr<File>> StoppingDisk::open(const std::string& path, OpenMode mode) {
  auto file = disk_.open(path, mode);
  if (!file) {
    return file;
  }
  return std::make_shared<StoppingFile>(std::move(*file), *this);
}

}  // namespace ottla
