// Reads each file of a directory as one record batch and tells what it holds, for differential.py:
//
//   fuzz_read_batches DIRECTORY    a line for each file, by name: "NAME COUNT CRC", or "NAME refused: WHY"
//
// The CRC-32C is of each record's offset, timestamp, key and value, as ReadBatches.java has it.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "compat-tests/fuzz/fuzz.h"
#include "protocol/record.h"
#include "protocol/record_batch.h"

namespace ottla {

namespace {

Bytes content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

void add(Writer& writer, const std::optional<std::span<const std::byte>>& part) {
  writer.integer(part ? static_cast<std::int32_t>(part->size()) : std::int32_t{-1});
  writer.raw(part.value_or(std::span<const std::byte>{}));
}

Result<std::string> read(const Bytes& batch) {
  if (auto whole = check_batch_frame(batch, stored_batch_limits); !whole) {
    return std::unexpected(std::move(whole.error()));
  }
  const auto header = BatchHeader::read(batch);
  Writer seen;
  std::int32_t count = 0;
  const auto walked = for_each_record(batch, stored_batch_limits, [&](const RecordView& record) -> Result<void> {
    // As Java has it: numbers go round.
    const auto offset = static_cast<std::uint64_t>(header.base_offset.value) +
                        static_cast<std::uint64_t>(std::int64_t{record.offset_delta});
    const auto time_ms = header.has_log_append_time() ? static_cast<std::uint64_t>(header.max_timestamp_ms)
                                                      : static_cast<std::uint64_t>(header.base_timestamp_ms) +
                                                            static_cast<std::uint64_t>(record.timestamp_delta_ms);
    seen.integer(offset);
    seen.integer(time_ms);
    add(seen, record.key);
    add(seen, record.value);
    ++count;
    return {};
  });
  return walked ? Result<std::string>(fmt::format("{} {:08x}", count, crc32c(seen.flatten())))
                : std::unexpected(walked.error());
}

}  // namespace

}  // namespace ottla

int main(int count, char** arguments) {
  if (count != 2) {
    fmt::print(stderr, "usage: fuzz_read_batches DIRECTORY\n");
    return 2;
  }
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(arguments[1])) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  for (const auto& path : paths) {
    const auto told = ottla::read(ottla::content_of(path));
    fmt::print("{} {}\n", path.filename().string(), told ? *told : "refused: " + told.error().message);
  }
  return 0;
}
