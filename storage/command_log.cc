#include "storage/command_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/command_log_format.h"

namespace ottla {

namespace {

std::string log_path(const std::string& directory) { return directory + "/log"; }
std::string snapshot_path(const std::string& directory) { return directory + "/snapshot"; }
std::string vote_path(const std::string& directory) { return directory + "/vote"; }

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
  done = done ? log->load_vote() : done;
  done = done ? log->join_snapshot() : done;
  if (!done) {
    return std::unexpected(std::move(done.error()));
  }
  return log;
}

Result<void> CommandLog::check(Disk& disk, const std::string& directory) {
  CommandLog log(disk, directory);
  if (auto done = log.load_snapshot(); !done) {
    return done;
  }
  const auto content = read_whole_file(disk, log_path(log.directory_));
  const auto read = content ? log.read_log(*content) : std::unexpected(content.error());
  return read ? log.load_vote() : std::unexpected(read.error());
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

Result<void> CommandLog::load_vote() {
  const std::string path = vote_path(directory_);
  if (!disk_.exists(path)) {
    return version_ == 1 ? Result<void>{} : unusable(path, "it is missing, and this server may have voted");
  }
  const auto content = read_whole_file(disk_, path);
  if (!content) {
    return std::unexpected(content.error());
  }
  auto decoded = decode_vote(*content);
  if (!decoded) {
    return unusable(path, decoded.error().message);
  }
  vote_ = *decoded;
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
  const auto end = read_log(*content);
  return end ? cut(*end, content->size()) : std::unexpected(end.error());
}

// Where the sound entries end.
Result<std::size_t> CommandLog::read_log(std::span<const std::byte> content) {
  if (auto read = read_header(content); !read) {
    return std::unexpected(std::move(read.error()));
  }
  return read_entries(content);
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
  version_ = header->version;
  base_index_ = header->base_index;
  base_term_ = header->base_term;
  return {};
}

Result<std::size_t> CommandLog::read_entries(std::span<const std::byte> content) {
  std::size_t at = log_header_bytes;
  while (at < content.size()) {
    const std::uint64_t expected = last_index() + 1;
    const auto entry = decode_entry(content.subspan(at), expected, expected);
    if (!entry || entry->term < last_term()) {
      if (was_durable(content.subspan(at), expected)) {
        return unusable(log_path(directory_), fmt::format("entry {} at byte {} is damaged", expected, at));
      }
      return at;
    }
    entries_.push_back({entry->index, entry->term, Bytes(entry->bytes.begin(), entry->bytes.end()), entry->kind});
    at += entry->size_bytes();
  }
  return at;
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

// A crash after the snapshot and before the new log leaves the old log: with entries that the snapshot stands for, or
// with another history, if the snapshot came from elsewhere.
Result<void> CommandLog::join_snapshot() {
  if (!snapshot_ || snapshot_->index == base_index_) {
    return {};
  }
  if (!has(snapshot_->index, snapshot_->term)) {
    drop_log();
  } else if (snapshot_->configuration_index == 0) {
    drop_entries_before(snapshot_->index + 1);
  } else {
    return {};  // kept, for servers that are a little behind
  }
  return start_log();
}

bool CommandLog::has(std::uint64_t index, std::uint64_t term) const {
  return index > base_index_ && index <= last_index() && entries_[index - base_index_ - 1].term == term;
}

// REQUIRES: an entry before `index` is there.
void CommandLog::drop_entries_before(std::uint64_t index) {
  const auto count = static_cast<std::ptrdiff_t>(index - 1 - base_index_);
  base_term_ = entries_[static_cast<std::size_t>(count) - 1].term;
  base_index_ = index - 1;
  entries_.erase(entries_.begin(), entries_.begin() + count);
}

void CommandLog::drop_log() {
  entries_.clear();
  base_index_ = snapshot_->index;
  base_term_ = snapshot_->term;
}

std::span<const CommandLog::Entry> CommandLog::entries() const {
  return std::span(entries_).subspan(snapshot_ ? snapshot_->index - base_index_ : 0);
}

// Replaces the log by one with the present base and entries.
Result<void> CommandLog::start_log() {
  Writer writer;
  writer.raw(encode_log_header({version_, base_index_, base_term_}));
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

Result<void> CommandLog::die(Error error) {
  dead_ = error;
  return std::unexpected(std::move(error));
}

}  // namespace ottla
