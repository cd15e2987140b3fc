#include "storage/compaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "protocol/record.h"

namespace ottla {

namespace {

constexpr std::string_view cleaned_suffix = ".log.cleaned";
constexpr std::size_t key_overhead_bytes = 64;  // of an entry of the map, roughly
constexpr std::size_t write_chunk_bytes = std::size_t{1024} * 1024;

using LastOffsets = std::unordered_map<std::string, Offset>;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Every batch of a source, checked.
Result<void> for_each_batch(const CompactionPlan::Source& source, const GoesOn& goes_on,
                            const std::function<Result<bool>(std::span<const std::byte>)>& visit) {
  Bytes bytes;
  for (std::int64_t position = 0; position + static_cast<std::int64_t>(batch_header_bytes) <= source.size_bytes;) {
    if (!goes_on()) {
      return failure(ErrorCode::KAFKA_STORAGE_ERROR, "the compaction was broken off");
    }
    bytes.resize(batch_header_bytes);
    const auto got = source.file->read_at(bytes, position);
    if (!got) {
      return std::unexpected(got.error());
    }
    const std::int64_t size = BatchHeader::read(bytes).size_bytes();
    if (size < static_cast<std::int64_t>(batch_header_bytes) || position + size > source.size_bytes) {
      return failure(ErrorCode::CORRUPT_MESSAGE,
                     fmt::format("segment {} is damaged at position {}", source.base_offset.value, position));
    }
    bytes.resize(static_cast<std::size_t>(size));
    const auto all = source.file->read_at(bytes, position);
    if (!all || *all != bytes.size() || !crc_is_right(bytes)) {
      return all ? failure(ErrorCode::CORRUPT_MESSAGE,
                           fmt::format("segment {} is damaged at position {}", source.base_offset.value, position))
                 : std::unexpected(all.error());
    }
    const auto more = visit(bytes);
    if (!more || !*more) {
      return more ? Result<void>{} : std::unexpected(more.error());
    }
    position += size;
  }
  return {};
}

// The last offset of each key in the dirty part, as far as they fit; gives the offset where that ended.
Result<Offset> map_keys(const CompactionPlan& plan, std::size_t max_bytes, const GoesOn& goes_on, LastOffsets& last) {
  std::size_t used = 0;
  Offset reached = plan.first_dirty;
  for (const auto& source : plan.sources) {
    bool is_full = false;
    const auto walked = for_each_batch(source, goes_on, [&](std::span<const std::byte> batch) -> Result<bool> {
      const auto header = BatchHeader::read(batch);
      if (header.next_offset() <= plan.first_dirty) {
        return true;
      }
      if (used >= max_bytes) {
        is_full = true;
        return false;
      }
      reached = header.next_offset();
      if (header.is_control() || header.is_transactional()) {
        return true;
      }
      const auto mapped = for_each_record(batch, stored_batch_limits, [&](const RecordView& record) -> Result<void> {
        if (record.key) {
          const auto [entry, is_new] =
              last.insert_or_assign(text_of(*record.key), header.base_offset + record.offset_delta);
          used += is_new ? record.key->size() + key_overhead_bytes : 0;
        }
        return {};
      });
      return mapped ? Result<bool>(true) : std::unexpected(mapped.error());
    });
    if (!walked) {
      return std::unexpected(walked.error());
    }
    if (is_full) {
      return reached;
    }
  }
  return plan.end;
}

// A new segment file, written in chunks.
struct CleanedFile {
  std::shared_ptr<File> file;
  std::int64_t size_bytes = 0;
  Bytes pending;

  Result<void> add(std::span<const std::byte> batch) {
    pending.insert(pending.end(), batch.begin(), batch.end());
    return pending.size() < write_chunk_bytes ? Result<void>{} : flush();
  }
  Result<void> flush() {
    const std::span<const std::byte> part(pending);
    if (auto written = file->write_at({&part, 1}, size_bytes); !written) {
      return written;
    }
    size_bytes += static_cast<std::int64_t>(pending.size());
    pending.clear();
    return {};
  }
};

// How many of the sources from `first` on fit one new segment.
std::size_t group_size(const CompactionPlan& plan, std::size_t first, const LogConfig& config) {
  std::int64_t bytes = plan.sources[first].size_bytes;
  std::size_t count = 1;
  for (; first + count < plan.sources.size(); ++count) {
    const std::size_t next = first + count;
    bytes += plan.sources[next].size_bytes;
    const Offset end = next + 1 < plan.sources.size() ? plan.sources[next + 1].base_offset : plan.end;
    if (bytes > config.segment_bytes ||
        end - plan.sources[first].base_offset > std::numeric_limits<std::int32_t>::max()) {
      break;
    }
  }
  return count;
}

Result<Compacted> write_replacements(Disk& disk, const std::string& directory, const LogConfig& config,
                                     const CompactionPlan& plan, std::size_t key_map_max_bytes, const GoesOn& goes_on) {
  LastOffsets last;
  const auto mapped_to = map_keys(plan, key_map_max_bytes, goes_on, last);
  if (!mapped_to) {
    return std::unexpected(mapped_to.error());
  }
  Compacted done{.generation = plan.generation, .replacements = {}, .cleaned_to = *mapped_to};
  BatchCleaning cleaning{.keep =
                             [&](const RecordView& record, Offset offset) {
                               const auto found = last.find(text_of(*record.key));
                               return found == last.end() || offset >= found->second;
                             },
                         .now_ms = plan.now_ms,
                         .delete_retention_ms = config.delete_retention_ms};
  for (std::size_t first = 0; first < plan.sources.size() && plan.sources[first].base_offset < *mapped_to;) {
    const std::size_t count = group_size(plan, first, config);
    const Offset base = plan.sources[first].base_offset;
    auto file = disk.open(fmt::format("{}/{:020}{}", directory, base.value, cleaned_suffix), OpenMode::create_or_open);
    if (!file) {
      return std::unexpected(std::move(file.error()));
    }
    CleanedFile cleaned{.file = std::move(*file), .size_bytes = 0, .pending = {}};
    auto written = cleaned.file->truncate(0);
    for (std::size_t i = first; written && i < first + count; ++i) {
      written = for_each_batch(plan.sources[i], goes_on, [&](std::span<const std::byte> batch) -> Result<bool> {
        cleaning.keep_empty = plan.last_of_producers.contains(BatchHeader::read(batch).base_offset);
        const auto kept = clean_batch(batch, cleaning);
        if (!kept) {
          return std::unexpected(kept.error());
        }
        const auto added = *kept ? cleaned.add(**kept) : Result<void>{};
        return added ? Result<bool>(true) : std::unexpected(added.error());
      });
    }
    written = written ? cleaned.flush() : written;
    written = written ? cleaned.file->sync() : written;
    if (!written) {
      return std::unexpected(std::move(written.error()));
    }
    done.replacements.push_back({.base_offset = base, .size_bytes = cleaned.size_bytes, .sources = count});
    first += count;
  }
  return done;
}

}  // namespace

Result<Compacted> compact(Disk& disk, const std::string& directory, const LogConfig& config, const CompactionPlan& plan,
                          std::size_t key_map_max_bytes, const GoesOn& goes_on) {
  auto compacted = write_replacements(disk, directory, config, plan, key_map_max_bytes, goes_on);
  if (!compacted) {
    discard_compaction(disk, directory);
  }
  return compacted;
}

void discard_compaction(Disk& disk, const std::string& directory) {
  for (const std::string& name : disk.list(directory).value_or(std::vector<std::string>{})) {
    if (name.ends_with(cleaned_suffix)) {
      (void)disk.remove(fmt::format("{}/{}", directory, name));  // else by the next start
    }
  }
}

}  // namespace ottla
