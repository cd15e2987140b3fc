// The exhaustive crash test: a script of 200 operations on two logs of one data directory, cut off before every call
// that changes the disk, with several fates of what was not synced; what is found after a start must be what the model
// allows, and a second start must find just that.
//
// OTTLA_CRASH_SCRIPTS and OTTLA_CRASH_FATES make it longer, or shorter.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "storage/fault_file.h"
#include "storage/log_directory.h"
#include "storage/test_batches.h"
#include "storage/test_effort.h"

namespace ottla {
namespace {

constexpr std::int64_t now_ms = 1'700'000'000'000;
const std::string root = "data";
const LogConfig small_segments{.segment_bytes = 3000, .index_interval_bytes = 200};

// What is allowed to be found of one log.
struct Model {
  TopicId topic_id;
  std::vector<Bytes> batches;  // all that were written and not truncated, deleted ones too
  Offset durable_end;          // acknowledged below
  Offset start_min;            // the log start is one of these or between
  Offset start_max;
  Offset written_end;
  bool may_be_gone = false;  // it is being made or deleted
  LeaderEpoch epoch{0};
};

// A running broker's storage: what is on one disk, opened.
struct Machine {
  Disk* disk = nullptr;
  std::unique_ptr<LogDirectory> directory;
  std::unique_ptr<OpenFiles> files;
  std::map<int, std::unique_ptr<Log>> logs;

  explicit Machine(Disk& disk_) : disk(&disk_), files(std::make_unique<OpenFiles>(disk_, 3)) {
    auto opened = LogDirectory::open(disk_, root, std::nullopt, BrokerId{1});
    if (!opened) {
      throw std::runtime_error(opened.error().message);
    }
    directory = std::move(*opened);
    if (!disk_.exists(root + "/.ottla-metadata/log")) {  // else it refuses partitions whose topics it cannot know
      if (auto made = disk_.make_directories(root + "/.ottla-metadata"); !made) {
        throw std::runtime_error(made.error().message);
      }
      (void)replace_file(disk_, root + "/.ottla-metadata/log", {});
      (void)disk_.sync_directory(root);
    }
  }
  [[nodiscard]] LogEnvironment environment() const { return {*disk, *files, directory->marks()}; }
  static std::string name(int index) { return fmt::format("t-{}", index); }
  void open(int index, const TopicId& topic_id) {
    const PartitionKey key{topic_id, index};
    auto log = Log::open(environment(), root + "/" + name(index), key, small_segments,
                         directory->hints(name(index), key), now_ms);
    if (!log) {
      throw std::runtime_error(log.error().message);
    }
    logs[index] = std::move(*log);
  }
};

void require(const Result<void>& done) {
  if (!done) {
    throw std::runtime_error(done.error().message);
  }
}

class CrashScript {
 public:
  CrashScript(std::uint64_t seed, int fates) : random_(seed), fates_(fates), disk_(seed), machine_(disk_) {
    for (int index = 0; index < 2; ++index) {
      models_[index].topic_id = Uuid::random();
      models_[index].may_be_gone = true;
    }
    disk_.before_change = [this](std::string_view what) { crash(what); };
    for (int index = 0; index < 2; ++index) {
      make(index);
    }
  }

  void run(int operations) {
    for (int i = 0; i < operations; ++i) {
      operation_ = i;
      step(static_cast<int>(below(100)), static_cast<int>(below(2)));
    }
    crash("the end");
  }

  int points = 0;
  int recoveries = 0;

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  Log& log(int index) { return *machine_.logs[index]; }

  void step(int dice, int index) {
    if (dice < 45) {
      append(index);
    } else if (dice < 75) {
      commit();
    } else if (dice < 82) {
      truncate(index);
    } else if (dice < 88) {
      delete_records(index);
    } else if (dice < 92) {
      checkpoint();
    } else if (dice < 96) {
      stop_and_start(below(2) == 0);
    } else {
      remove_and_make(index);
    }
  }

  void make(int index) {
    machine_.open(index, models_[index].topic_id);
    require(log(index).assign_epoch(models_[index].epoch));
    models_[index].may_be_gone = false;
  }

  void append(int index) {
    Model& model = models_[index];
    std::vector<Bytes> batches;
    std::vector<AppendBatch> appends;
    for (std::uint64_t left = 1 + below(3); left > 0; --left) {
      std::vector<TestRecord> records;
      for (std::uint64_t count = 1 + below(4); count > 0; --count) {
        records.push_back({.key = fmt::format("k{}", below(10)),
                           .value = std::string(below(300), static_cast<char>('a' + below(26))),
                           .timestamp_ms = now_ms + operation_});
      }
      batches.push_back(make_batch(records, next_of(model.topic_id, static_cast<std::int64_t>(below(3)),
                                                    static_cast<std::int32_t>(records.size()))));
    }
    appends.reserve(batches.size());
    for (Bytes& batch : batches) {
      appends.push_back(as_append(batch));
    }
    // What is under way may be found; offsets are known beforehand.
    Offset next = log(index).log_end_offset();
    for (const Bytes& batch : batches) {
      Bytes expected = batch;
      patch_base_offset(expected, next);
      patch_leader_epoch(expected, model.epoch);
      next = BatchHeader::read(expected).next_offset();
      model.batches.push_back(std::move(expected));
    }
    model.written_end = next;
    for (const auto& appended : log(index).append(appends, model.epoch, now_ms)) {
      if (!appended || appended->duplicate) {
        throw std::runtime_error(appended ? "a duplicate" : appended.error().message);
      }
    }
  }

  // A batch of producer 0 has none; the others number theirs.
  TestProducer next_of(const TopicId& topic, std::int64_t id, std::int32_t records) {
    if (id == 0) {
      return {};
    }
    TestProducer& producer = producers_[{topic, id}];
    const TestProducer now{.id = id, .epoch = 0, .sequence = std::max(producer.sequence, 0)};
    producer.sequence = now.sequence + records;
    return now;
  }

  void commit() {
    std::vector<SyncJob> jobs;
    std::vector<int> owners;
    for (auto& [index, one] : machine_.logs) {
      if (auto job = one->begin_sync()) {
        jobs.push_back(std::move(*job));
        owners.push_back(index);
      }
    }
    require(sync_group(machine_.environment(), root, jobs));
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      log(owners[i]).finish_sync(jobs[i]);
      models_[owners[i]].durable_end = log(owners[i]).durable_end_offset();
    }
    require(machine_.directory->marks().write());
  }

  // As a follower does: with a new epoch; the producers' sequences go back, too.
  void truncate(int index) {
    Model& model = models_[index];
    const std::int64_t kept = static_cast<std::int64_t>(
        below(static_cast<std::uint64_t>(model.written_end - log(index).log_start_offset()) + 1));
    const Offset to = log(index).log_start_offset() + kept;
    Offset end{0};
    std::size_t whole = 0;
    while (whole < model.batches.size() && BatchHeader::read(model.batches[whole]).next_offset() <= to) {
      end = BatchHeader::read(model.batches[whole++]).next_offset();
    }
    end = std::max(end, log(index).log_start_offset());
    model.durable_end = std::min(model.durable_end, end);
    require(log(index).truncate_to(to));
    if (log(index).log_end_offset() > to) {
      throw std::runtime_error("not cut");
    }
    model.batches.resize(whole);
    model.written_end = log(index).log_end_offset();
    for (auto& [key, producer] : producers_) {
      if (key.first == model.topic_id) {
        producer.sequence = 0;
      }
    }
    for (const Bytes& batch : model.batches) {
      const auto header = BatchHeader::read(batch);
      if (header.has_producer()) {
        producers_[{model.topic_id, header.producer_id}].sequence = header.last_sequence() + 1;
      }
    }
    require(log(index).assign_epoch(LeaderEpoch{++model.epoch.value}));
  }

  void delete_records(int index) {
    Model& model = models_[index];
    const auto room = static_cast<std::uint64_t>(model.durable_end - log(index).log_start_offset());
    const Offset to = log(index).log_start_offset() + static_cast<std::int64_t>(below(room + 1));
    model.start_max = std::max(model.start_max, to);
    log(index).advance_log_start(to);
    write_log_starts();
    model.start_min = std::max(model.start_min, to);
    require(log(index).remove_deleted_segments(to));
  }

  void write_log_starts() {
    OffsetsByDirectory starts;
    for (auto& [index, one] : machine_.logs) {
      starts[Machine::name(index)] = one->log_start_offset();
    }
    require(machine_.directory->write_log_start_offsets([&](const auto&) { return starts; }));
  }

  void checkpoint() {
    OffsetsByDirectory by_name;
    for (auto& [index, one] : machine_.logs) {
      by_name[Machine::name(index)] = one->durable_end_offset();
    }
    require(machine_.directory->write_recovery_points([&](const auto&) { return by_name; }));
  }

  void stop_and_start(bool cleanly) {
    if (cleanly) {
      std::map<std::string, CleanEnd> ends;
      for (auto& [index, one] : machine_.logs) {
        require(one->close());
        models_[index].durable_end = one->log_end_offset();
        ends[Machine::name(index)] = {one->end_mark().durable_end_offset, one->end_mark().last_batch_crc};
      }
      require(machine_.directory->write_recovery_points([&](const auto&) { return recovery_points(ends); }));
      require(machine_.directory->mark_clean(ends));
    }
    machine_.logs.clear();
    machine_.directory.reset();
    machine_ = Machine(disk_);
    for (auto& [index, model] : models_) {
      machine_.open(index, model.topic_id);
      model.durable_end = std::max(model.durable_end, log(index).durable_end_offset());
    }
  }

  static OffsetsByDirectory recovery_points(const std::map<std::string, CleanEnd>& ends) {
    OffsetsByDirectory points;
    for (const auto& [name, end] : ends) {
      points[name] = end.log_end_offset;
    }
    return points;
  }

  // The same name for a new topic: nothing of the old one may be seen.
  void remove_and_make(int index) {
    Model& model = models_[index];
    const PartitionKey key{model.topic_id, index};
    deleting_ = index;
    machine_.logs.erase(index);
    require(machine_.directory->marks().forget(key));
    require(machine_.directory->delete_partition(Machine::name(index)));
    model = Model{.topic_id = Uuid::random(), .batches = {}, .may_be_gone = true};
    deleting_ = -1;
    make(index);
  }

  // Power fails here.
  void crash(std::string_view what) {
    ++points;
    for (int fate = 0; fate < fates_; ++fate, ++recoveries) {
      const auto survivor =
          disk_.after_power_cut(static_cast<std::uint64_t>(points) * 1000 + static_cast<std::uint64_t>(fate));
      try {
        check(*survivor);
        const auto twice = survivor->after_kill();
        const std::string once = twice->describe();
        check(*twice);
        ASSERT_EQ(once, twice->describe()) << "a second start changed something";
      } catch (const std::exception& error) {
        FAIL() << "operation " << operation_ << ", before " << what << ", fate " << fate << ": " << error.what();
      }
    }
  }

  void check(Disk& disk) {
    Machine machine(disk);
    for (auto& [index, model] : models_) {
      if (index != deleting_) {
        check_log(machine, index, model);
      }
    }
  }

  void check_log(Machine& machine, int index, const Model& model) {
    machine.open(index, model.topic_id);
    Log& found = *machine.logs[index];
    const auto expect = [&](bool right, const std::string& what) {
      if (!right) {
        throw std::runtime_error(fmt::format("log {}: {} (start {}, end {}, durable {}, written {})", index, what,
                                             found.log_start_offset().value, found.log_end_offset().value,
                                             model.durable_end.value, model.written_end.value));
      }
    };
    expect(found.damaged().empty(), found.damaged().empty() ? "" : found.damaged().front().what);
    expect(found.log_end_offset() >= model.durable_end, "acknowledged records are lost");
    expect(found.log_end_offset() <= model.written_end, "records nobody wrote");
    expect(found.log_start_offset() >= model.start_min && found.log_start_offset() <= model.start_max, "log start");
    std::vector<Bytes> batches;
    read_batches(found, found.log_start_offset(), batches);
    std::size_t at = 0;
    while (at < model.batches.size() &&
           BatchHeader::read(model.batches[at]).next_offset() <= found.log_start_offset()) {
      ++at;
    }
    for (const Bytes& batch : batches) {
      expect(at < model.batches.size() && batch == model.batches[at],
             fmt::format("other bytes at offset {}", BatchHeader::read(batch).base_offset.value));
      ++at;
    }
    expect(batches.empty() || BatchHeader::read(batches.back()).next_offset() == found.log_end_offset(), "the end");
    check_epochs(found, batches, expect);
    check_producers(found, batches, expect);
  }

  static void check_epochs(const Log& found, const std::vector<Bytes>& batches, const auto& expect) {
    if (!batches.empty()) {
      const auto last = BatchHeader::read(batches.back());
      const auto end = found.end_offset_for(last.partition_leader_epoch);
      expect(end.epoch == last.partition_leader_epoch && end.end_offset >= last.next_offset(), "leader epochs");
    }
  }

  // A retry of the last batch of each producer is known by the offset it has.
  static void check_producers(Log& found, const std::vector<Bytes>& batches, const auto& expect) {
    std::map<std::int64_t, Bytes> last;
    for (const Bytes& batch : batches) {
      last[BatchHeader::read(batch).producer_id] = batch;
    }
    last.erase(no_producer_id);
    for (auto& [id, batch] : last) {
      const auto header = BatchHeader::read(batch);
      std::vector<AppendBatch> retry{as_append(batch)};
      const auto answer = found.append(retry, found.latest_epoch(), now_ms);
      expect(answer.front() && answer.front()->duplicate && answer.front()->base_offset == header.base_offset,
             fmt::format("the retry of producer {} at offset {}", id, header.base_offset.value));
    }
  }

  std::mt19937_64 random_;
  const int fates_;
  FaultDisk disk_;
  Machine machine_;
  std::map<int, Model> models_;
  std::map<std::pair<TopicId, std::int64_t>, TestProducer> producers_;
  int operation_ = -1;
  int deleting_ = -1;
};

TEST(LogCrashTest, whatever_survives_a_power_cut_is_what_was_acknowledged_and_nothing_else) {
  int points = 0;
  int recoveries = 0;
  for (int seed = 1; seed <= from_environment("OTTLA_CRASH_SCRIPTS", 2); ++seed) {
    CrashScript script(static_cast<std::uint64_t>(seed), from_environment("OTTLA_CRASH_FATES", 6));
    script.run(200);
    points += script.points;
    recoveries += script.recoveries;
    ASSERT_FALSE(testing::Test::HasFatalFailure()) << "script " << seed;
  }
  fmt::print("{} crash points, {} recoveries, 0 differences\n", points, recoveries);
  EXPECT_GT(points, 1000);
}

}  // namespace
}  // namespace ottla
