#include "storage/command_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/command_log_format.h"

namespace ottla {

namespace {

std::string log_path(const std::string& directory) { return directory + "/log"; }
std::string snapshot_path(const std::string& directory) { return directory + "/snapshot"; }

std::unexpected<Error> unusable(const std::string& path, std::string_view why) {
  return failure(ErrorCode::KAFKA_STORAGE_ERROR, fmt::format("metadata file {} cannot be used: {}", path, why));
}

// Does anything behind a bad entry prove that the entry had been durable? Its own size cannot be trusted, so every
// position is tried; an index out of bounds rules nearly all of them out without a CRC.
bool was_durable(std::span<const std::byte> behind, std::uint64_t bad_index) {
  for (std::size_t at = entry_header_bytes; at + entry_header_bytes <= behind.size(); ++at) {
    const std::uint64_t max_index = bad_index + at / entry_header_bytes;
    const auto found = decode_entry(behind.subspan(at), bad_index + 1, max_index);
    if (found && found->durable_index >= bad_index) {
      return true;
    }
  }
  return false;
}

}  // namespace

CommandLog::CommandLog(Disk& disk, const std::string& directory)
    : disk_(disk), directory_(directory + "/.ottla-metadata") {}

Result<std::unique_ptr<CommandLog>> CommandLog::open(Disk& disk, const std::string& directory) {
  std::unique_ptr<CommandLog> log(new CommandLog(disk, directory));
  auto done = disk.make_directories(log->directory_);
  done = done ? disk.sync_directory(directory) : done;
  done = done ? log->load_snapshot() : done;
  done = done ? log->load_log() : done;
  done = done ? log->drop_entries_in_snapshot() : done;
  if (!done) {
    return std::unexpected(std::move(done.error()));
  }
  return log;
}

Result<void> CommandLog::load_snapshot() {
  const std::string path = snapshot_path(directory_);
  if (!disk_.exists(path)) {
    return {};
  }
  const auto content = read_whole_file(disk_, path);
  if (!content) {
    return std::unexpected(content.error());
  }
  auto decoded = decode_snapshot(*content);
  if (!decoded) {
    return unusable(path, decoded.error().message);
  }
  snapshot_ = std::move(*decoded);
  return {};
}

Result<void> CommandLog::load_log() {
  const std::string path = log_path(directory_);
  if (!disk_.exists(path)) {
    return snapshot_ ? unusable(path, "it is missing, but there is a snapshot") : start_log();
  }
  const auto content = read_whole_file(disk_, path);
  if (!content) {
    return std::unexpected(content.error());
  }
  auto file = disk_.open(path, OpenMode::write_existing);
  if (!file) {
    return std::unexpected(std::move(file.error()));
  }
  file_ = std::move(*file);
  auto read = read_header(*content);
  return read ? read_entries(*content) : read;
}

Result<void> CommandLog::read_header(std::span<const std::byte> content) {
  const auto header = decode_log_header(content);
  if (!header) {
    return unusable(log_path(directory_), header.error().message);
  }
  if (header->base_index > (snapshot_ ? snapshot_->index : 0)) {
    return unusable(log_path(directory_),
                    fmt::format("it goes on from entry {}, and no snapshot reaches there", header->base_index));
  }
  base_index_ = header->base_index;
  base_term_ = header->base_term;
  return {};
}

Result<void> CommandLog::read_entries(std::span<const std::byte> content) {
  std::size_t at = log_header_bytes;
  while (at < content.size()) {
    const std::uint64_t expected = last_index() + 1;
    const auto entry = decode_entry(content.subspan(at), expected, expected);
    if (!entry || entry->term < last_term()) {
      if (was_durable(content.subspan(at), expected)) {
        return unusable(log_path(directory_), fmt::format("entry {} at byte {} is damaged", expected, at));
      }
      return cut(at, content.size());
    }
    entries_.push_back({entry->index, entry->term, Bytes(entry->command.begin(), entry->command.end())});
    at += entry->size_bytes();
  }
  return cut(at, content.size());
}

// Synced even if there is nothing to cut: what was read may so far lie in the page cache only.
Result<void> CommandLog::cut(std::size_t end, std::size_t size) {
  end_bytes_ = static_cast<std::int64_t>(end);
  cut_bytes_ = static_cast<std::int64_t>(size - end);
  if (cut_bytes_ > 0) {
    if (auto done = file_->truncate(end_bytes_); !done) {
      return done;
    }
  }
  durable_index_ = last_index();
  return file_->sync();
}

// A crash after the snapshot and before the new log leaves the old log with entries that the snapshot holds.
Result<void> CommandLog::drop_entries_in_snapshot() {
  if (!snapshot_ || snapshot_->index == base_index_) {
    return {};
  }
  const std::uint64_t in_snapshot = snapshot_->index - base_index_;
  const auto count = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(in_snapshot, entries_.size()));
  entries_.erase(entries_.begin(), entries_.begin() + count);
  base_index_ = snapshot_->index;
  base_term_ = snapshot_->term;
  return start_log();
}

// Replaces the log by one with the present base and entries.
Result<void> CommandLog::start_log() {
  Writer writer;
  writer.raw(encode_log_header({base_index_, base_term_}));
  for (const Entry& entry : entries_) {
    encode_entry(writer, entry, last_index());
  }
  const std::string path = log_path(directory_);
  if (auto written = replace_file(disk_, path, writer.flatten()); !written) {
    return written;
  }
  auto file = disk_.open(path, OpenMode::write_existing);
  if (!file) {
    return std::unexpected(std::move(file.error()));
  }
  file_ = std::move(*file);
  end_bytes_ = static_cast<std::int64_t>(writer.size_bytes());
  durable_index_ = last_index();
  return {};
}

Result<void> CommandLog::check_sequence(std::span<const Entry> entries) const {
  std::uint64_t index = last_index();
  std::uint64_t term = last_term();
  for (const Entry& entry : entries) {
    if (entry.index != ++index || entry.term < term) {
      return failure(ErrorCode::INVALID_REQUEST,
                     fmt::format("metadata entry {} of term {} cannot follow entry {} of term {}", entry.index,
                                 entry.term, index - 1, term));
    }
    if (entry.bytes.size() > entry_max_bytes) {
      return failure(ErrorCode::INVALID_REQUEST, fmt::format("a metadata command of {} bytes is above the bound of {}",
                                                             entry.bytes.size(), entry_max_bytes));
    }
    term = entry.term;
  }
  return {};
}

Result<void> CommandLog::append(std::span<const Entry> entries) {
  if (dead_) {
    return std::unexpected(*dead_);
  }
  if (auto fits = check_sequence(entries); !fits) {
    return fits;
  }
  Writer writer;
  for (const Entry& entry : entries) {
    encode_entry(writer, entry, durable_index_);
  }
  const Bytes bytes = writer.flatten();
  const std::span<const std::byte> part(bytes);
  if (auto written = file_->write_at({&part, 1}, end_bytes_); !written) {
    const auto restored = file_->truncate(end_bytes_);
    return restored ? written : die(std::move(written.error()));
  }
  if (auto synced = file_->sync_data(); !synced) {
    return die(std::move(synced.error()));
  }
  end_bytes_ += static_cast<std::int64_t>(bytes.size());
  entries_.insert(entries_.end(), entries.begin(), entries.end());
  durable_index_ = last_index();
  return {};
}

Result<void> CommandLog::write_snapshot(std::uint64_t index, std::uint64_t term, Bytes image) {
  if (dead_) {
    return std::unexpected(*dead_);
  }
  if (index <= base_index_ || index > last_index()) {
    return failure(ErrorCode::INVALID_REQUEST,
                   fmt::format("no snapshot at {}: the log holds {} to {}", index, base_index_ + 1, last_index()));
  }
  Snapshot snapshot{index, term, std::move(image)};
  if (auto written = replace_file(disk_, snapshot_path(directory_), encode_snapshot(snapshot)); !written) {
    return die(std::move(written.error()));
  }
  snapshot_ = std::move(snapshot);
  auto restarted = drop_entries_in_snapshot();
  return restarted ? restarted : die(std::move(restarted.error()));
}

Result<void> CommandLog::die(Error error) {
  dead_ = error;
  return std::unexpected(std::move(error));
}

}  // namespace ottla
