#include "storage/fault_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/record_batch.h"
#include "storage/fault_node.h"

namespace ottla {

namespace {

std::unexpected<Error> fault(std::string_view operation, std::string_view path, std::string_view reason) {
  return failure(ErrorCode::KAFKA_STORAGE_ERROR, fmt::format("{} {}: {}", operation, path, reason));
}

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at && path.substr(at, end - at) != ".") {
      parts.push_back(path.substr(at, end - at));
    }
    at = end + 1;
  }
  return parts;
}

}  // namespace

class FaultFile final : public File {
 public:
  FaultFile(FaultDisk& disk, std::shared_ptr<FaultDisk::Node> node, std::string path)
      : disk_(disk), node_(std::move(node)), path_(std::move(path)) {
    ++disk_.open_files_;
  }
  FaultFile(const FaultFile&) = delete;
  FaultFile& operator=(const FaultFile&) = delete;
  ~FaultFile() override {
    const std::lock_guard lock(disk_.mutex_);
    --disk_.open_files_;
  }

  Result<std::size_t> read_at(std::span<std::byte> buffer, std::int64_t position) const override {
    const std::lock_guard lock(disk_.mutex_);
    if (!disk_.unreadable_path.empty() && path_.find(disk_.unreadable_path) != std::string::npos) {
      return fault("reading", path_, "Input/output error");
    }
    const auto begin = std::min(static_cast<std::size_t>(position), node_->live.size());
    const std::size_t size = std::min(buffer.size(), node_->live.size() - begin);
    std::copy_n(node_->live.begin() + static_cast<std::ptrdiff_t>(begin), size, buffer.begin());
    return size;
  }

  // Fails half done, as a real write does when the disk is full.
  Result<void> write_at(std::span<const std::span<const std::byte>> parts, std::int64_t position) override {
    if (auto may = disk_.change("write " + path_); !may) {
      return may;
    }
    const std::lock_guard lock(disk_.mutex_);
    if (is_due(disk_.fail_write_after)) {
      grow_by(parts.front().first(parts.front().size() / 2), position);
      return fault("writing", path_, "Input/output error");
    }
    for (const auto part : parts) {
      const std::int64_t end = position + static_cast<std::int64_t>(part.size());
      const std::int64_t growth = std::max<std::int64_t>(0, end - static_cast<std::int64_t>(node_->live.size()));
      const std::int64_t left = disk_.capacity_bytes - disk_.used_bytes_;
      if (growth > left) {
        const auto fits = std::max<std::int64_t>(
            0, static_cast<std::int64_t>(part.size()) - (growth - std::max<std::int64_t>(0, left)));
        grow_by(part.first(static_cast<std::size_t>(fits)), position);
        return fault("writing", path_, "No space left on device");
      }
      grow_by(part, position);
      position = end;
    }
    return {};
  }

  Result<void> sync_data() override { return sync(); }
  Result<void> sync() override {
    if (auto may = disk_.change("sync " + path_); !may) {
      return may;
    }
    const std::lock_guard lock(disk_.mutex_);
    return disk_.sync_file(*node_, path_);
  }

  Result<void> truncate(std::int64_t size) override {
    if (auto may = disk_.change("truncate " + path_); !may) {
      return may;
    }
    const std::lock_guard lock(disk_.mutex_);
    disk_.used_bytes_ += size - static_cast<std::int64_t>(node_->live.size());
    node_->resize(size);
    return {};
  }

  [[nodiscard]] Result<std::int64_t> size() const override {
    const std::lock_guard lock(disk_.mutex_);
    return static_cast<std::int64_t>(node_->live.size());
  }

  void forget_cached() override {
    const std::lock_guard lock(disk_.mutex_);
    node_->forget_cached();
  }

 private:
  void grow_by(std::span<const std::byte> bytes, std::int64_t position) {
    const std::size_t before = node_->live.size();
    node_->write(bytes, position);
    disk_.used_bytes_ += static_cast<std::int64_t>(node_->live.size() - before);
  }

  FaultDisk& disk_;
  const std::shared_ptr<FaultDisk::Node> node_;
  const std::string path_;
};

FaultDisk::FaultDisk(std::uint64_t seed) : random_(seed), root_(std::make_shared<Node>()) {
  root_->is_directory = true;
}
FaultDisk::~FaultDisk() = default;

Result<void> FaultDisk::change(std::string_view what) {
  if (before_change) {
    before_change(what);
  }
  const std::lock_guard lock(mutex_);
  return ++changes > stop_after ? failure(ErrorCode::KAFKA_STORAGE_ERROR, "the disk has stopped") : Result<void>{};
}

bool FaultDisk::sync_fails() {
  ++syncs_;
  if (is_due(fail_sync_after)) {
    has_failed_sync_ = true;
    return true;
  }
  return false;
}

Result<void> FaultDisk::sync_file(Node& file, const std::string& path) {
  if (sync_fails()) {
    file.fail_to_sync(failed_sync, random_);
    return fault("syncing", path, "Input/output error");
  }
  file.sync();
  return {};
}

FaultDisk::NodePtr FaultDisk::find(const std::string& path) const {
  NodePtr node = root_;
  for (const std::string& part : parts_of(path)) {
    const auto found = node->entries.find(part);
    if (!node->is_directory || found == node->entries.end()) {
      return nullptr;
    }
    node = found->second;
  }
  return node;
}

Result<FaultDisk::NodePtr> FaultDisk::parent_of(const std::string& path, std::string& name) const {
  auto parts = parts_of(path);
  if (parts.empty()) {
    return fault("opening", path, "Is a directory");
  }
  name = parts.back();
  auto parent = find(path.substr(0, path.rfind(name)));
  if (!parent || !parent->is_directory) {
    return fault("opening", path, "No such file or directory");
  }
  return parent;
}

Result<std::shared_ptr<File>> FaultDisk::open(const std::string& path, OpenMode mode) {
  const bool may_create = mode == OpenMode::create_new || mode == OpenMode::create_or_open;
  if (may_create && !exists(path)) {
    if (auto may = change("create " + path); !may) {
      return std::unexpected(std::move(may.error()));
    }
  }
  const std::lock_guard lock(mutex_);
  if (open_files_ >= max_open_files) {
    return fault("opening", path, "Too many open files");
  }
  std::string name;
  const auto parent = parent_of(path, name);
  if (!parent) {
    return std::unexpected(parent.error());
  }
  const auto found = (*parent)->entries.find(name);
  if (found != (*parent)->entries.end()) {
    if (mode == OpenMode::create_new) {
      return fault("opening", path, "File exists");
    }
    return found->second->is_directory ? Result<std::shared_ptr<File>>(fault("opening", path, "Is a directory"))
                                       : std::make_shared<FaultFile>(*this, found->second, path);
  }
  if (!may_create) {
    return fault("opening", path, "No such file or directory");
  }
  auto made = std::make_shared<Node>();
  (*parent)->apply({.removed = {}, .added = name, .node = made});
  return std::make_shared<FaultFile>(*this, made, path);
}

Result<void> FaultDisk::make_directories(const std::string& path) {
  if (auto may = change("mkdir " + path); !may) {
    return may;
  }
  const std::lock_guard lock(mutex_);
  NodePtr node = root_;
  for (const std::string& part : parts_of(path)) {
    if (!node->entries.contains(part)) {
      auto made = std::make_shared<Node>();
      made->is_directory = true;
      node->apply({.removed = {}, .added = part, .node = made});
    }
    node = node->entries[part];
    if (!node->is_directory) {
      return fault("making directory", path, "Not a directory");
    }
  }
  return {};
}

Result<std::vector<std::string>> FaultDisk::list(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  const auto node = find(directory);
  if (!node || !node->is_directory) {
    return fault("listing", directory, "Not a directory");
  }
  std::vector<std::string> names;
  for (const auto& [name, entry] : node->entries) {
    names.push_back(name);
  }
  return names;
}

bool FaultDisk::exists(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto node = find(path);
  return node && (node->is_directory || !path.ends_with("/."));
}

// REQUIRES: both in one directory; that is all this project does.
Result<void> FaultDisk::rename(const std::string& from, const std::string& to) {
  if (auto may = change("rename " + from); !may) {
    return may;
  }
  const std::lock_guard lock(mutex_);
  std::string old_name;
  std::string new_name;
  const auto parent = parent_of(from, old_name);
  const auto same_parent = parent_of(to, new_name);
  if (!parent || !same_parent || *parent != *same_parent || !(*parent)->entries.contains(old_name)) {
    return fault("renaming", from, "No such file or directory");
  }
  const auto node = (*parent)->entries[old_name];
  (*parent)->apply({.removed = old_name, .added = new_name, .node = node});
  return {};
}

Result<void> FaultDisk::remove(const std::string& path) {
  if (auto may = change("remove " + path); !may) {
    return may;
  }
  const std::lock_guard lock(mutex_);
  std::string name;
  const auto parent = parent_of(path, name);
  if (!parent || !(*parent)->entries.contains(name)) {
    return fault("removing", path, "No such file or directory");
  }
  used_bytes_ -= static_cast<std::int64_t>((*parent)->entries[name]->live.size());
  (*parent)->apply({.removed = name, .added = {}, .node = {}});
  return {};
}

Result<void> FaultDisk::remove_directory(const std::string& path) {
  if (!exists(path)) {
    return {};
  }
  for (const std::string& name : list(path).value_or(std::vector<std::string>{})) {
    if (auto removed = remove_directory(fmt::format("{}/{}", path, name)); !removed) {
      return removed;
    }
  }
  return remove(path);
}

Result<std::shared_ptr<void>> FaultDisk::lock(const std::string& path) {
  const std::lock_guard guard(mutex_);
  if (!locked_.insert(path).second) {
    return failure(ErrorCode::KAFKA_STORAGE_ERROR, path + " is locked by another process");
  }
  return std::shared_ptr<void>(this, [path](void* disk) {
    auto* const self = static_cast<FaultDisk*>(disk);
    const std::lock_guard held(self->mutex_);
    self->locked_.erase(path);
  });
}

bool FaultDisk::is_locked(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return locked_.contains(path);
}

Result<void> FaultDisk::sync_directory(const std::string& path) {
  if (auto may = change("sync directory " + path); !may) {
    return may;
  }
  const std::lock_guard lock(mutex_);
  const auto node = find(path);
  if (!node || !node->is_directory) {
    return fault("opening", path, "Not a directory");
  }
  if (sync_fails()) {
    return fault("syncing", path, "Input/output error");
  }
  node->sync_entries();
  return {};
}

Result<void> FaultDisk::sync_all(const std::string& path) {
  if (auto may = change("sync all"); !may) {
    return may;
  }
  const std::lock_guard lock(mutex_);
  std::vector<NodePtr> left{root_};
  const bool fails = sync_fails();
  while (!left.empty()) {
    const NodePtr node = left.back();
    left.pop_back();
    for (const auto& [name, entry] : node->entries) {
      left.push_back(entry);
    }
    if (fails) {
      node->fail_to_sync(failed_sync, random_);
    } else if (node->is_directory) {
      node->sync_entries();
    } else {
      node->sync();
    }
  }
  return fails ? fault("syncing", path, "Input/output error") : Result<void>{};
}

Result<std::int64_t> FaultDisk::free_bytes(const std::string& /*path*/) {
  const std::lock_guard lock(mutex_);
  return std::max<std::int64_t>(0, capacity_bytes - used_bytes_);
}

std::unique_ptr<FaultDisk> FaultDisk::after_power_cut(std::uint64_t seed) const {
  const std::lock_guard lock(mutex_);
  auto survivor = std::make_unique<FaultDisk>(seed);
  survivor->root_ = root_->surviving(survivor->random_);
  survivor->used_bytes_ = survivor->root_->bytes_below();
  return survivor;
}

std::unique_ptr<FaultDisk> FaultDisk::after_kill() const {
  const std::lock_guard lock(mutex_);
  auto survivor = std::make_unique<FaultDisk>();
  survivor->root_ = root_->copy();
  survivor->used_bytes_ = used_bytes_;
  return survivor;
}

void FaultDisk::flip_bit(const std::string& path, std::int64_t position, unsigned bit) {
  const std::lock_guard lock(mutex_);
  const auto node = find(path);
  const auto at = static_cast<std::size_t>(position);
  const std::byte mask{static_cast<std::uint8_t>(1U << bit)};
  node->live[at] ^= mask;
  if (at < node->durable.size()) {
    node->durable[at] ^= mask;
  }
}

std::string FaultDisk::describe() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  const auto add = [&](const auto& self, const Node& node, const std::string& path) -> void {
    if (!node.is_directory) {
      text += fmt::format("{} {} {:08x}\n", path, node.live.size(), crc32c(node.live));
    }
    for (const auto& [name, entry] : node.entries) {
      self(self, *entry, fmt::format("{}/{}", path, name));
    }
  };
  add(add, *root_, "");
  return text;
}

}  // namespace ottla
