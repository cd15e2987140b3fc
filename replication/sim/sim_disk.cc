#include "replication/sim/sim_disk.h"

namespace ottla::sim {

namespace {

class SimFile final : public File {
 public:
  SimFile(SimDisk& disk, std::shared_ptr<File> real, std::string path)
      : disk_(disk), real_(std::move(real)), path_(std::move(path)) {}
  Result<std::size_t> read_at(std::span<std::byte> buffer, std::int64_t position) const override {
    return real_->read_at(buffer, position);
  }
  Result<void> write_at(std::span<const std::span<const std::byte>> parts, std::int64_t position) override {
    return real_->write_at(parts, position);
  }
  Result<void> sync_data() override { return disk_.leaves_out(path_) ? Result<void>{} : real_->sync_data(); }
  Result<void> sync() override { return disk_.leaves_out(path_) ? Result<void>{} : real_->sync(); }
  Result<void> truncate(std::int64_t size) override { return real_->truncate(size); }
  [[nodiscard]] Result<std::int64_t> size() const override { return real_->size(); }
  void forget_cached() override { real_->forget_cached(); }

 private:
  SimDisk& disk_;
  const std::shared_ptr<File> real_;
  const std::string path_;
};

}  // namespace

Result<std::shared_ptr<File>> SimDisk::open(const std::string& path, OpenMode mode) {
  auto file = real_.open(path, mode);
  return file ? Result<std::shared_ptr<File>>(std::make_shared<SimFile>(*this, std::move(*file), path)) : file;
}

bool SimDisk::leaves_out(const std::string& path) {
  epoch_file_came_last_ = path.find("leader-epoch-checkpoint") != std::string::npos;
  return (mutant(Mutant::epoch_entry_not_synced) && epoch_file_came_last_) ||
         (mutant(Mutant::truncation_not_synced) && truncates && path.ends_with(".log"));
}

Result<void> SimDisk::sync_directory(const std::string& path) {
  const bool left_out = (mutant(Mutant::epoch_entry_not_synced) && epoch_file_came_last_) ||
                        (mutant(Mutant::truncation_not_synced) && truncates) ||
                        (mutant(Mutant::segment_entry_not_synced) && path.find('/') != std::string::npos);
  epoch_file_came_last_ = false;
  return left_out ? Result<void>{} : real_.sync_directory(path);
}

}  // namespace ottla::sim
