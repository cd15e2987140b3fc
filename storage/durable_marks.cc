#include "storage/durable_marks.h"

#include <algorithm>

#include "protocol/record_batch.h"

namespace ottla {

namespace {

constexpr std::uint64_t unsynced_entries_max = 32;
constexpr std::uint64_t entries_before_rewrite = 16'384;
constexpr std::size_t crc_at = DurableMarks::entry_bytes - sizeof(std::uint32_t);

struct Entry {
  PartitionKey key;
  DurableMark mark;
  std::uint64_t synced = 0;
};

// Over its fields and its number: what an earlier entry has left where a power cut took a later one is no entry.
std::uint32_t crc_of(std::span<const std::byte> fields, std::uint64_t number) {
  Writer writer;
  writer.raw(fields);
  writer.integer(static_cast<std::int64_t>(number));
  return crc32c(writer.flatten());
}

void encode(Writer& writer, const Entry& entry, std::uint64_t number) {
  Writer fields;
  fields.raw(std::as_bytes(std::span(entry.key.topic_id.bytes)));
  fields.integer(entry.key.index);
  fields.integer(entry.mark.durable_end_offset.value);
  fields.integer(entry.mark.epoch.value);
  fields.integer(entry.mark.last_batch_crc);
  fields.integer(static_cast<std::int64_t>(entry.synced));
  const Bytes bytes = fields.flatten();
  writer.raw(bytes);
  writer.integer(crc_of(bytes, number));
}

std::optional<Entry> decode(std::span<const std::byte> bytes, std::uint64_t number) {
  if (load_big_endian<std::uint32_t>(bytes.subspan(crc_at)) != crc_of(bytes.first(crc_at), number)) {
    return std::nullopt;
  }
  Reader reader({const_cast<std::byte*>(bytes.data()), bytes.size()});
  Entry entry;
  std::ranges::copy(std::as_bytes(reader.take(entry.key.topic_id.bytes.size())),
                    std::as_writable_bytes(std::span(entry.key.topic_id.bytes)).begin());
  entry.key.index = reader.integer<std::int32_t>();
  entry.mark.durable_end_offset.value = reader.integer<std::int64_t>();
  entry.mark.epoch.value = reader.integer<std::int32_t>();
  entry.mark.last_batch_crc = reader.integer<std::uint32_t>();
  entry.synced = static_cast<std::uint64_t>(reader.integer<std::int64_t>());
  return entry;
}

}  // namespace

DurableMarks::DurableMarks(Disk& disk, const std::string& directory)
    : disk_(disk), path_(directory + "/.ottla-durable") {}

Result<std::unique_ptr<DurableMarks>> DurableMarks::look(Disk& disk, const std::string& directory) {
  std::unique_ptr<DurableMarks> marks(new DurableMarks(disk, directory));
  if (disk.exists(marks->path_)) {
    const auto content = read_whole_file(disk, marks->path_);
    if (!content) {
      return std::unexpected(content.error());
    }
    marks->read(*content);
  }
  return marks;
}

Result<std::unique_ptr<DurableMarks>> DurableMarks::open(Disk& disk, const std::string& directory, bool discard) {
  auto marks =
      discard ? Result<std::unique_ptr<DurableMarks>>(new DurableMarks(disk, directory)) : look(disk, directory);
  if (!marks) {
    return marks;
  }
  if (auto rewritten = (*marks)->rewrite(); !rewritten) {
    return std::unexpected(std::move(rewritten.error()));
  }
  return marks;
}

// After a power cut any of the unsynced entries may be missing, and those behind still hold. An entry that had been
// synced and cannot be read is damage: it may have lowered a mark.
void DurableMarks::read(std::span<const std::byte> content) {
  std::optional<std::uint64_t> first_bad;
  std::uint64_t index = 0;
  for (; content.size() >= entry_bytes; content = content.subspan(entry_bytes), ++index) {
    const auto entry = decode(content.first(entry_bytes), index);
    if (!entry) {
      first_bad = first_bad.value_or(index);
      continue;
    }
    if (first_bad && *first_bad < entry->synced) {
      marks_.clear();
      warning_ = path_ + " is damaged; going on without it";
      return;
    }
    remember(entry->key, entry->mark);
  }
}

void DurableMarks::remember(const PartitionKey& key, const DurableMark& mark) {
  if (mark.durable_end_offset >= Offset{0}) {
    marks_[key] = mark;
  } else {
    marks_.erase(key);
  }
}

// REQUIRES: mutex_, or to be alone.
Result<void> DurableMarks::rewrite() {
  Writer writer;
  std::uint64_t number = 0;
  for (const auto& [key, mark] : marks_) {
    encode(writer, {key, mark, marks_.size()}, number++);
  }
  if (auto written = replace_file(disk_, path_, writer.flatten()); !written) {
    return written;
  }
  auto file = disk_.open(path_, OpenMode::write_existing);
  if (!file) {
    return std::unexpected(std::move(file.error()));
  }
  file_ = std::move(*file);
  written_ = syncing_ = synced_ = marks_.size();
  return {};
}

std::optional<DurableMark> DurableMarks::find(const PartitionKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = marks_.find(key);
  return found != marks_.end() ? std::optional(found->second) : std::nullopt;
}

void DurableMarks::note(const PartitionKey& key, const DurableMark& mark) {
  const std::lock_guard lock(mutex_);
  noted_[key] = mark;
}

// REQUIRES: mutex_. What a failed write leaves behind is overwritten by the next one.
Result<void> DurableMarks::append(std::span<const std::pair<PartitionKey, DurableMark>> entries) {
  if (failed_sync_) {
    return std::unexpected(*failed_sync_);
  }
  Writer writer;
  std::uint64_t number = written_;
  for (const auto& [key, mark] : entries) {
    encode(writer, {key, mark, synced_}, number++);
  }
  const Bytes bytes = writer.flatten();
  const std::span<const std::byte> part(bytes);
  if (auto written = file_->write_at({&part, 1}, static_cast<std::int64_t>(written_ * entry_bytes)); !written) {
    return written;
  }
  written_ += entries.size();
  for (const auto& [key, mark] : entries) {
    remember(key, mark);
  }
  return {};
}

Result<void> DurableMarks::write() {
  const std::lock_guard lock(mutex_);
  if (noted_.empty()) {
    return {};
  }
  const std::vector<std::pair<PartitionKey, DurableMark>> entries(noted_.begin(), noted_.end());
  if (auto appended = append(entries); !appended) {
    return appended;
  }
  noted_.clear();
  return written_ > entries_before_rewrite + 2 * marks_.size() ? rewrite() : Result<void>{};
}

Result<void> DurableMarks::sync() {
  if (auto written = write(); !written) {  // what recovery has noted, and no commit since
    return written;
  }
  const std::lock_guard lock(mutex_);
  return synced_ == written_ ? Result<void>{} : sync_entries();
}

// REQUIRES: mutex_.
Result<void> DurableMarks::sync_entries() {
  if (failed_sync_) {
    return std::unexpected(*failed_sync_);
  }
  auto synced = file_->sync_data();
  if (synced) {
    synced_ = written_;
  } else {
    failed_sync_ = synced.error();
  }
  return synced;
}

bool DurableMarks::wants_sync() const {
  const std::lock_guard lock(mutex_);
  return written_ - synced_ >= unsynced_entries_max;
}

void DurableMarks::sync_begins() {
  const std::lock_guard lock(mutex_);
  syncing_ = written_;
}

void DurableMarks::sync_is_done() {
  const std::lock_guard lock(mutex_);
  synced_ = std::max(synced_, std::min(syncing_, written_));
}

Result<void> DurableMarks::forget(const PartitionKey& key) { return lower(key, {.durable_end_offset = Offset{-1}}); }

Result<void> DurableMarks::lower(const PartitionKey& key, const DurableMark& mark) {
  const std::lock_guard lock(mutex_);
  noted_.erase(key);
  if (!marks_.contains(key) && mark.durable_end_offset < Offset{0}) {
    return {};
  }
  const std::pair entry{key, mark};
  if (auto appended = append({&entry, 1}); !appended) {
    return appended;
  }
  return sync_entries();
}

}  // namespace ottla
