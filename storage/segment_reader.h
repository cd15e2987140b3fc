// Reads one segment file batch by batch, and only reads: for the tools that look at a log from outside.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "protocol/primitives.h"
#include "protocol/record_batch.h"
#include "storage/file.h"

namespace ottla {

// A whole batch whose CRC is right.
struct StoredBatch {
  BatchHeader header;
  std::int64_t position = 0;
  std::span<const std::byte> bytes;  // until the next call of the reader
  [[nodiscard]] std::int64_t end() const { return position + header.size_bytes(); }
};

class SegmentReader {
 public:
  // The file as long as it is now; a broker may go on writing behind that.
  static Result<SegmentReader> open(Disk& disk, const std::string& path);

  [[nodiscard]] std::int64_t size_bytes() const { return size_bytes_; }
  // Error CORRUPT_MESSAGE: what is there instead, in one clause ("a batch of 300 bytes, of which 120 are there"). Any
  // other error is the disk's.
  Result<StoredBatch> batch_at(std::int64_t position);
  // Where reading can go on behind a bad batch: if its length still leads to a sound one, there.
  Result<std::optional<std::int64_t>> sound_batch_behind(std::int64_t position);

 private:
  SegmentReader(std::shared_ptr<File> file, std::int64_t size_bytes)
      : file_(std::move(file)), size_bytes_(size_bytes) {}
  // Nothing below or beyond the file. Fewer bytes than asked for if the file has become shorter.
  Result<std::span<const std::byte>> window(std::int64_t position, std::int64_t bytes);

  std::shared_ptr<File> file_;
  std::int64_t size_bytes_ = 0;
  Bytes buffer_;
  std::int64_t buffer_begin_ = 0;
};

// The records of a whole batch: lengths, offset deltas that rise and stay within the header's, their count.
// Decompresses. Error: one clause.
Result<void> check_records(std::span<const std::byte> batch);

}  // namespace ottla
