#include "storage/open_files.h"

namespace ottla {

Result<std::shared_ptr<File>> OpenFiles::open(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_path_.find(path); found != by_path_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    found->second->used = true;
    return found->second->file;
  }
  auto file = disk_.open(path, OpenMode::write_existing);
  if (!file && !entries_.empty() && disk_.exists(path)) {
    shrink_to(entries_.size() / 2);
    file = disk_.open(path, OpenMode::write_existing);
  }
  if (!file) {
    return file;
  }
  entries_.push_front({path, *file});
  by_path_[entries_.front().path] = entries_.begin();
  shrink_to(max_files_);
  return file;
}

void OpenFiles::forget(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_path_.find(path); found != by_path_.end()) {
    erase(found->second);
  }
}

void OpenFiles::close_unused() {
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto next = std::next(entry);
    if (!std::exchange(entry->used, false)) {
      erase(entry);
    }
    entry = next;
  }
}

std::size_t OpenFiles::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

void OpenFiles::erase(Entries::iterator entry) {
  by_path_.erase(entry->path);
  entries_.erase(entry);
}

void OpenFiles::shrink_to(std::size_t files) {
  while (entries_.size() > files) {
    erase(std::prev(entries_.end()));
  }
}

}  // namespace ottla
