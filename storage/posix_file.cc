#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>

#include "storage/file.h"

namespace ottla {

namespace {

constexpr std::size_t max_parts_per_call = 64;
constexpr mode_t file_mode = 0644;

std::unexpected<Error> system_error(const char* operation, const std::string& path, int error) {
  return failure(ErrorCode::KAFKA_STORAGE_ERROR, fmt::format("{} {}: {}", operation, path, std::strerror(error)));
}

Result<void> synced(int outcome, const std::string& path, std::atomic<bool>& has_failed_sync) {
  if (outcome == 0) {
    return {};
  }
  const int error = errno;
  has_failed_sync = true;
  return system_error("syncing", path, error);
}

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, std::string path, std::atomic<bool>& has_failed_sync)
      : descriptor_(descriptor), path_(std::move(path)), has_failed_sync_(has_failed_sync) {}
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;
  ~PosixFile() override { ::close(descriptor_); }

  [[nodiscard]] std::optional<int> descriptor() const override { return descriptor_; }

  Result<std::size_t> read_at(std::span<std::byte> buffer, std::int64_t position) const override {
    std::size_t done = 0;
    while (done < buffer.size()) {
      const ssize_t got =
          ::pread(descriptor_, buffer.data() + done, buffer.size() - done, position + static_cast<std::int64_t>(done));
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0) {
        return system_error("reading", path_, errno);
      }
      if (got == 0) {
        break;
      }
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Result<void> write_at(std::span<const std::span<const std::byte>> parts, std::int64_t position) override {
    std::array<iovec, max_parts_per_call> vectors{};
    std::size_t next = 0;     // the first part not written whole
    std::size_t written = 0;  // of that part
    while (next < parts.size()) {
      std::size_t count = 0;
      for (std::size_t i = next; i < parts.size() && count < vectors.size(); ++i, ++count) {
        const auto rest = parts[i].subspan(i == next ? written : 0);
        vectors[count] = {const_cast<std::byte*>(rest.data()), rest.size()};
      }
      const ssize_t put = ::pwritev(descriptor_, vectors.data(), static_cast<int>(count), position);
      if (put < 0 && errno == EINTR) {
        continue;
      }
      if (put < 0) {
        return system_error("writing", path_, errno);
      }
      position += put;
      auto left = static_cast<std::size_t>(put);
      while (next < parts.size() && left >= parts[next].size() - written) {
        left -= parts[next].size() - written;
        written = 0;
        ++next;
      }
      written += left;
    }
    return {};
  }

  Result<void> sync_data() override { return synced(::fdatasync(descriptor_), path_, has_failed_sync_); }
  Result<void> sync() override { return synced(::fsync(descriptor_), path_, has_failed_sync_); }
  Result<void> truncate(std::int64_t size) override {
    return ::ftruncate(descriptor_, size) == 0 ? Result<void>{} : system_error("truncating", path_, errno);
  }
  [[nodiscard]] Result<std::int64_t> size() const override {
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0) {
      return system_error("looking at", path_, errno);
    }
    return status.st_size;
  }
  void forget_cached() override { (void)::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_DONTNEED); }

 private:
  const int descriptor_;
  const std::string path_;
  std::atomic<bool>& has_failed_sync_;  // the disk outlives its files
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::read:
      return O_RDONLY;
    case OpenMode::write_existing:
      return O_RDWR;
    case OpenMode::create_new:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::create_or_open:
      break;
  }
  return O_RDWR | O_CREAT;
}

class PosixDisk final : public Disk {
 public:
  PosixDisk() = default;
  PosixDisk(const PosixDisk&) = delete;
  PosixDisk& operator=(const PosixDisk&) = delete;
  ~PosixDisk() override {
    for (const auto& [path, descriptor] : roots_) {
      ::close(descriptor);
    }
  }

  Result<std::shared_ptr<File>> open(const std::string& path, OpenMode mode) override {
    const int descriptor = ::open(path.c_str(), flags_of(mode) | O_CLOEXEC, file_mode);
    if (descriptor < 0) {
      return system_error("opening", path, errno);
    }
    return std::make_shared<PosixFile>(descriptor, path, has_failed_sync_);
  }

  Result<void> make_directories(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    return error ? system_error("making directory", path, error.value()) : Result<void>{};
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    constexpr auto close = [](DIR* opened) { ::closedir(opened); };
    const std::unique_ptr<DIR, decltype(close)> opened(::opendir(directory.c_str()));
    if (!opened) {
      return system_error("listing", directory, errno);
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(opened.get())) {
      if (const std::string_view name = entry->d_name; name != "." && name != "..") {
        names.emplace_back(name);
      }
      errno = 0;  // only readdir itself may tell something by it
    }
    if (errno != 0) {
      return system_error("listing", directory, errno);
    }
    std::ranges::sort(names);
    return names;
  }

  [[nodiscard]] bool exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

  Result<void> rename(const std::string& from, const std::string& to) override {
    return ::rename(from.c_str(), to.c_str()) == 0 ? Result<void>{} : system_error("renaming", from, errno);
  }

  Result<void> remove(const std::string& path) override {
    return ::unlink(path.c_str()) == 0 ? Result<void>{} : system_error("removing", path, errno);
  }

  Result<void> remove_directory(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    return error ? system_error("removing", path, error.value()) : Result<void>{};
  }

  Result<std::shared_ptr<void>> lock(const std::string& path) override {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, file_mode);
    if (descriptor < 0) {
      return system_error("opening", path, errno);
    }
    // That of sync_all, while there are descriptors: a commit must not fail for want of one.
    if (auto root = root_of(std::filesystem::path(path).parent_path().string()); !root) {
      ::close(descriptor);
      return std::unexpected(root.error());
    }
    std::shared_ptr<void> held(nullptr, [descriptor](void*) { ::close(descriptor); });
    // Not flock: this one and the one that Kafka takes keep each other out.
    struct flock whole_file{.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
    if (::fcntl(descriptor, F_OFD_SETLK, &whole_file) != 0) {
      return errno == EAGAIN || errno == EACCES
                 ? failure(ErrorCode::KAFKA_STORAGE_ERROR, path + " is locked by another process")
                 : system_error("locking", path, errno);
    }
    return held;
  }

  Result<void> sync_directory(const std::string& path) override {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
      return system_error("opening", path, errno);
    }
    auto outcome = synced(::fsync(descriptor), path, has_failed_sync_);
    ::close(descriptor);
    return outcome;
  }

  // The descriptor stays open: the kernel tells each of them the write errors since its last call.
  Result<void> sync_all(const std::string& path) override {
    const auto root = root_of(path);
    if (!root) {
      return std::unexpected(root.error());
    }
    return synced(::syncfs(*root), path, has_failed_sync_);
  }

  Result<std::int64_t> free_bytes(const std::string& path) override {
    struct statvfs status{};
    if (::statvfs(path.c_str(), &status) != 0) {
      return system_error("looking at", path, errno);
    }
    return static_cast<std::int64_t>(status.f_bavail) * static_cast<std::int64_t>(status.f_frsize);
  }

 private:
  Result<int> root_of(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (const auto known = roots_.find(path); known != roots_.end()) {
      return known->second;
    }
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
      return system_error("opening", path, errno);
    }
    return roots_.emplace(path, descriptor).first->second;
  }

  std::mutex mutex_;
  std::map<std::string, int> roots_;
};

}  // namespace

std::unique_ptr<Disk> make_posix_disk() { return std::make_unique<PosixDisk>(); }

}  // namespace ottla
