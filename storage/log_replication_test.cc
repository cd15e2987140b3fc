// A follower's log: batches as the leader has them, ends that are given up, and what a crash makes of both.
#include "storage/log_test_fixture.h"
#include "storage/producer_state.h"

namespace ottla {

class LogReplication : public LogFixture {
 protected:
  // Five records from `offset` on, in one batch.
  static Bytes five_of_leader(std::int64_t offset) {
    Bytes batch = make_batch({{.value = "a"}, {.value = "b"}, {.value = "c"}, {.value = "d"}, {.value = "e"}},
                             {.id = 9, .epoch = 0, .sequence = 0});
    patch_base_offset(batch, Offset{offset});
    patch_leader_epoch(batch, epoch_of(6));
    return batch;
  }
  static LeaderEpoch epoch_of(std::int32_t value) { return {value}; }
};

TEST_F(LogReplication, offsets_and_epochs_stay_those_of_the_leader) {
  open();
  ASSERT_TRUE(replicate({of_leader(0, 3, "a"), of_leader(1, 3, "b"), of_leader(2, 7, "c")}));
  EXPECT_EQ(values(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(log->end_offset_for(epoch_of(3)), (EpochEndOffset{epoch_of(3), Offset{2}}));
  EXPECT_EQ(log->latest_epoch(), epoch_of(7));
}

TEST_F(LogReplication, a_batch_cut_off_at_the_end_is_left_out) {
  open();
  Bytes bytes = of_leader(0, 1, "a");
  const Bytes second = of_leader(1, 1, "b");
  bytes.insert(bytes.end(), second.begin(), second.end() - 1);
  ASSERT_TRUE(log->append_replicated(bytes, now_ms));
  EXPECT_EQ(values(), std::vector<std::string>{"a"});
}

TEST_F(LogReplication, nothing_is_written_of_what_does_not_fit) {
  open();
  ASSERT_TRUE(replicate({of_leader(0, 3, "a")}));
  Bytes damaged = of_leader(1, 3, "b");
  damaged.back() ^= std::byte{1};
  EXPECT_EQ(replicate({of_leader(0, 3, "again")}).error().code, ErrorCode::CORRUPT_MESSAGE);
  EXPECT_EQ(replicate({of_leader(1, 2, "older epoch")}).error().code, ErrorCode::CORRUPT_MESSAGE);
  EXPECT_EQ(replicate({of_leader(1, 3, "good"), damaged}).error().code, ErrorCode::CORRUPT_MESSAGE);
  EXPECT_EQ(values(), std::vector<std::string>{"a"});
}

TEST_F(LogReplication, a_gap_that_compaction_left_is_taken_and_survives) {
  open();
  ASSERT_TRUE(replicate({of_leader(0, 1, "a"), of_leader(5, 1, "b")}));
  ASSERT_TRUE(commit());
  cut_power(3);
  open();
  EXPECT_EQ(values(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(end(), 6);
}

TEST_F(LogReplication, a_new_epoch_is_durable_before_its_first_batch) {
  open();
  ASSERT_TRUE(replicate({of_leader(0, 3, "a")}));
  ASSERT_TRUE(commit());
  disk->stop_after = disk->changes + 5;  // the epoch's checkpoint, and not the write
  (void)replicate({of_leader(1, 4, "b")});
  cut_power(1);
  open();
  EXPECT_EQ(log->latest_epoch(), epoch_of(end() == 1 ? 4 : 3));
  EXPECT_EQ(values().back(), "a");
}

TEST_F(LogReplication, the_new_leader_knows_the_producers) {
  open();
  ASSERT_TRUE(replicate({of_leader(0, 1, "a", {.id = 9, .epoch = 0, .sequence = 0})}));
  const auto again = append(make_batch({{.key = "a", .value = "a"}}, {.id = 9, .epoch = 0, .sequence = 0}));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->duplicate);
}

TEST_F(LogReplication, truncation_at_the_end_drops_an_epoch_that_wrote_nothing) {
  open();
  write({"a"});
  ASSERT_TRUE(log->assign_epoch(epoch_of(5)));
  ASSERT_TRUE(log->truncate_to(Offset{1}));
  EXPECT_EQ(log->latest_epoch(), epoch_of(0));
  kill();
  open();
  EXPECT_EQ(log->latest_epoch(), epoch_of(0));
}

TEST_F(LogReplication, starting_anew_gives_up_what_was_there) {
  open();
  write_durably({"a", "b", "c"});
  ASSERT_TRUE(log->start_anew_at(Offset{40}));
  ASSERT_TRUE(replicate({of_leader(40, 6, "d")}));
  EXPECT_EQ(log->log_start_offset(), Offset{40});
  EXPECT_EQ(values(40), std::vector<std::string>{"d"});
  ASSERT_TRUE(commit());
  cut_power(2);
  open();
  EXPECT_EQ(values(40), std::vector<std::string>{"d"});
  EXPECT_EQ(log->latest_epoch(), epoch_of(6));
}

// Whatever call is the last one, and whatever the power cut keeps: a part of the old log or the new one, never damage,
// and no epochs of the old one with the new one, which would be cut to where those end.
TEST_F(LogReplication, a_crash_while_starting_anew_leaves_no_damage) {
  for (int last = 0; last < 20; ++last) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      begin_with_an_empty_disk();
      config.segment_bytes = 150;
      open();
      write_durably({"a", "b", "c", "d", "e"});
      log->advance_log_start(Offset{seed % 2 == 0 ? 4 : 0});  // and no checkpoint says so
      disk->stop_after = disk->changes + last;
      const bool done = log->start_anew_at(Offset{40}).has_value();
      cut_power(seed);
      open();
      EXPECT_TRUE(log->damaged().empty()) << last << " " << seed;
      EXPECT_TRUE(end() == 40 || (!done && end() <= 5)) << last << " " << seed << " " << end();
      const bool is_empty = end() == 40 || end() == 0;
      EXPECT_EQ(log->leader_epochs().at(log->log_start_offset()).value < 0, is_empty) << last << " " << seed;
    }
  }
}

TEST_F(LogReplication, an_empty_log_starts_in_the_middle_of_a_batch) {
  open();
  ASSERT_TRUE(log->start_anew_at(Offset{42}));
  ASSERT_TRUE(replicate({five_of_leader(40), of_leader(45, 7, "f")}));
  EXPECT_EQ(log->log_start_offset(), Offset{42});
  EXPECT_EQ(values(42), (std::vector<std::string>{"a", "b", "c", "d", "e", "f"}));
  EXPECT_EQ(log->slice(Offset{41}, Offset{46}, 1000, true).error().code, ErrorCode::OFFSET_OUT_OF_RANGE);
  EXPECT_EQ(log->leader_epochs().entries().front(), (LeaderEpochs::Entry{epoch_of(6), Offset{40}}));
  EXPECT_EQ(log->producers().size(), 1U);
  ASSERT_TRUE(commit());
  EXPECT_EQ(log->durable_end_offset(), Offset{46});
  cut_power(3);
  open({.log_start_offset = Offset{42}});
  EXPECT_EQ(log->log_start_offset(), Offset{42});
  EXPECT_EQ(values(42), (std::vector<std::string>{"a", "b", "c", "d", "e", "f"}));
  EXPECT_EQ(replicate({five_of_leader(44)}).error().code, ErrorCode::CORRUPT_MESSAGE);
}

// A leader that was elected uncleanly has another batch there.
TEST_F(LogReplication, a_cut_below_the_start_leaves_an_empty_log_that_says_nothing) {
  open();
  ASSERT_TRUE(log->start_anew_at(Offset{42}));
  ASSERT_TRUE(replicate({five_of_leader(40)}));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(log->truncate_to(Offset{40}));
    EXPECT_EQ(log->log_end_offset(), Offset{42});
    EXPECT_TRUE(log->leader_epochs().entries().empty());
  }
  ASSERT_TRUE(replicate({five_of_leader(41)}));
  EXPECT_EQ(values(42), (std::vector<std::string>{"a", "b", "c", "d", "e"}));
  ASSERT_TRUE(commit());
  cut_power(1);
  open();
  EXPECT_TRUE(log->damaged().empty());
  EXPECT_EQ(end(), 46);
}

TEST_F(LogReplication, a_log_that_is_cut_to_nothing_twice_keeps_its_file) {
  open();
  write_durably({"a", "b", "c"});
  log->advance_log_start(Offset{3});
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(log->truncate_to(Offset{1}));
    EXPECT_EQ(log->log_end_offset(), Offset{3});
  }
  ASSERT_TRUE(replicate({of_leader(3, 7, "d")}));
  ASSERT_TRUE(commit());
  cut_power(1);
  open();
  EXPECT_TRUE(log->damaged().empty());
  EXPECT_EQ(end(), 4);
}

TEST_F(LogReplication, what_a_log_had_under_its_own_name_does_not_come_back_when_it_is_cut_to_nothing) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    begin_with_an_empty_disk();
    open();
    write_durably({"a", "b", "c"});
    ASSERT_TRUE(log->start_anew_at(Offset{0}));
    cut_power(seed);
    open();
    EXPECT_EQ(end(), 0) << seed;
  }
}

TEST_F(LogReplication, an_empty_log_takes_no_batch_that_ends_before_its_start) {
  open();
  ASSERT_TRUE(log->start_anew_at(Offset{45}));
  EXPECT_EQ(replicate({five_of_leader(40)}).error().code, ErrorCode::CORRUPT_MESSAGE);
}

// Whatever call is the last one, whatever the power cut keeps, and whether the log start is known or not.
TEST_F(LogReplication, a_crash_while_starting_in_a_batch_leaves_no_damage) {
  for (int last = 0; last < 20; ++last) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      begin_with_an_empty_disk();
      open();
      ASSERT_TRUE(log->start_anew_at(Offset{42}) && commit() && disk->sync_all("data"));
      disk->stop_after = disk->changes + last;
      const bool done = replicate({five_of_leader(40)}).has_value();
      cut_power(seed);
      open({.log_start_offset = seed % 2 == 0 ? std::optional(Offset{42}) : std::nullopt});
      EXPECT_TRUE(log->damaged().empty()) << last << " " << seed;
      EXPECT_TRUE(end() == 45 || (!done && end() == 42)) << last << " " << seed << " " << end();
      const Offset next = log->log_end_offset();
      const bool goes_on = next == Offset{45} ? replicate({of_leader(45, 6, "f")}).has_value()
                                              : log->start_anew_at(Offset{42}) && replicate({five_of_leader(40)});
      EXPECT_TRUE(goes_on) << last << " " << seed;
    }
  }
}

// What could not be synced is gone, and the next sync would say that all is well.
TEST_F(LogReplication, a_log_that_begins_in_a_batch_ends_with_a_sync_that_fails) {
  open();
  ASSERT_TRUE(log->start_anew_at(Offset{42}));
  disk->fail_sync_after = 2;  // the first two are of the leader epochs
  EXPECT_FALSE(replicate({five_of_leader(40)}));
  EXPECT_TRUE(log->why_failed());
}

TEST_F(LogReplication, a_full_disk_leaves_an_empty_log_as_it_was) {
  open();
  ASSERT_TRUE(log->start_anew_at(Offset{42}));
  disk->capacity_bytes = 0;
  EXPECT_FALSE(replicate({five_of_leader(40)}));
  EXPECT_FALSE(log->why_failed());
  EXPECT_EQ(log->log_end_offset(), Offset{42});
  EXPECT_TRUE(log->leader_epochs().entries().empty());
  disk->capacity_bytes = std::numeric_limits<std::int64_t>::max();
  ASSERT_TRUE(replicate({five_of_leader(40)}));
  EXPECT_EQ(end(), 45);
}

}  // namespace ottla
