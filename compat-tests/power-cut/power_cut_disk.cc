// The disk of ottla_power_cut, in the place of the real one: the program is linked with this make_posix_disk, and is
// otherwise the one that everybody runs.
//
// It is a fault disk whose calls are journalled in the file OTTLA_DISK. When that file is there at the start, the
// process before this one is gone, with the power: the calls are made again, and of what was not synced
// OTTLA_DISK_SEED decides what survives (FaultDisk::after_power_cut). The journal of before stays in OTTLA_DISK.before:
// put in its place, the same seed cuts the power in the same way again. Two more make partitions' logs worse than they
// should be: with OTTLA_DISK_LIES one sync in two does nothing and says that all is well (to its caller, what a failed
// sync is to one that ignores errors), and OTTLA_DISK_SYNC_MS is how much longer one takes at most.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "compat-tests/power-cut/call_journal.h"
#include "storage/fault_file.h"
#include "storage/text_lines.h"

namespace ottla::power_cut {

namespace {

// A sync takes effect a while after the call and returns a while later: what is written in between is not covered, and
// a process that does not wait for it is found out.
constexpr std::uint_fast32_t longest_pause_us = 4'000;

std::uint_fast32_t draw(std::uint_fast32_t below) {
  thread_local std::minstd_rand random(std::random_device{}());
  return random() % below;
}

void pause(std::uint_fast32_t longest_us) { std::this_thread::sleep_for(std::chrono::microseconds(draw(longest_us))); }

std::uint_fast32_t number_in(const char* variable) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? 0 : std::strtoul(text, nullptr, 10);
}

bool is_log_of_a_partition(const std::string& path) { return path.ends_with(".log"); }

class JournalledDisk final : public Disk {
 public:
  explicit JournalledDisk(const std::string& journal_path) : journal_(journal_path) {}

  // Makes the call and keeps it, as one: no other comes between, so the journal has the disk's own order.
  template <class Make>
  auto call(const Entry& entry, Make make) -> decltype(make()) {
    const bool is_sync = entry.call == Call::sync || entry.call == Call::sync_directory || entry.call == Call::sync_all;
    if (is_slow && is_sync) {
      pause(longest_pause_us);
    }
    auto outcome = [&] {
      const std::lock_guard lock(mutex_);
      auto made = make();
      if (made) {
        journal_.append(entry);
      }
      return made;
    }();
    if (is_slow && is_sync) {
      pause(longest_pause_us);
    }
    return outcome;
  }

  Result<std::shared_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<void> make_directories(const std::string& path) override {
    return call({.call = Call::make_directories, .path = path}, [&] { return disk_.make_directories(path); });
  }
  Result<std::vector<std::string>> list(const std::string& directory) override { return disk_.list(directory); }
  [[nodiscard]] bool exists(const std::string& path) override { return disk_.exists(path); }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return call({.call = Call::rename, .path = from, .to = to}, [&] { return disk_.rename(from, to); });
  }
  Result<void> remove(const std::string& path) override {
    return call({.call = Call::remove, .path = path}, [&] { return disk_.remove(path); });
  }
  Result<void> remove_directory(const std::string& path) override {
    return call({.call = Call::remove_directory, .path = path}, [&] { return disk_.remove_directory(path); });
  }
  Result<std::shared_ptr<void>> lock(const std::string& path) override { return disk_.lock(path); }
  Result<void> sync_directory(const std::string& path) override {
    return call({.call = Call::sync_directory, .path = path}, [&] { return disk_.sync_directory(path); });
  }
  Result<void> sync_all(const std::string& path) override {
    if (syncs_partitions()) {
      return call({.call = Call::sync_all, .path = path}, [&] { return disk_.sync_all(path); });
    }
    return {};
  }
  Result<std::int64_t> free_bytes(const std::string& path) override { return disk_.free_bytes(path); }

  bool is_slow = false;  // syncs take their time

  // What is worse about the syncs of partitions' logs. False: nothing is to be done.
  [[nodiscard]] bool syncs_partitions() const {
    if (!is_slow) {
      return true;
    }
    if (lies_ && draw(2) == 0) {
      return false;
    }
    if (slower_by_us_ > 0) {
      pause(slower_by_us_);
    }
    return true;
  }

 private:
  const bool lies_ = number_in("OTTLA_DISK_LIES") != 0;
  const std::uint_fast32_t slower_by_us_ = 1'000 * number_in("OTTLA_DISK_SYNC_MS");
  std::mutex mutex_;
  CallJournal journal_;
  FaultDisk disk_;
  std::int32_t opened_ = 0;
};

class JournalledFile final : public File {
 public:
  JournalledFile(JournalledDisk& disk, std::shared_ptr<File> file, std::int32_t number, bool is_of_partition)
      : disk_(disk), file_(std::move(file)), number_(number), is_of_partition_(is_of_partition) {}

  Result<std::size_t> read_at(std::span<std::byte> buffer, std::int64_t position) const override {
    return file_->read_at(buffer, position);
  }
  Result<void> write_at(std::span<const std::span<const std::byte>> parts, std::int64_t position) override {
    Entry entry{.call = Call::write, .file = number_, .position = position};
    for (const auto part : parts) {
      entry.bytes.insert(entry.bytes.end(), part.begin(), part.end());
    }
    return disk_.call(entry, [&] { return file_->write_at(parts, position); });
  }
  Result<void> sync_data() override { return sync(); }
  Result<void> sync() override {
    if (is_of_partition_ && !disk_.syncs_partitions()) {
      return {};
    }
    return disk_.call({.call = Call::sync, .file = number_}, [&] { return file_->sync(); });
  }
  Result<void> truncate(std::int64_t size) override {
    return disk_.call({.call = Call::truncate, .file = number_, .position = size},
                      [&] { return file_->truncate(size); });
  }
  [[nodiscard]] Result<std::int64_t> size() const override { return file_->size(); }
  void forget_cached() override { file_->forget_cached(); }

 private:
  JournalledDisk& disk_;
  const std::shared_ptr<File> file_;
  const std::int32_t number_;
  const bool is_of_partition_;
};

Result<std::shared_ptr<File>> JournalledDisk::open(const std::string& path, OpenMode mode) {
  std::int32_t number = 0;
  auto file = call({.call = Call::open, .position = static_cast<std::int64_t>(mode), .path = path}, [&] {
    auto opened = disk_.open(path, mode);
    number = opened ? opened_++ : 0;
    return opened;
  });
  const bool is_of_partition = is_log_of_a_partition(path);
  return file ? std::make_shared<JournalledFile>(*this, std::move(*file), number, is_of_partition) : file;
}

void must(const Result<void>& done) {
  if (!done) {
    throw std::runtime_error(done.error().message);
  }
}

// All below `path`.
void copy(Disk& from, const std::string& path, Disk& to) {
  const auto names = from.list(path).value();
  for (const std::string& name : names) {
    const std::string inner = fmt::format("{}/{}", path, name);
    if (from.list(inner)) {
      must(to.make_directories(inner));
      copy(from, inner, to);
    } else {
      must(write_whole_file(to, inner, read_whole_file(from, inner).value()));
    }
  }
}

// How many files are there only before or after, or have other bytes.
std::size_t differences(const FaultDisk& before, const FaultDisk& after) {
  const std::string left = before.describe();
  const std::string right = after.describe();
  const auto had = split_lines(left);
  const auto has = split_lines(right);
  std::set<std::string_view> paths;
  for (const auto& [these, those] :
       {std::pair{had, std::set(has.begin(), has.end())}, {has, {had.begin(), had.end()}}}) {
    for (const std::string_view line : these) {
      if (!those.contains(line)) {
        paths.insert(line.substr(0, line.find(' ')));
      }
    }
  }
  return paths.size();
}

std::unique_ptr<Disk> make_disk(const std::string& path, std::uint64_t seed) {
  auto disk = std::make_unique<JournalledDisk>(path + ".new");
  const bool goes_on = std::filesystem::exists(path);
  if (goes_on) {
    FaultDisk before;
    replay(path, before);
    const auto survivor = before.after_power_cut(seed);
    fmt::print(stderr, "power cut, seed {}: {} files are not as they were written\n", seed,
               differences(before, *survivor));
    copy(*survivor, ".", *disk);
    must(disk->sync_all("."));
    std::filesystem::remove(path + ".before");
    std::filesystem::create_hard_link(path, path + ".before");  // `path` stays: this process may be killed, too
  }
  std::filesystem::rename(path + ".new", path);
  disk->is_slow = true;
  return disk;
}

}  // namespace

}  // namespace ottla::power_cut

namespace ottla {

std::unique_ptr<Disk> make_posix_disk() {
  const char* const path = std::getenv("OTTLA_DISK");
  const char* const seed = std::getenv("OTTLA_DISK_SEED");
  if (path == nullptr || seed == nullptr) {
    fmt::print(stderr, "OTTLA_DISK must name a file, OTTLA_DISK_SEED a number\n");
    std::exit(2);
  }
  return power_cut::make_disk(path, std::strtoull(seed, nullptr, 10));
}

}  // namespace ottla
