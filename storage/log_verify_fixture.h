// For tests: a log of several segments on a fault disk, cleanly stopped, and words to verify and damage it.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "storage/checkpoint.h"
#include "storage/clean_shutdown.h"
#include "storage/command_log.h"
#include "storage/log_places.h"
#include "storage/log_test_fixture.h"
#include "storage/log_verify.h"
#include "storage/meta_properties.h"
#include "storage/segment_reader.h"

namespace ottla {

class LogVerifyTest : public LogFixture {
 protected:
  // Batches of 8 records of one idempotent producer, in three segments or more, closed.
  void SetUp() override {
    config.segment_bytes = 1000;
    config.index_interval_bytes = 300;
    open();
    for (int i = 0; i < 20; ++i) {
      add(i * 8);
    }
    ASSERT_TRUE(commit());
    (void)close();
    for (const char* name : {"data/recovery-point-offset-checkpoint", "data/replication-offset-checkpoint"}) {
      write_text(*disk, name, checkpoint_text({{"t-0", Offset{end()}}}));
    }
    stop_cleanly();
    write_text(*disk, "data/meta.properties", MetaProperties{"cluster", BrokerId{1}, {}}.text());
    auto metadata = CommandLog::open(*disk, "data").value();
    for (const std::uint64_t index : {1U, 2U}) {
      ASSERT_TRUE(metadata->append(std::vector<CommandLog::Entry>{{index, 1, {}}}));
    }
    bases = find_segments(*disk, "data/t-0").value();
    ASSERT_GE(bases.size(), 3U);
  }
  void add(std::int32_t sequence) {
    constexpr int count = 8;
    std::vector<TestRecord> records;
    records.reserve(count);
    for (int i = 0; i < count; ++i) {
      records.push_back({.key = "k", .value = fmt::format("v{}", sequence + i), .timestamp_ms = now_ms + sequence});
    }
    const auto appended = append(make_batch(records, {.id = 5, .epoch = 0, .sequence = sequence}));
    ASSERT_TRUE(appended) << appended.error().message;
  }
  void stop_cleanly() {
    const auto mark = log->end_mark();
    ASSERT_TRUE(write_clean_shutdown(*disk, "data", {{"t-0", {mark.durable_end_offset, mark.last_batch_crc}}}));
  }
  void crash() { ASSERT_TRUE(remove_clean_shutdown(*disk, "data")); }

  std::vector<Finding> verify(const std::string& path = "data") {
    std::vector<Finding> findings;
    const std::string before = disk->describe();
    const auto done = verify_logs(*disk, path, [&](Finding finding) { findings.push_back(std::move(finding)); });
    EXPECT_EQ(disk->describe(), before);
    EXPECT_TRUE(done) << done.error().message;
    counts = done.value_or(VerifyCounts{});
    return findings;
  }
  std::vector<std::string> texts(const std::string& path = "data") {
    std::vector<std::string> said;
    for (const Finding& finding : verify(path)) {
      said.push_back(finding.text());
    }
    return said;
  }
  std::string log_file(std::size_t index, const char* suffix = "log") const {
    return segment(bases[index].value, suffix);
  }
  struct Place {
    BatchHeader header;
    std::int64_t position;
  };
  Place batch_of(std::size_t index, int number) {
    auto reader = SegmentReader::open(*disk, log_file(index)).value();
    std::int64_t position = 0;
    for (; number > 0; --number) {
      position = reader.batch_at(position).value().end();
    }
    return {reader.batch_at(position).value().header, position};
  }
  void overwrite(const std::string& path, std::int64_t position, const Writer& bytes) {
    const Bytes content = bytes.flatten();
    const std::span<const std::byte> part(content);
    ASSERT_TRUE((*disk->open(path, OpenMode::write_existing))->write_at({&part, 1}, position));
  }
  void write_offset(const Place& batch, std::int64_t base_offset) {
    Writer offset;
    offset.integer(base_offset);
    overwrite(log_file(1), batch.position, offset);
  }
  void cut(const std::string& path, std::int64_t size) {
    ASSERT_TRUE((*disk->open(path, OpenMode::write_existing))->truncate(size));
  }
  // The one finding: where it is, and what it says.
  void expect_damage(const std::string& file, std::int64_t position, Offset offset, const std::string& what) {
    const auto findings = verify();
    ASSERT_EQ(findings.size(), 1U) << testing::PrintToString(texts());
    EXPECT_TRUE(findings[0].is_damage);
    EXPECT_EQ(findings[0].file, file);
    EXPECT_EQ(findings[0].position, position);
    EXPECT_EQ(findings[0].offset, offset);
    EXPECT_THAT(findings[0].what, testing::HasSubstr(what));
    EXPECT_EQ(counts.damaged_places, 1);
  }

  std::vector<Offset> bases;
  VerifyCounts counts;
};

}  // namespace ottla
