// The metadata log of a cluster of one: commands in order, each durable before append returns, and a snapshot that
// stands for a prefix. Opaque bytes to this class; replication/controller.h gives them meaning.
//
// Two files in `.ottla-metadata/`, all numbers big-endian (layout: FORMAT.md):
//   log       header (magic, version, the index and term it follows, CRC), then entries
//   snapshot  header (magic, version, index and term of the last command in it, size, CRC), then the image
//
// An entry carries the index that was durable when it was written. That tells a torn tail, which recovery cuts, from
// damage, which it must not: a bad entry is damage if any sound entry behind it says that it had been durable.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/primitives.h"
#include "storage/file.h"

namespace ottla {

class CommandLog {
 public:
  static constexpr std::size_t entry_max_bytes = std::size_t{16} * 1024 * 1024;

  struct Entry {
    std::uint64_t index = 0;  // from 1, without gaps
    std::uint64_t term = 0;   // never falls
    Bytes bytes;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  struct Snapshot {
    std::uint64_t index = 0;  // of the last command in the image
    std::uint64_t term = 0;
    Bytes bytes;
  };

  // `directory` is the data directory. Cuts a torn tail, durably. Errors (KAFKA_STORAGE_ERROR, one line): damage before
  // the end, a snapshot that is missing or damaged, a newer format.
  static Result<std::unique_ptr<CommandLog>> open(Disk& disk, const std::string& directory);
  CommandLog(const CommandLog&) = delete;
  CommandLog& operator=(const CommandLog&) = delete;

  [[nodiscard]] const std::optional<Snapshot>& snapshot() const { return snapshot_; }
  // Those after the snapshot, in order.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] std::uint64_t last_index() const { return base_index_ + entries_.size(); }
  [[nodiscard]] std::uint64_t last_term() const { return entries_.empty() ? base_term_ : entries_.back().term; }
  // What open cut off the end, for the log; 0: nothing.
  [[nodiscard]] std::int64_t cut_bytes() const { return cut_bytes_; }

  // One write and one sync for all. A failed write leaves the log as it was. A failed sync is final: nothing is known
  // about what the disk holds, so every later call fails until the log is opened again.
  // Errors: KAFKA_STORAGE_ERROR; INVALID_REQUEST for an entry above entry_max_bytes or out of sequence.
  Result<void> append(std::span<const Entry> entries);

  // The image stands for all up to `index` from here on; entries after it are kept.
  Result<void> write_snapshot(std::uint64_t index, std::uint64_t term, Bytes image);

 private:
  CommandLog(Disk& disk, const std::string& directory);
  Result<void> load_snapshot();
  Result<void> load_log();
  Result<void> read_header(std::span<const std::byte> content);
  Result<void> read_entries(std::span<const std::byte> content);
  Result<void> cut(std::size_t end, std::size_t size);
  Result<void> drop_entries_in_snapshot();
  Result<void> start_log();
  Result<void> check_sequence(std::span<const Entry> entries) const;
  Result<void> die(Error error);

  Disk& disk_;
  const std::string directory_;
  std::shared_ptr<File> file_;
  std::optional<Snapshot> snapshot_;
  std::vector<Entry> entries_;
  std::uint64_t base_index_ = 0;  // the entries follow this one
  std::uint64_t base_term_ = 0;
  std::uint64_t durable_index_ = 0;
  std::int64_t end_bytes_ = 0;
  std::int64_t cut_bytes_ = 0;
  std::optional<Error> dead_;
};

}  // namespace ottla
