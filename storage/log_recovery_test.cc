// What a start makes of what it finds: torn tails, rot, lost files, damaged caches.
#include <gmock/gmock.h>

#include "storage/log_test_fixture.h"

namespace ottla {
namespace {

constexpr std::int64_t batch_of_three_letters = batch_header_bytes + 13;  // one record, with them as key and value

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LogRecoveryTest : public LogFixture {
 protected:
  void SetUp() override { open(); }
  void overwrite(const std::string& path, std::int64_t position, const Bytes& bytes) {
    const auto file = disk->open(path, OpenMode::write_existing).value();
    const std::span<const std::byte> part(bytes);
    ASSERT_TRUE(file->write_at({&part, 1}, position));
    ASSERT_TRUE(file->sync());
  }
  void cut_file(const std::string& path, std::int64_t size) {
    const auto file = disk->open(path, OpenMode::write_existing).value();
    ASSERT_TRUE(file->truncate(size));
    ASSERT_TRUE(file->sync());
  }
  ErrorCode append_error() {
    const auto appended = append(make_batch({{.key = "more", .value = "more"}}));
    return appended ? ErrorCode::NONE : appended.error().code;
  }
};

TEST_F(LogRecoveryTest, a_torn_last_batch_is_cut_at_every_byte) {
  write_durably({"one"});
  const auto whole = size_of(segment(0));
  write({"the last one"});
  const auto torn = disk->after_kill();
  for (auto size = whole; size < size_of(segment(0)); ++size) {
    go_on_with(torn->after_kill());
    cut_file(segment(0), size);
    open();
    EXPECT_THAT(values(), ElementsAre("one")) << size;
    EXPECT_EQ(size_of(segment(0)), whole);
    EXPECT_EQ(log->cut_bytes(), size - whole);
    write({"again"});
    EXPECT_THAT(values(), ElementsAre("one", "again"));
  }
}

TEST_F(LogRecoveryTest, garbage_behind_the_end_is_cut) {
  write_durably({"one", "two"});
  const auto whole = size_of(segment(0));
  const Bytes old = read_whole_file(*disk, segment(0)).value();
  for (const Bytes& garbage : {Bytes(5000, std::byte{0}), Bytes(5000, std::byte{0xFF}), old}) {
    overwrite(segment(0), whole, garbage);
    open();
    EXPECT_THAT(values(), ElementsAre("one", "two"));
    EXPECT_EQ(size_of(segment(0)), whole);
  }
}

TEST_F(LogRecoveryTest, a_flipped_bit_in_the_unsynced_tail_is_cut_wherever_it_is) {
  write_durably({"one"});
  const auto whole = size_of(segment(0));
  write({"two"});
  const auto before = disk->after_kill();
  for (auto at = whole; at < size_of(segment(0)); ++at) {
    go_on_with(before->after_kill());
    disk->flip_bit(segment(0), at, static_cast<unsigned>(at % 8));
    open();
    EXPECT_THAT(values(), ElementsAre("one")) << at - whole;
    EXPECT_THAT(log->damaged(), IsEmpty());
  }
}

// Every field of the header and every byte of the records, in the middle of what was durable: not a byte is cut, the
// batch answers CORRUPT_MESSAGE, its neighbours are served, and nothing is appended.
TEST_F(LogRecoveryTest, a_flipped_bit_below_the_durable_mark_is_kept_and_told) {
  write_durably({"one"});
  const auto second = size_of(segment(0));
  write_durably({"two", "three"});
  const auto before = disk->after_kill();
  for (auto at = second; at < 2 * second; ++at) {
    go_on_with(before->after_kill());
    const auto size = size_of(segment(0));
    disk->flip_bit(segment(0), at, static_cast<unsigned>(at % 7));
    open();
    ASSERT_THAT(log->damaged(), SizeIs(1)) << at;
    EXPECT_EQ(size_of(segment(0)), size) << at;
    EXPECT_EQ(end(), 3) << at;
    EXPECT_EQ(log->damaged().front().from, Offset{1}) << at;
    EXPECT_EQ(read_error(1), ErrorCode::CORRUPT_MESSAGE) << at;
    EXPECT_EQ(read_error(0), ErrorCode::NONE) << at;
    EXPECT_EQ(append_error(), ErrorCode::KAFKA_STORAGE_ERROR) << at;
  }
}

TEST_F(LogRecoveryTest, what_stands_behind_a_damaged_batch_is_served_if_it_can_be_found) {
  write_durably({"one", "two", "three"});
  disk->flip_bit(segment(0), 2 * batch_of_three_letters - 3);  // the value of "two"
  open();
  EXPECT_THAT(values(2), ElementsAre("three"));
  EXPECT_EQ(log->damaged().front().to, Offset{2});
}

TEST_F(LogRecoveryTest, giving_up_the_damaged_records_makes_the_log_writable_again) {
  write_durably({"one", "two", "three"});
  disk->flip_bit(segment(0), 100);
  open();
  log->advance_log_start(Offset{2});
  ASSERT_TRUE(log->remove_deleted_segments(log->log_start_offset()));
  write({"four"});
  EXPECT_THAT(values(2), ElementsAre("three", "four"));
}

TEST_F(LogRecoveryTest, a_log_that_is_shorter_than_its_mark_is_damaged_not_short) {
  write_durably({"one", "two", "three"});
  cut_file(segment(0), 2 * batch_of_three_letters);
  open();
  EXPECT_EQ(end(), 3);
  EXPECT_THAT(log->damaged().front().what, HasSubstr("ends at offset 2, it had 3 before"));
  EXPECT_EQ(read_error(2), ErrorCode::CORRUPT_MESSAGE);
  log->advance_log_start(Offset{3});
  ASSERT_TRUE(log->remove_deleted_segments(log->log_start_offset()));
  write({"four"});
  EXPECT_THAT(values(3), ElementsAre("four"));
}

TEST_F(LogRecoveryTest, without_a_mark_the_recovery_point_says_what_was_durable) {
  write_durably({"one", "two", "three"});
  ASSERT_TRUE(disk->remove("data/.ottla-durable"));
  disk->flip_bit(segment(0), 100);
  const auto before = disk->after_kill();
  open({.recovery_point = Offset{3}, .log_start_offset = {}, .cleaned_to = {}, .clean_end = {}, .durable_mark = {}});
  EXPECT_THAT(log->damaged(), IsEmpty());                // below the recovery point nothing is scanned ...
  EXPECT_EQ(read_error(1), ErrorCode::CORRUPT_MESSAGE);  // ... and the CRC is checked when the batch is served
  go_on_with(before->after_kill());
  open();
  EXPECT_EQ(end(), 1);  // nothing says that it had been durable
}

TEST_F(LogRecoveryTest, a_stale_tail_with_a_good_crc_is_cut_because_its_epoch_goes_back) {
  epoch = LeaderEpoch{5};
  write_durably({"one", "two"});
  const Bytes stale = read_whole_file(*disk, segment(0)).value();
  ASSERT_TRUE(log->truncate_to(Offset{1}));
  epoch = LeaderEpoch{7};
  ASSERT_TRUE(log->assign_epoch(epoch));
  write_durably({"new"});
  // The old batch comes back behind the new one, with the offset that would be next.
  Bytes batch(stale.begin() + static_cast<std::ptrdiff_t>(stale.size() / 2), stale.end());
  patch_base_offset(batch, Offset{2});
  overwrite(segment(0), size_of(segment(0)), batch);
  open();
  EXPECT_THAT(values(), ElementsAre("one", "new"));
}

class SegmentsTest : public LogRecoveryTest {
 protected:
  // Four segments of two batches each.
  void SetUp() override {
    config.segment_bytes = 160;
    open();
    write_durably({"a0", "a1", "b2", "b3", "c4", "c5", "d6", "d7"});
    ASSERT_TRUE(disk->exists(segment(2)) && disk->exists(segment(4)) && disk->exists(segment(6)));
  }
};

TEST_F(SegmentsTest, a_missing_middle_segment_is_damage_found_by_the_scan) {
  ASSERT_TRUE(disk->remove(segment(4)));
  open();
  EXPECT_THAT(log->damaged(), SizeIs(1));
  EXPECT_EQ(read_error(4), ErrorCode::CORRUPT_MESSAGE);
  EXPECT_THAT(values(6), ElementsAre("d6", "d7"));
  EXPECT_EQ(append_error(), ErrorCode::KAFKA_STORAGE_ERROR);
}

TEST_F(SegmentsTest, a_missing_middle_segment_below_the_recovery_point_is_damage_found_by_a_read) {
  ASSERT_TRUE(disk->remove(segment(2)));
  open({.recovery_point = Offset{6}, .log_start_offset = {}, .cleaned_to = {}, .clean_end = {}, .durable_mark = {}});
  EXPECT_EQ(read_error(3), ErrorCode::CORRUPT_MESSAGE);
  EXPECT_THAT(values(4), ElementsAre("c4", "c5", "d6", "d7"));
  EXPECT_EQ(append_error(), ErrorCode::KAFKA_STORAGE_ERROR);
}

TEST_F(SegmentsTest, a_missing_last_segment_is_damage) {
  ASSERT_TRUE(disk->remove(segment(6)));
  open();
  EXPECT_EQ(end(), 8);
  EXPECT_EQ(read_error(6), ErrorCode::CORRUPT_MESSAGE);
}

TEST_F(SegmentsTest, an_empty_last_segment_is_the_place_to_go_on) {
  write_text(*disk, segment(8), "");
  open();
  EXPECT_EQ(end(), 8);
  write({"e8"});
  EXPECT_THAT(values(6), ElementsAre("d6", "d7", "e8"));
}

TEST_F(SegmentsTest, index_files_that_do_not_fit_are_rebuilt) {
  const LogHints hints = close();
  const auto clean = disk->after_kill();
  for (const char* suffix : {"index", "timeindex"}) {
    const std::string path = segment(2, suffix);
    const std::string whole = read_text(*clean, path);
    for (const std::string& bad : {std::string(), whole + whole, std::string(whole.size(), '\0'),
                                   std::string(whole.size(), '\x7f'), whole.substr(0, whole.size() / 2)}) {
      go_on_with(clean->after_kill());
      write_text(*disk, path, bad);
      open(hints);
      EXPECT_THAT(values(3), ElementsAre("b3", "c4", "c5", "d6", "d7"));
      EXPECT_EQ(log->offset_for_timestamp(now_ms, Offset{8})->offset, Offset{0});
    }
    go_on_with(clean->after_kill());
    ASSERT_TRUE(disk->remove(path));
    open(hints);
    EXPECT_THAT(values(3), ElementsAre("b3", "c4", "c5", "d6", "d7"));
  }
}

// A directory that Kafka wrote has no checksums of ours: entries are checked when they are used.
TEST_F(SegmentsTest, a_wrong_index_entry_without_a_checksum_is_found_when_it_is_used) {
  const LogHints hints = close();
  ASSERT_TRUE(disk->remove("data/t-0/.ottla-00000000000000000002.indexes"));
  Writer entries;
  entries.integer(std::int32_t{0});
  entries.integer(std::int32_t{10});  // no batch begins there
  write_text(*disk, segment(2, "index"), as_text(entries.flatten()));
  open(hints);
  EXPECT_THAT(values(2), ElementsAre("b2", "b3", "c4", "c5", "d6", "d7"));
}

TEST_F(SegmentsTest, a_clean_stop_is_believed_only_if_the_log_ends_where_it_says) {
  const LogHints hints = close();
  cut_file(segment(6), size_of(segment(6)) / 2);
  open(hints);
  EXPECT_EQ(end(), 8);
  EXPECT_EQ(read_error(7), ErrorCode::CORRUPT_MESSAGE);
  EXPECT_EQ(read_error(6), ErrorCode::NONE);
}

TEST_F(SegmentsTest, a_clean_start_opens_no_more_than_it_needs) {
  const LogHints hints = close();
  kill();
  open(hints);
  EXPECT_LE(files->size(), 1U);
  files->close_unused();
  files->close_unused();
  EXPECT_EQ(disk->open_files(), 1);  // the journal of the marks
}

TEST_F(SegmentsTest, a_lost_epoch_file_is_made_again_from_the_batches) {
  epoch = LeaderEpoch{3};
  write_durably({"e8"});
  for (const char* bad : {"", "0\n5\n", "garbage"}) {
    write_text(*disk, "data/t-0/leader-epoch-checkpoint", bad);
    open({.recovery_point = Offset{9}, .log_start_offset = {}, .cleaned_to = {}, .clean_end = {}, .durable_mark = {}});
    EXPECT_EQ(log->end_offset_for(LeaderEpoch{0}).end_offset, Offset{8}) << bad;
    EXPECT_EQ(log->latest_epoch(), LeaderEpoch{3});
  }
}

class ProducerSnapshotTest : public LogRecoveryTest {
 protected:
  void SetUp() override {
    config.segment_bytes = 160;
    open();
    for (int i = 0; i < 8; ++i) {
      ASSERT_TRUE(append(batch(i)));
    }
    ASSERT_TRUE(commit());
    ASSERT_TRUE(disk->sync_all("data"));
  }
  static Bytes batch(int sequence) {
    return make_batch({{.key = "k", .value = "v"}}, {.id = 9, .epoch = 0, .sequence = sequence});
  }
  // Five retries are known, by their offsets; what is out of order is refused.
  void expect_full_state() {
    for (int i = 3; i < 8; ++i) {
      const auto retried = append(batch(i));
      ASSERT_TRUE(retried) << retried.error().message;
      EXPECT_TRUE(retried->duplicate);
      EXPECT_EQ(retried->base_offset, Offset{i});
    }
    EXPECT_EQ(append(batch(9)).error().code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
  }
  std::vector<std::string> snapshots() {
    std::vector<std::string> found;
    const auto names = disk->list("data/t-0");
    for (const std::string& name : *names) {
      if (name.ends_with(".producers") || name.ends_with(".snapshot")) {
        found.push_back("data/t-0/" + name);
      }
    }
    return found;
  }
};

TEST_F(ProducerSnapshotTest, missing_or_corrupt_snapshots_give_the_state_of_a_full_replay) {
  ASSERT_THAT(snapshots(), testing::Not(IsEmpty()));
  for (const bool remove : {true, false}) {
    for (const std::string& path : snapshots()) {
      if (remove) {
        ASSERT_TRUE(disk->remove(path));
      } else {
        disk->flip_bit(path, 10);
      }
      open();
      expect_full_state();
    }
    close();
    open();
  }
}

TEST_F(ProducerSnapshotTest, a_snapshot_of_a_tail_that_was_cut_is_never_used) {
  const auto before = disk->after_kill();
  write({"x", "y"});  // rolls: a snapshot at offset 8 or above
  for (int i = 8; i < 12; ++i) {
    ASSERT_TRUE(append(batch(i)));
  }
  // The snapshots reach the disk, the batches do not.
  std::map<std::string, std::string> ahead;
  for (const std::string& path : snapshots()) {
    ahead[path] = read_text(*disk, path);
  }
  go_on_with(before->after_kill());
  for (const auto& [path, text] : ahead) {
    write_text(*disk, path, text);
  }
  open();
  write({"other", "records", "instead"});
  kill();
  open();
  expect_full_state();
}

TEST_F(LogRecoveryTest, a_failed_sync_is_never_tried_again_and_nothing_more_is_acknowledged) {
  for (const auto how : {FailedSync::kept_dirty, FailedSync::kept_clean, FailedSync::dropped, FailedSync::mixed}) {
    go_on_with(std::make_unique<FaultDisk>());
    ASSERT_TRUE(disk->make_directories("data"));
    open();
    write_durably({"one"});
    write({"two"});
    disk->failed_sync = how;
    disk->fail_sync_after = 0;
    const auto synced = commit();
    ASSERT_FALSE(synced);
    log->fail(synced.error());                        // as the committer does
    EXPECT_TRUE(commit());                            // nothing is handed out any more ...
    EXPECT_EQ(log->durable_end_offset(), Offset{1});  // ... and nothing counts as durable
    EXPECT_EQ(append_error(), ErrorCode::KAFKA_STORAGE_ERROR);
    EXPECT_EQ(values().front(), "one");
    // A restart of the process believes the disk, not the memory: whatever it shows now survives a power cut.
    open();
    const auto shown = values();
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto survivor = disk->after_power_cut(seed);
      std::swap(disk, const_cast<std::unique_ptr<FaultDisk>&>(survivor));
      open();
      EXPECT_EQ(values(), shown) << static_cast<int>(how) << " " << seed;
      log.reset();
      marks.reset();
      files.reset();
      std::swap(disk, const_cast<std::unique_ptr<FaultDisk>&>(survivor));
    }
  }
}

TEST_F(LogRecoveryTest, a_full_disk_refuses_batches_and_harms_nothing) {
  write_durably({"one"});
  const std::int64_t used = disk->capacity_bytes - disk->free_bytes(".").value();
  for (std::int64_t room = 0; room < 100; ++room) {
    disk->capacity_bytes = used + room;
    const auto refused = append(make_batch({{.key = "k", .value = std::string(1000, 'x')}}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::KAFKA_STORAGE_ERROR);
    EXPECT_THAT(refused.error().message, HasSubstr("No space left"));
    EXPECT_THAT(values(), ElementsAre("one"));
  }
  disk->capacity_bytes = std::numeric_limits<std::int64_t>::max();
  write_durably({"two"});
  EXPECT_THAT(values(), ElementsAre("one", "two"));
  open();
  EXPECT_THAT(values(), ElementsAre("one", "two"));
}

TEST_F(SegmentsTest, a_disk_that_fills_up_at_any_write_of_a_roll_loses_nothing) {
  const std::int64_t used = std::numeric_limits<std::int64_t>::max() - disk->free_bytes(".").value();
  for (std::int64_t room = 0; room < 400; room += 3) {
    disk->capacity_bytes = used + room;
    (void)append(make_batch({{.key = "k", .value = "e8"}}));
    disk->capacity_bytes = std::numeric_limits<std::int64_t>::max();
    const auto before = values();
    ASSERT_TRUE(before.size() == 8 || before.size() == 9) << before.back();
    if (before.size() == 9) {
      break;
    }
  }
  write_durably({"f"});
  const auto before = values();
  open();
  EXPECT_EQ(values(), before);
}

TEST_F(LogRecoveryTest, a_read_error_at_the_start_takes_the_partition_offline_and_cuts_nothing) {
  write_durably({"one", "two"});
  const auto size = size_of(segment(0));
  disk->unreadable_path = "t-0/00000000000000000000.log";
  EXPECT_FALSE(try_open());
  disk->unreadable_path.clear();
  EXPECT_EQ(size_of(segment(0)), size);
  open();
  EXPECT_THAT(values(), ElementsAre("one", "two"));
}

TEST_F(LogRecoveryTest, a_read_error_while_serving_is_an_answer) {
  write_durably({"one", "two"});
  disk->unreadable_path = "t-0/00000000000000000000.log";
  EXPECT_EQ(read_error(0), ErrorCode::KAFKA_STORAGE_ERROR);
  disk->unreadable_path.clear();
  EXPECT_EQ(read_error(0), ErrorCode::NONE);
}

TEST_F(LogRecoveryTest, a_batch_written_to_the_wrong_place_is_noticed) {
  write_durably({"one", "two"});
  Bytes foreign = make_batch({{.key = "one", .value = "two"}});  // as long, its CRC is right
  patch_base_offset(foreign, Offset{1});
  patch_leader_epoch(foreign, LeaderEpoch{0});
  overwrite(segment(0), batch_of_three_letters, foreign);
  open();
  EXPECT_EQ(read_error(1), ErrorCode::CORRUPT_MESSAGE);
}

TEST_F(LogRecoveryTest, rot_behind_our_back_is_found_when_the_batch_is_served_first) {
  write_durably({"one", "two", "three"});
  open({.recovery_point = Offset{3}, .log_start_offset = {}, .cleaned_to = {}, .clean_end = {}, .durable_mark = {}});
  disk->flip_bit(segment(0), batch_of_three_letters * 2 - 3);
  EXPECT_EQ(read_error(1), ErrorCode::CORRUPT_MESSAGE);
  EXPECT_EQ(read_error(0), ErrorCode::NONE);  // ends before the damaged batch
  EXPECT_EQ(read_error(2), ErrorCode::NONE);
}

TEST_F(SegmentsTest, few_descriptors_serve_many_segments) {
  for (int i = 0; i < 200; ++i) {
    write({fmt::format("{}", i)});
  }
  const LogHints hints = close();
  kill();
  disk->max_open_files = 8;
  open(hints);
  EXPECT_THAT(values(), SizeIs(208));
  EXPECT_LE(disk->open_files(), 8);
}

TEST_F(LogRecoveryTest, a_topic_of_the_same_name_does_not_adopt_old_data) {
  write_durably({"one"});
  key.topic_id = Uuid::random();
  EXPECT_THAT(try_open().error().message, HasSubstr("belongs to another topic"));
}

}  // namespace
}  // namespace ottla
