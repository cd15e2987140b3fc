// For tests: one log on a fault disk, with what it needs around it, and words for what is done to it.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "storage/fault_file.h"
#include "storage/log.h"
#include "storage/test_batches.h"
#include "storage/test_disk.h"

namespace ottla {

class LogFixture : public testing::Test {
 protected:
  static constexpr std::int64_t now_ms = 1'700'000'000'000;

  LogFixture() { begin_with_an_empty_disk(); }
  void begin_with_an_empty_disk() {
    go_on_with(std::make_unique<FaultDisk>());
    if (!disk->make_directories("data") || !disk->sync_directory(".")) {
      throw std::runtime_error("no data directory");
    }
  }

  Result<void> try_open(LogHints hints = {}) {
    log.reset();
    files = std::make_unique<OpenFiles>(*disk, 100);
    marks = DurableMarks::open(*disk, "data").value();
    hints.durable_mark = hints.durable_mark ? hints.durable_mark : marks->find(key);
    auto opened = Log::open({*disk, *files, *marks}, "data/t-0", key, config, hints, now_ms);
    if (!opened) {
      return std::unexpected(opened.error());
    }
    log = std::move(*opened);
    return {};
  }
  void open(LogHints hints = {}) {
    const auto opened = try_open(hints);
    ASSERT_TRUE(opened) << opened.error().message;
  }
  // What a power cut leaves; `seed` decides.
  void cut_power(std::uint64_t seed) { go_on_with(disk->after_power_cut(seed)); }
  // The process is killed: what was written is all there.
  void kill() { go_on_with(disk->after_kill()); }
  // Whatever was open goes first: a file knows its disk.
  void go_on_with(std::unique_ptr<FaultDisk> next) {
    log.reset();
    marks.reset();
    files.reset();
    disk = std::move(next);
  }
  // A clean stop, and what the next start knows of it.
  LogHints close() {
    const auto closed = log->close();
    EXPECT_TRUE(closed) << closed.error().message;
    const DurableMark end = log->end_mark();
    return {.recovery_point = end.durable_end_offset,
            .log_start_offset = {},
            .cleaned_to = {},
            .clean_end = end,
            .durable_mark = {}};
  }

  Result<Appended> append(Bytes batch) {
    if (const auto assigned = log->assign_epoch(epoch); !assigned) {
      return std::unexpected(assigned.error());
    }
    std::vector<AppendBatch> batches{as_append(batch)};
    return log->append(batches, epoch, now_ms).front();
  }
  // As a leader of this epoch would have it at this offset.
  static Bytes of_leader(std::int64_t offset, std::int32_t leader_epoch, const std::string& text,
                         const TestProducer& producer = {}) {
    Bytes batch = make_batch({{.key = text, .value = text}}, producer);
    patch_base_offset(batch, Offset{offset});
    patch_leader_epoch(batch, LeaderEpoch{leader_epoch});
    return batch;
  }
  Result<void> replicate(const std::vector<Bytes>& batches) {
    Bytes bytes;
    for (const Bytes& batch : batches) {
      bytes.insert(bytes.end(), batch.begin(), batch.end());
    }
    return log->append_replicated(bytes, now_ms);
  }
  // One batch for each text, as key and value.
  void write(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      const auto appended = append(make_batch({{.key = text, .value = text}}));
      ASSERT_TRUE(appended) << appended.error().message;
    }
  }
  Result<void> commit() {
    const auto job = log->begin_sync();
    if (!job) {
      return {};
    }
    if (auto synced = sync_group({*disk, *files, *marks}, "data", {&*job, 1}); !synced) {
      return synced;
    }
    log->finish_sync(*job);
    return marks->write();
  }
  // Durable, and the mark of it as well.
  void write_durably(const std::vector<std::string>& texts) {
    write(texts);
    ASSERT_TRUE(commit());
    ASSERT_TRUE(disk->sync_all("data"));
  }

  // The values from `from` on, and what a read answers if that ends it.
  std::vector<std::string> values(std::int64_t from = 0) {
    std::vector<std::string> found;
    std::vector<Bytes> batches;
    std::string error;
    try {
      read_batches(*log, Offset{from}, batches);
    } catch (const std::exception& thrown) {
      error = thrown.what();
    }
    for (const Bytes& batch : batches) {
      const auto walked = for_each_record(batch, {}, [&](const RecordView& record) -> Result<void> {
        found.emplace_back(record.value ? as_text(*record.value) : "null");
        return {};
      });
      EXPECT_TRUE(walked);
    }
    if (!error.empty()) {
      found.push_back(error);
    }
    return found;
  }
  [[nodiscard]] std::int64_t end() const { return log->log_end_offset().value; }
  ErrorCode read_error(std::int64_t offset) {
    const auto slice = log->slice(Offset{offset}, log->log_end_offset(), 1 << 20, true);
    if (!slice) {
      return slice.error().code;
    }
    Bytes bytes(static_cast<std::size_t>(slice->size_bytes));
    const auto got = slice->read(bytes);
    return got ? ErrorCode::NONE : got.error().code;
  }
  static std::string segment(std::int64_t base, const char* suffix = "log") {
    return fmt::format("data/t-0/{:020}.{}", base, suffix);
  }
  std::int64_t size_of(const std::string& path) { return (*disk->open(path, OpenMode::read))->size().value(); }

  std::unique_ptr<FaultDisk> disk;
  PartitionKey key{Uuid::random(), 0};
  LogConfig config{.segment_bytes = 100'000, .index_interval_bytes = 100};
  LeaderEpoch epoch{0};
  std::unique_ptr<OpenFiles> files;
  std::unique_ptr<DurableMarks> marks;
  std::unique_ptr<Log> log;
};

}  // namespace ottla
