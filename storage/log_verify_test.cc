// `log verify`: a sound log has nothing to tell, each kind of damage is found where it is, and nothing is written.
#include "storage/log_verify_fixture.h"

namespace ottla {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(LogVerifyTest, a_sound_log_has_nothing_to_tell) {
  EXPECT_THAT(texts(), IsEmpty());
  EXPECT_EQ(counts.batches, 20);
  EXPECT_EQ(counts.records, 160);
  EXPECT_EQ(counts.segments, static_cast<std::int64_t>(bases.size()));
  EXPECT_THAT(texts("data/t-0"), IsEmpty());
  EXPECT_EQ(counts.partitions, 1);
}

TEST_F(LogVerifyTest, so_has_a_live_one) {
  crash();
  open();
  add(160);
  EXPECT_THAT(texts(), IsEmpty());
}

TEST_F(LogVerifyTest, a_flipped_bit_in_a_batch) {
  const auto batch = batch_of(1, 1);
  disk->flip_bit(log_file(1), batch.position + 100);
  expect_damage(log_file(1), batch.position, batch.header.base_offset, "CRC");
}

TEST_F(LogVerifyTest, a_length_that_leads_nowhere_costs_the_rest_of_the_segment) {
  const auto batch = batch_of(0, 1);
  disk->flip_bit(log_file(0), batch.position + 8, 6);
  const auto findings = verify();
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].file, log_file(0));
  EXPECT_EQ(findings[0].position, batch.position);
  EXPECT_THAT(findings[0].what, HasSubstr("cannot be read"));
}

TEST_F(LogVerifyTest, an_offset_that_does_not_follow_is_told_once) {
  for (const std::int64_t change : {-1, 1, 1000, 1 << 20}) {
    const auto batch = batch_of(1, 1);
    write_offset(batch, batch.header.base_offset.value + change);
    const auto findings = verify();
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].position, batch.position);
    EXPECT_THAT(findings[0].what, HasSubstr("a batch of base offset"));
    EXPECT_EQ(std::ranges::count(findings, log_file(1), &Finding::file), 1) << testing::PrintToString(texts());
    EXPECT_LE(findings.size(), 3U) << testing::PrintToString(texts());
    write_offset(batch, batch.header.base_offset.value);
  }
}

TEST_F(LogVerifyTest, an_epoch_that_the_checkpoint_does_not_know_is_told_once) {
  for (const bool with_checkpoint : {true, false}) {
    const auto batch = batch_of(1, 0);
    Writer epoch_bytes;
    epoch_bytes.integer(std::int32_t{3});
    overwrite(log_file(1), batch.position + 12, epoch_bytes);
    if (with_checkpoint) {
      expect_damage(log_file(1), batch.position, batch.header.base_offset, "leader epoch 3");
    } else {
      ASSERT_TRUE(disk->remove("data/t-0/leader-epoch-checkpoint"));
      EXPECT_THAT(texts(), ElementsAre(HasSubstr("leader-epoch-checkpoint"), HasSubstr("leader epoch 3")));
    }
  }
}

TEST_F(LogVerifyTest, what_is_deleted_needs_no_epoch) {
  write_text(*disk, "data/t-0/leader-epoch-checkpoint", "0\n1\n0 16\n");
  write_text(*disk, "data/log-start-offset-checkpoint", checkpoint_text({{"t-0", Offset{20}}}));
  EXPECT_THAT(texts(), ElementsAre());
  write_text(*disk, "data/log-start-offset-checkpoint", checkpoint_text({{"t-0", Offset{8}}}));
  EXPECT_THAT(texts(), ElementsAre(HasSubstr("offset 8: leader epoch 0; leader-epoch-checkpoint says -1")));
}

TEST_F(LogVerifyTest, an_epoch_that_goes_back_is_told_once) {
  ASSERT_TRUE(disk->remove("data/t-0/leader-epoch-checkpoint"));
  Writer epoch_bytes;
  epoch_bytes.integer(std::int32_t{3});
  for (const int number : {0, 1}) {
    overwrite(log_file(0), batch_of(0, number).position + 12, epoch_bytes);
  }
  const auto third = batch_of(0, 2);
  EXPECT_THAT(texts(), ElementsAre(HasSubstr("leader-epoch-checkpoint"),
                                   HasSubstr(fmt::format("{} at position {}, offset 16: leader epoch 0 behind 3",
                                                         log_file(0), third.position))));
}

TEST_F(LogVerifyTest, a_segment_that_is_gone) {
  for (const char* suffix : {"log", "index", "timeindex"}) {
    ASSERT_TRUE(disk->remove(log_file(1, suffix)));
  }
  expect_damage(log_file(2), 0, bases[1], "are missing");
}

TEST_F(LogVerifyTest, a_log_that_is_shorter_than_at_its_clean_stop) {
  const std::size_t last = bases.size() - 1;
  cut(log_file(last), 0);
  cut(log_file(last, "index"), 0);
  cut(log_file(last, "timeindex"), 0);
  expect_damage(log_file(last), 0, bases[last], "at the clean stop");
}

TEST_F(LogVerifyTest, a_log_that_is_shorter_than_what_was_durable) {
  crash();
  const std::size_t last = bases.size() - 1;
  ASSERT_TRUE(disk->remove(log_file(last)));
  const auto findings = verify();
  ASSERT_FALSE(findings.empty());
  EXPECT_THAT(findings.back().text(), HasSubstr("had been durable"));
}

TEST_F(LogVerifyTest, a_torn_end_after_a_crash_is_no_damage) {
  crash();
  open();
  add(160);
  log.reset();
  const std::string file = log_file(bases.size() - 1);
  cut(file, size_of(file) - 1);
  const auto findings = verify();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_FALSE(findings[0].is_damage);
  EXPECT_THAT(findings[0].what, HasSubstr("torn"));
  EXPECT_EQ(findings[0].offset, Offset{160});
}

TEST_F(LogVerifyTest, the_same_below_the_durable_mark_is) {
  crash();
  const std::string file = log_file(bases.size() - 1);
  disk->flip_bit(file, size_of(file) - 1);
  const auto findings = verify();
  ASSERT_FALSE(findings.empty());
  EXPECT_TRUE(findings[0].is_damage);
}

TEST_F(LogVerifyTest, a_batch_of_a_producer_twice) {
  log.reset();
  Bytes last;
  {
    const auto batch = batch_of(0, 0);
    last.resize(static_cast<std::size_t>(batch.header.size_bytes()));
    ASSERT_TRUE((*disk->open(log_file(0), OpenMode::read))->read_at(last, 0));
  }
  patch_base_offset(last, Offset{160});
  const std::string file = log_file(bases.size() - 1);
  const std::int64_t position = size_of(file);
  Writer writer;
  writer.raw(last);
  overwrite(file, position, writer);
  crash();
  expect_damage(file, position, Offset{160}, "sequence 0");
}

TEST_F(LogVerifyTest, a_partition_that_is_gone) {
  const auto mark = log->end_mark();
  ASSERT_TRUE(write_clean_shutdown(*disk, "data",
                                   {{"t-0", {mark.durable_end_offset, mark.last_batch_crc}}, {"t-1", {Offset{7}, 0}}}));
  EXPECT_THAT(texts(),
              ElementsAre(AllOf(HasSubstr("data/t-1"), HasSubstr("at the clean stop its log ended at offset 7"))));
  EXPECT_THAT(texts("data/t-0"), IsEmpty());
}

TEST_F(LogVerifyTest, what_tells_whose_directory_it_is_and_which_topics_there_are) {
  disk->flip_bit("data/.ottla-metadata/log", 45);
  EXPECT_THAT(texts(), ElementsAre(AllOf(HasSubstr("data/.ottla-metadata"), HasSubstr("entry 1 at byte"))));
  ASSERT_TRUE(disk->remove("data/.ottla-metadata/log"));
  ASSERT_TRUE(disk->remove("data/meta.properties"));
  EXPECT_THAT(texts(), ElementsAre(HasSubstr("data/meta.properties"), HasSubstr("data/.ottla-metadata")));
  EXPECT_THAT(texts("data/t-0"), IsEmpty());
}

TEST_F(LogVerifyTest, no_log_is_an_error) {
  EXPECT_FALSE(verify_logs(*disk, "nowhere", [](const Finding&) {}));
}

}  // namespace
}  // namespace ottla
