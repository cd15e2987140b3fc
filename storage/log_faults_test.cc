// A log on a disk that refuses, wherever that happens in its life: what was acknowledged stays, the rest is refused.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "storage/log_test_fixture.h"

namespace ottla {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A life of twelve batches in segments of two, each committed, with a new leader epoch on the way.
class LogFaultsTest : public LogFixture {
 protected:
  LogFaultsTest() { config.segment_bytes = 160; }

  void begin() {
    begin_with_an_empty_disk();
    epoch = LeaderEpoch{0};
    open();
    ASSERT_TRUE(disk->sync_all("."));
    written.clear();
  }
  // Like the broker: what is refused is not tried again, and a failed sync ends the log's writing.
  void live() {
    for (int i = 0; i < 12; ++i) {
      epoch = LeaderEpoch{i / 5};
      std::string text(1, static_cast<char>('a' + i));
      if (append(make_batch({{.key = text, .value = text}}))) {
        written.push_back(std::move(text));
      }
      if (const auto committed = commit(); !committed && disk->fail_sync_after < 0 && syncs_fail) {
        log->fail(committed.error());
      }
    }
  }
  void expect_acknowledged(std::int64_t acknowledged, const std::string& when) {
    const auto found = values();
    ASSERT_THAT(log->damaged(), IsEmpty()) << when << ": " << log->damaged().front().what;
    ASSERT_GE(static_cast<std::int64_t>(found.size()), acknowledged) << when;
    ASSERT_LE(found.size(), written.size()) << when;
    ASSERT_TRUE(std::equal(found.begin(), found.end(), written.begin())) << when;
  }

  bool syncs_fail = false;
  std::vector<std::string> written;
};

TEST_F(LogFaultsTest, whichever_write_fails_the_log_stays_whole_and_goes_on) {
  int tried = 0;
  for (bool failed = true; failed; ++tried) {
    begin();
    disk->fail_write_after = tried;
    live();
    failed = disk->fail_write_after < 0;
    disk->fail_write_after = -1;
    const std::string when = fmt::format("write {}", tried);
    write_durably({"afterwards"});
    written.emplace_back("afterwards");
    ASSERT_EQ(values(), written) << when;
    ASSERT_GE(written.size(), 12U) << when;  // no more than the one is refused
    cut_power(static_cast<std::uint64_t>(tried));
    open();
    ASSERT_EQ(values(), written) << when;
  }
  EXPECT_GT(tried, 40);
}

TEST_F(LogFaultsTest, whichever_sync_fails_nothing_acknowledged_is_lost_and_nothing_more_is_acknowledged) {
  syncs_fail = true;
  int tried = 0;
  for (const auto how : {FailedSync::kept_dirty, FailedSync::kept_clean, FailedSync::dropped, FailedSync::mixed}) {
    int sync = 0;
    for (bool failed = true; failed; ++sync, ++tried) {
      begin();
      disk->failed_sync = how;
      disk->fail_sync_after = sync;
      live();
      failed = disk->fail_sync_after < 0;
      const std::int64_t acknowledged = log->durable_end_offset().value;
      const std::string when = fmt::format("sync {}, fate {}", sync, static_cast<int>(how));
      ASSERT_TRUE(failed || acknowledged == 12) << when;
      cut_power(static_cast<std::uint64_t>(tried));
      open();
      expect_acknowledged(acknowledged, when);
    }
    EXPECT_GT(sync, 12);
  }
}

// Its bytes are sound, its place is not: the batch of another partition, with the offset it has there.
TEST_F(LogFaultsTest, a_batch_that_belongs_to_another_partition_is_damage_where_it_lands) {
  config.segment_bytes = 100'000;
  begin();
  write_durably({"a", "b", "c"});
  const std::int64_t one = size_of(segment(0)) / 3;
  for (const std::int64_t foreign_offset : {0, 2, 57}) {
    const auto before = disk->after_kill();
    Bytes foreign = make_batch({{.key = "x", .value = "x"}});
    patch_base_offset(foreign, Offset{foreign_offset});
    patch_leader_epoch(foreign, LeaderEpoch{0});
    const std::span<const std::byte> part(foreign);
    ASSERT_TRUE((*disk->open(segment(0), OpenMode::write_existing))->write_at({&part, 1}, one));
    open();
    ASSERT_THAT(log->damaged(), SizeIs(1)) << foreign_offset;
    EXPECT_EQ(log->damaged().front().from, Offset{1}) << foreign_offset;
    EXPECT_EQ(log->damaged().front().to, Offset{2}) << foreign_offset;
    EXPECT_EQ(read_error(1), ErrorCode::CORRUPT_MESSAGE) << foreign_offset;
    EXPECT_THAT(values(2), ElementsAre("c")) << foreign_offset;
    go_on_with(before->after_kill());
  }
}

TEST_F(LogFaultsTest, a_middle_segment_that_lost_all_its_bytes_is_damage) {
  begin();
  write_durably({"a", "b", "c", "d", "e", "f"});
  ASSERT_TRUE((*disk->open(segment(2), OpenMode::write_existing))->truncate(0));
  open();
  ASSERT_THAT(log->damaged(), SizeIs(1));
  EXPECT_EQ(read_error(3), ErrorCode::CORRUPT_MESSAGE);
  EXPECT_THAT(values(4), ElementsAre("e", "f"));
}

// Kafka's own directories have no checksums of ours: the entries themselves must make sense.
TEST_F(LogFaultsTest, a_time_index_that_goes_back_is_not_used) {
  config.index_interval_bytes = 1;
  config.segment_bytes = 1'000;
  begin();
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(append(make_batch({{.key = "k", .value = "v", .timestamp_ms = now_ms + std::int64_t{10} * i}})));
  }
  const LogHints hints = close();
  ASSERT_TRUE(disk->remove("data/t-0/.ottla-00000000000000000000.indexes"));
  Writer entries;
  for (const auto& [after_ms, offset] : {std::pair{5, 0}, {60, 6}, {10, 8}, {110, 11}}) {
    entries.integer(now_ms + after_ms);
    entries.integer(std::int32_t{offset});
  }
  write_text(*disk, segment(0, "timeindex"), as_text(entries.flatten()));
  open(hints);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(log->offset_for_timestamp(now_ms + std::int64_t{10} * i, Offset{12})->offset, Offset{i}) << i;
  }
}

TEST_F(LogFaultsTest, five_thousand_segments_are_recovered_and_read_with_256_descriptors) {
  begin();
  close();
  constexpr int count = 5'000;
  for (int i = 0; i < count; ++i) {
    Bytes batch = make_batch({{.key = "k", .value = "v"}});
    patch_base_offset(batch, Offset{i});
    patch_leader_epoch(batch, LeaderEpoch{0});
    ASSERT_TRUE(write_whole_file(*disk, segment(i), batch));
  }
  disk->max_open_files = 256;
  open();
  EXPECT_EQ(end(), count);
  EXPECT_THAT(values(), SizeIs(count));
  EXPECT_LE(disk->open_files(), 256);
  EXPECT_LE(files->size(), 100U);  // what it was told to keep open
}

class AppendFaultsTest : public LogFixture {
 protected:
  static Bytes idempotent(std::int32_t sequence, const std::string& text) {
    return make_batch({{.key = text, .value = text}}, {.id = 7, .epoch = 0, .sequence = sequence});
  }
};

TEST_F(AppendFaultsTest, a_repeat_beside_its_original_is_refused_with_it) {
  open();
  ASSERT_TRUE(append(idempotent(0, "one")));
  disk->capacity_bytes = disk->capacity_bytes - disk->free_bytes(".").value();
  Bytes original = idempotent(1, "two");
  Bytes repeat = idempotent(1, "two");
  std::vector<AppendBatch> batches{as_append(original), as_append(repeat)};
  const auto results = log->append(batches, epoch, now_ms);
  EXPECT_FALSE(results[0]);
  EXPECT_FALSE(results[1]) << "acknowledged at offset " << results[1]->base_offset.value;
}

TEST_F(AppendFaultsTest, who_wrote_before_the_damage_is_known_when_it_is_given_up) {
  open();
  for (std::int32_t sequence = 0; sequence < 3; ++sequence) {
    ASSERT_TRUE(append(idempotent(sequence, "one")));
  }
  ASSERT_TRUE(commit());
  ASSERT_TRUE(disk->sync_all("data"));
  disk->flip_bit(segment(0), 100);
  open();
  ASSERT_THAT(log->damaged(), testing::SizeIs(1));
  log->advance_log_start(Offset{2});
  ASSERT_TRUE(log->remove_deleted_segments(log->log_start_offset()));
  const auto repeated = append(idempotent(2, "one"));
  ASSERT_TRUE(repeated) << repeated.error().message;
  EXPECT_TRUE(repeated->duplicate);
  // The recovery point stands still while the log was damaged: what was given up is met again, and is no news. Nor is a
  // snapshot of a tail that a power cut has taken.
  kill();
  write_text(*disk, "data/t-0/.ottla-00000000000000000099.producers", "of what is gone");
  open({.recovery_point = {}, .log_start_offset = Offset{2}, .cleaned_to = {}, .clean_end = {}, .durable_mark = {}});
  EXPECT_THAT(log->damaged(), testing::IsEmpty());
  const auto again = append(idempotent(2, "one"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(append(idempotent(3, "two"))->base_offset, Offset{3});
}

// The recovery point follows it: what rots below that is damage, and not the torn tail of what was never acknowledged.
TEST_F(AppendFaultsTest, what_recovery_has_found_is_marked_without_another_commit) {
  open();
  write_durably({"a"});
  const std::int64_t second = size_of(segment(0));
  write({"b"});
  kill();
  open();
  ASSERT_EQ(log->durable_end_offset(), Offset{2});
  ASSERT_TRUE(marks->sync());
  kill();
  disk->flip_bit(segment(0), second + 30);
  open({.recovery_point = Offset{2}});
  EXPECT_EQ(end(), 2);
  EXPECT_EQ(read_error(1), ErrorCode::CORRUPT_MESSAGE);
}

}  // namespace
}  // namespace ottla
