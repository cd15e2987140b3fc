// `log verify` and what stands beside the batches: indexes, snapshots, text files; and `log dump`.
#include <fmt/format.h>

#include "storage/log_dump.h"
#include "storage/log_verify_fixture.h"
#include "storage/producer_state.h"

namespace ottla {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(LogVerifyTest, index_entries_that_point_elsewhere) {
  disk->flip_bit(log_file(0, "index"), 7);  // the position of the first entry
  const auto findings = verify();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].file, log_file(0, "index"));
  EXPECT_EQ(findings[0].position, 0);
  EXPECT_THAT(findings[0].what, HasSubstr("points to no batch"));
}

TEST_F(LogVerifyTest, time_index_entries_with_another_time) {
  disk->flip_bit(log_file(0, "timeindex"), 12 + 7);
  const auto findings = verify();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].file, log_file(0, "timeindex"));
  EXPECT_EQ(findings[0].position, 12);
}

TEST_F(LogVerifyTest, a_time_index_without_its_end) {
  const auto size = size_of(log_file(0, "timeindex"));
  cut(log_file(0, "timeindex"), size - 12);
  expect_damage(log_file(0, "timeindex"), size - 12, bases[0], "it ends with timestamp");
}

TEST_F(LogVerifyTest, an_index_that_is_missing) {
  ASSERT_TRUE(disk->remove(log_file(0, "index")));
  expect_damage(log_file(0, "index"), 0, bases[0], "missing");
}

// Kafka maps the indexes of the segment it writes at full size; only there zeros may follow the entries.
TEST_F(LogVerifyTest, zeros_behind_the_entries_of_the_last_segment_are_kafkas) {
  const std::size_t last = bases.size() - 1;
  for (const std::size_t index : {last, std::size_t{0}}) {
    Writer zeros;
    zeros.raw(Bytes(240));
    overwrite(log_file(index, "index"), size_of(log_file(index, "index")), zeros);
    overwrite(log_file(index, "timeindex"), size_of(log_file(index, "timeindex")), zeros);
    if (index == last) {
      EXPECT_THAT(texts(), IsEmpty());
    }
  }
  EXPECT_THAT(texts(), testing::AllOf(testing::Contains(HasSubstr("000.index at")),
                                      testing::Contains(HasSubstr("000.timeindex at"))));
}

TEST_F(LogVerifyTest, snapshots_that_are_damaged_or_disagree) {
  std::string kafkas;
  const auto names = disk->list("data/t-0").value();
  for (const std::string& name : names) {
    kafkas = name.ends_with(".snapshot") ? fmt::format("data/t-0/{}", name) : kafkas;
  }
  disk->flip_bit(kafkas, 20);
  const auto said = texts();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_THAT(said[0], testing::AllOf(HasSubstr(kafkas), HasSubstr("CRC")));
  ProducerState other;
  other.remember(
      {.last_offset_delta = 7, .producer_id = 5, .producer_epoch = 0, .base_sequence = 16, .records_count = 8}, now_ms);
  const Bytes content = other.encode_for_kafka();
  ASSERT_TRUE(write_whole_file(*disk, kafkas, content));
  EXPECT_THAT(texts(), ElementsAre(HasSubstr("it says that producer 5")));
}

TEST_F(LogVerifyTest, damaged_text_files_are_named) {
  for (const char* name : {"data/recovery-point-offset-checkpoint", "data/t-0/partition.metadata",
                           "data/t-0/leader-epoch-checkpoint", "data/.ottla-clean-shutdown"}) {
    const std::string before = read_text(*disk, name);
    write_text(*disk, name, "nonsense\n");
    const auto said = texts();
    EXPECT_THAT(said, testing::Contains(HasSubstr(name))) << name;
    write_text(*disk, name, before);
  }
  EXPECT_THAT(texts(), IsEmpty());
}

TEST_F(LogVerifyTest, what_kafka_leaves_on_its_way_is_left_alone) {
  write_text(*disk, "data/t-1.0123456789abcdef0123456789abcdef-delete/00000000000000000000.log", "nonsense");
  write_text(*disk, "data/t-1.0123456789abcdef0123456789abcdef-future/00000000000000000000.log", "nonsense");
  for (const Finding& finding : verify()) {
    EXPECT_FALSE(finding.is_damage) << finding.text();
  }
  EXPECT_EQ(counts.partitions, 1);
}

TEST_F(LogVerifyTest, a_dump_shows_batches_records_and_damage) {
  std::vector<std::string> lines;
  const auto line = [&](std::string_view text) { lines.emplace_back(text); };
  ASSERT_TRUE(dump_logs(*disk, "data", true, line));
  EXPECT_EQ(lines[0], log_file(0));
  EXPECT_THAT(lines[1], HasSubstr("position 0 offsets 0..7 records 8 "));
  EXPECT_THAT(lines[1], HasSubstr(" producer 5 epoch 0 sequences 0..7"));
  EXPECT_EQ(lines[2], fmt::format("  offset 0 timestamp {} key \"k\" value \"v0\"", now_ms));
  disk->flip_bit(log_file(0), 100);
  lines.clear();
  const auto counted = dump_logs(*disk, "data/t-0", false, line);
  ASSERT_TRUE(counted);
  EXPECT_EQ(counted->damaged_places, 1);
  EXPECT_EQ(counted->batches, 19);
  EXPECT_THAT(lines[1], HasSubstr("position 0 DAMAGE: "));
}

}  // namespace
}  // namespace ottla
