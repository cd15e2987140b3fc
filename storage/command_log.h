// The log under the cluster's metadata: entries in order, each durable before write returns, a snapshot that stands for
// a prefix, and the vote of this server. Opaque bytes to this class: replication/controller.h gives commands a meaning,
// replication/quorum/ the rest.
//
// Files in `.ottla-metadata/`, all numbers big-endian (layout: command_log_format.h):
//   log       header (magic, version, the index and term it follows, CRC), then entries
//   snapshot  header (magic, version, index and term of the last entry in it, size, CRC), then what it holds
//   vote      magic, version, term, voted for, CRC
//
// An entry carries the index that was durable when it was written. That tells a torn tail, which recovery cuts, from
// damage, which it must not: a bad entry is damage if any sound entry behind it says that it had been durable.
//
// Version 1 is that of a broker on its own: commands only, no vote, a snapshot that holds the image alone. A log stays
// one until something else is written to it.
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

  // What kinds there are besides commands is the quorum's affair.
  static constexpr std::uint8_t command = 1;
  static constexpr std::uint8_t kind_max = 16;
  struct Entry {
    std::uint64_t index = 0;  // from 1, without gaps
    std::uint64_t term = 0;   // never falls
    Bytes bytes;
    std::uint8_t kind = command;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  struct Snapshot {
    std::uint64_t index = 0;  // of the last entry in the image
    std::uint64_t term = 0;
    Bytes bytes;                            // the image
    std::uint64_t configuration_index = 0;  // of the entry that made the configuration; 0: there is none, version 1
    Bytes configuration;
    friend bool operator==(const Snapshot&, const Snapshot&) = default;
  };
  struct Vote {
    std::uint64_t term = 0;
    std::uint64_t voted_for = 0;  // in that term; 0: nobody
    friend bool operator==(const Vote&, const Vote&) = default;
  };

  // `directory` is the data directory. Cuts a torn tail, durably. Errors (KAFKA_STORAGE_ERROR, one line): damage before
  // the end, a snapshot that is missing or damaged, a newer format.
  static Result<std::unique_ptr<CommandLog>> open(Disk& disk, const std::string& directory);
  // The errors that open would give, and one if there is no log; changes nothing.
  static Result<void> check(Disk& disk, const std::string& directory);
  CommandLog(const CommandLog&) = delete;
  CommandLog& operator=(const CommandLog&) = delete;

  [[nodiscard]] const std::optional<Snapshot>& snapshot() const { return snapshot_; }
  // Those after the snapshot, in order.
  [[nodiscard]] std::span<const Entry> entries() const;
  // Also those that the snapshot stands for and that are still there.
  [[nodiscard]] const std::vector<Entry>& all_entries() const { return entries_; }
  [[nodiscard]] std::uint64_t first_index() const { return base_index_ + 1; }
  [[nodiscard]] std::uint64_t last_index() const { return base_index_ + entries_.size(); }
  [[nodiscard]] std::uint64_t last_term() const { return entries_.empty() ? base_term_ : entries_.back().term; }
  // None: this server was never asked for one.
  [[nodiscard]] const std::optional<Vote>& vote() const { return vote_; }
  // What open cut off the end, for the log; 0: nothing.
  [[nodiscard]] std::int64_t cut_bytes() const { return cut_bytes_; }

  // From here on nothing is known about what the disk holds once a sync has failed: every later call fails until the
  // log is opened again. Errors: KAFKA_STORAGE_ERROR; INVALID_REQUEST for what cannot follow what is there.

  // One write and one sync for all. A failed write leaves the log as it was. INVALID_REQUEST also for an entry above
  // entry_max_bytes.
  Result<void> append(std::span<const Entry> entries);
  // These take the place of all entries from `first` on, all at once. Not into the snapshot.
  Result<void> write(std::uint64_t first, std::span<const Entry> entries);

  // The image stands for all up to `index` from here on; entries after it are kept.
  Result<void> write_snapshot(std::uint64_t index, std::uint64_t term, Bytes image);
  // It stands for all up to its index, which the log holds; entries from `keep_from` on are kept, even such before it.
  Result<void> write_snapshot(Snapshot snapshot, std::uint64_t keep_from);
  // From elsewhere, beyond the log or instead of it: no entry is kept. Until it is durable, all of them are.
  Result<void> install_snapshot(Snapshot snapshot);

  Result<void> store_vote(Vote vote);

 private:
  CommandLog(Disk& disk, const std::string& directory);
  Result<void> load_snapshot();
  Result<void> load_vote();
  Result<void> load_log();
  Result<std::size_t> read_log(std::span<const std::byte> content);
  Result<void> read_header(std::span<const std::byte> content);
  Result<std::size_t> read_entries(std::span<const std::byte> content);
  Result<void> cut(std::size_t end, std::size_t size);
  Result<void> join_snapshot();
  Result<void> store_snapshot(Snapshot snapshot);
  void drop_entries_before(std::uint64_t index);
  void drop_log();
  [[nodiscard]] bool has(std::uint64_t index, std::uint64_t term) const;
  Result<void> start_log();
  Result<void> become_version_2();
  Result<void> write_over(std::uint64_t first, std::span<const Entry> entries);
  Result<void> check_sequence(std::span<const Entry> entries) const;
  Result<void> die(Error error);

  Disk& disk_;
  const std::string directory_;
  std::shared_ptr<File> file_;
  std::optional<Snapshot> snapshot_;
  std::vector<Entry> entries_;
  std::optional<Vote> vote_;
  std::uint32_t version_ = 1;
  std::uint64_t base_index_ = 0;  // the entries follow this one
  std::uint64_t base_term_ = 0;
  std::uint64_t durable_index_ = 0;
  std::int64_t end_bytes_ = 0;
  std::int64_t cut_bytes_ = 0;
  std::optional<Error> dead_;
};

}  // namespace ottla
