// Compaction of one log.
#include <gmock/gmock.h>

#include <map>
#include <random>

#include "storage/compaction.h"
#include "storage/log_test_fixture.h"
#include "storage/test_effort.h"

namespace ottla {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CompactionTest : public LogFixture {
 protected:
  void SetUp() override {
    config.segment_bytes = 200;
    config.compacts = true;
    config.deletes = false;
    config.min_cleanable_dirty_ratio = 0;
    config.delete_retention_ms = 1000;
    open();
  }
  void put(const std::string& name, std::optional<std::string> value) {
    ASSERT_TRUE(append(make_batch({{.key = name, .value = std::move(value)}})));
  }
  // True if there was something to do.
  bool compact_now(std::int64_t at_ms = now_ms, std::size_t key_map_max_bytes = 1 << 20) {
    EXPECT_TRUE(commit());
    const auto plan = log->plan_compaction(at_ms, log->log_end_offset());
    EXPECT_TRUE(plan) << plan.error().message;
    if (!*plan) {
      return false;
    }
    const auto compacted = compact(*disk, (*plan)->directory, config, **plan, key_map_max_bytes, [] { return true; });
    EXPECT_TRUE(compacted) << compacted.error().message;
    const auto installed = log->install(*compacted);
    EXPECT_TRUE(installed) << installed.error().message;
    return true;
  }
  // offset:key=value, in order.
  std::vector<std::string> records(Log& of) {
    std::vector<std::string> found;
    std::vector<Bytes> batches;
    read_batches(of, of.log_start_offset(), batches);
    for (const Bytes& batch : batches) {
      const auto header = BatchHeader::read(batch);
      const auto walked = for_each_record(batch, {}, [&](const RecordView& record) -> Result<void> {
        found.push_back(fmt::format("{}:{}={}", header.base_offset.value + record.offset_delta, as_text(*record.key),
                                    record.value ? as_text(*record.value) : "null"));
        return {};
      });
      EXPECT_TRUE(walked);
    }
    return found;
  }
};

TEST_F(CompactionTest, of_each_key_the_last_record_stays_at_its_offset) {
  for (const char* value : {"1", "2", "3"}) {
    put("a", value);
    put("b", value);
  }
  put("c", "1");
  put("d", "1");
  ASSERT_TRUE(compact_now());
  EXPECT_THAT(records(*log), ElementsAre("4:a=3", "5:b=3", "6:c=1", "7:d=1"));
  EXPECT_EQ(end(), 8);
  EXPECT_FALSE(compact_now());  // all is clean
  kill();
  open();
  EXPECT_THAT(records(*log), ElementsAre("4:a=3", "5:b=3", "6:c=1", "7:d=1"));
  EXPECT_THAT(log->damaged(), IsEmpty());
}

TEST_F(CompactionTest, some_records_of_a_batch_stay_with_their_times_and_headers) {
  config.segment_bytes = 400;
  log.reset();
  open();
  ASSERT_TRUE(append(make_batch({{.key = "a", .value = "1", .timestamp_ms = now_ms + 1},
                                 {.key = "b", .value = "1", .timestamp_ms = now_ms + 2},
                                 {.key = "c", .value = "1", .timestamp_ms = now_ms + 3}})));
  put("a", "2");
  put("c", "2");
  for (int i = 0; i < 12; ++i) {
    put("z", std::to_string(i));
  }
  ASSERT_TRUE(compact_now());
  EXPECT_EQ(records(*log).front(), "1:b=1");
  EXPECT_EQ(log->offset_for_timestamp(now_ms + 1, Offset{20})->timestamp_ms, now_ms + 2);
  EXPECT_EQ(log->offset_for_timestamp(now_ms + 1, Offset{20})->offset, Offset{1});
}

TEST_F(CompactionTest, a_tombstone_stays_for_its_time_and_then_goes) {
  put("a", "1");
  put("a", std::nullopt);
  for (int i = 0; i < 6; ++i) {
    put(fmt::format("k{}", i), "1");
  }
  ASSERT_TRUE(compact_now(now_ms));
  EXPECT_EQ(records(*log).front(), "1:a=null");
  put("x", "1");
  put("y", "1");
  put("z", "1");
  ASSERT_TRUE(compact_now(now_ms + 999));
  EXPECT_EQ(records(*log).front(), "1:a=null");
  put("x", "2");
  put("y", "2");
  put("z", "2");
  ASSERT_TRUE(compact_now(now_ms + 1000));
  EXPECT_EQ(records(*log).front(), "2:k0=1");
}

TEST_F(CompactionTest, compressed_batches_stay_compressed) {
  for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    Bytes batch = make_batch({{.key = "a", .value = "1"}, {.key = "b", .value = "1"}});
    const auto header = BatchHeader::read(batch);
    auto compressed = recompress(batch, codec);
    ASSERT_TRUE(compressed);
    patch_base_offset(*compressed, Offset{5});
    const auto cleaned = clean_batch(
        *compressed, {.keep = [](const RecordView& record, Offset) { return as_text(*record.key) == "b"; }});
    ASSERT_TRUE(cleaned && *cleaned);
    const auto left = BatchHeader::read(**cleaned);
    EXPECT_EQ(left.codec(), codec);
    EXPECT_EQ(left.records_count, 1);
    EXPECT_EQ(left.last_offset_delta, header.last_offset_delta);
    EXPECT_TRUE(crc_is_right(**cleaned));
    int seen = 0;
    ASSERT_TRUE(for_each_record(**cleaned, {}, [&](const RecordView& record) -> Result<void> {
      seen += record.offset_delta == 1 && as_text(*record.value) == "1" ? 1 : 0;
      return {};
    }));
    EXPECT_EQ(seen, 1);
  }
}

TEST_F(CompactionTest, the_sequence_of_an_idempotent_producer_outlives_its_records) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(append(make_batch({{.key = "a", .value = "v"}}, {.id = 9, .epoch = 0, .sequence = i})));
  }
  for (int i = 0; i < 6; ++i) {
    put("a", std::to_string(i));
  }
  ASSERT_TRUE(compact_now());
  kill();
  const auto names = disk->list("data/t-0");
  for (const std::string& name : *names) {
    if (name.ends_with(".producers") || name.ends_with(".snapshot")) {
      ASSERT_TRUE(disk->remove("data/t-0/" + name));
    }
  }
  open();
  const auto retried = append(make_batch({{.key = "a", .value = "v"}}, {.id = 9, .epoch = 0, .sequence = 2}));
  ASSERT_TRUE(retried) << retried.error().message;
  EXPECT_TRUE(retried->duplicate);
  EXPECT_TRUE(append(make_batch({{.key = "a", .value = "v"}}, {.id = 9, .epoch = 0, .sequence = 3})));
}

TEST_F(CompactionTest, keys_that_do_not_fit_are_left_for_the_next_time) {
  for (int i = 0; i < 10; ++i) {
    put(fmt::format("k{}", i), "1");
    put(fmt::format("k{}", i), "2");
  }
  put("x", "1");
  put("y", "1");
  int rounds = 0;
  while (compact_now(now_ms, 300) && rounds < 20) {
    ++rounds;
  }
  EXPECT_GT(rounds, 1);
  for (int i = 0; i < 9; ++i) {
    EXPECT_THAT(records(*log), testing::Contains(fmt::format("{}:k{}=2", 2 * i + 1, i)));
    EXPECT_THAT(records(*log), testing::Not(testing::Contains(fmt::format("{}:k{}=1", 2 * i, i))));
  }
}

// Power fails before every call of a compaction: of each key the last value is there, at its offset, and no record is
// there that was not.
TEST_F(CompactionTest, a_power_cut_anywhere_in_a_compaction_loses_no_last_value) {
  std::mt19937_64 random(7);
  std::map<std::string, std::string> last;
  std::map<std::string, std::string> all;
  const int fates = from_environment("OTTLA_CRASH_FATES", 6);  // of what was not synced, each time
  int tried = 0;
  const auto check = [&](std::string_view what) {
    for (int fate = 0; fate < fates; ++fate, ++tried) {
      const auto survivor = disk->after_power_cut(static_cast<std::uint64_t>(fate) + static_cast<std::uint64_t>(tried));
      OpenFiles open_files(*survivor, 10);
      const auto survivor_marks = DurableMarks::open(*survivor, "data").value();
      for (int again = 0; again < 2; ++again) {
        const std::string before = survivor->describe();
        const LogHints hints{.recovery_point = {},
                             .log_start_offset = {},
                             .cleaned_to = {},
                             .clean_end = {},
                             .durable_mark = survivor_marks->find(key)};
        auto found = Log::open({*survivor, open_files, *survivor_marks}, "data/t-0", key, config, hints, now_ms);
        ASSERT_TRUE(found) << what << ": " << found.error().message;
        ASSERT_THAT((*found)->damaged(), IsEmpty()) << what << ": " << (*found)->damaged().front().what;
        std::map<std::string, std::string> seen;
        for (const std::string& record : records(**found)) {
          ASSERT_TRUE(all.contains(record)) << what << ": " << record;
          seen[all[record]] = record;
        }
        ASSERT_EQ(seen, last) << what;
        ASSERT_TRUE(again == 0 || before == survivor->describe()) << what;
      }
    }
  };
  for (int round = 0; round < 12; ++round) {
    for (int i = 0; i < 12; ++i) {
      const std::string name = fmt::format("k{}", random() % 6);
      const std::string value = fmt::format("{}-{}", round, i);
      last[name] = fmt::format("{}:{}={}", end(), name, value);
      all[last[name]] = name;
      put(name, value);
    }
    ASSERT_TRUE(commit());
    disk->before_change = check;
    compact_now();
    disk->before_change = nullptr;
  }
  check("the end");
  fmt::print("{} power cuts in compactions\n", tried);
  EXPECT_GT(tried, 80 * fates);
}

}  // namespace
}  // namespace ottla
