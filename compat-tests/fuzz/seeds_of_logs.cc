// The first inputs of the targets that read what a broker keeps: batches, recovery, state_files.
#include "compat-tests/fuzz/fuzz.h"
#include "compat-tests/fuzz/seeds.h"
#include "storage/checkpoint.h"
#include "storage/clean_shutdown.h"
#include "storage/command_log.h"
#include "storage/durable_marks.h"
#include "storage/fault_file.h"
#include "storage/index.h"
#include "storage/meta_properties.h"
#include "storage/producer_state.h"
#include "storage/test_batches.h"

namespace ottla {

namespace {

const std::vector<TestRecord> some_records{{.key = "a", .value = "1"}, {.key = "b", .value = std::nullopt}};

void of_batches(const std::string& directory) {
  Seeds seeds(directory, "batches");
  for (const TestProducer producer : {TestProducer{}, TestProducer{.id = 5, .epoch = 0, .sequence = 3}}) {
    const Bytes plain = make_batch(some_records, producer);
    for (const bool repairs : {false, true}) {
      const Bytes choice{static_cast<std::byte>(repairs)};
      seeds.add({choice, plain});
      seeds.add({choice, plain, plain});
      for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        seeds.add({choice, recompress(plain, codec).value()});
      }
    }
  }
}

Bytes batch_at(std::int64_t offset, const TestProducer& producer = {}) {
  Bytes batch = make_batch(some_records, producer);
  patch_base_offset(batch, Offset{offset});
  patch_leader_epoch(batch, LeaderEpoch{0});
  return batch;
}

Bytes log_of(std::int64_t from, int batches) {
  Bytes log;
  for (int i = 0; i < batches; ++i) {
    const Bytes batch = batch_at(from + std::int64_t{2} * i, {.id = 5, .epoch = 0, .sequence = 2 * i});
    log.insert(log.end(), batch.begin(), batch.end());
  }
  return log;
}

Bytes big_endian(std::size_t number) {
  Writer writer;
  writer.integer(static_cast<std::uint16_t>(number));
  return writer.flatten();
}

// In the order in which recovery.cc takes them; a number for each flag that has one.
void of_recovery(const std::string& directory) {
  Seeds seeds(directory, "recovery");
  const Bytes log = log_of(0, 6);
  const Bytes torn(log.begin(), log.end() - 30);
  Bytes damaged = log;
  damaged.at(damaged.size() / 2) ^= std::byte{1};
  const Bytes second = log_of(12, 3);
  const auto add = [&seeds](unsigned way, unsigned fault, std::vector<Bytes> parts) {
    parts.insert(parts.begin(), {static_cast<std::byte>(way), static_cast<std::byte>(fault)});
    seeds.add(parts);
  };
  for (const unsigned way : {0U, 1U, 3U, 5U, 7U}) {
    for (const Bytes& one : {Bytes{}, log, torn, damaged}) {
      add(way, 0, {one});
      add(way | 8U, 0, {{std::byte{4}}, one});                                      // a durable mark
      add(way | 0x18U, 0, {{std::byte{12}, std::byte{8}}, one});                    // and a recovery point
      add(way | 0x20U, 0, {{std::byte{3}}, one});                                   // a log start
      add(way | 0x40U, 0, {{std::byte{11}}, big_endian(one.size()), one, second});  // two segments
      add(way | 0x48U, 0, {{std::byte{17}, std::byte{11}}, big_endian(one.size()), one, second});
    }
  }
  for (unsigned fault = 1; fault < 0x100; ++fault) {
    add(3, fault, {damaged});
    add(0x40, fault, {{std::byte{11}}, big_endian(log.size()), log, second});
    add(0x48, fault, {{std::byte{4}, std::byte{11}}, big_endian(torn.size()), torn, second});
  }
  OffsetIndex index;
  index.add({3, static_cast<std::int32_t>(batch_at(0).size())});
  TimeIndex times;
  times.add({some_records.front().timestamp_ms, 1});
  ProducerState producers;
  producers.remember(BatchHeader::read(batch_at(0, {.id = 5, .epoch = 0, .sequence = 0})), 0);
  std::vector<Bytes> parts;
  for (const Bytes& file : {index.encode(), times.encode(), producers.encode_for_kafka()}) {
    parts.push_back({static_cast<std::byte>(file.size())});
    parts.push_back(file);
  }
  parts.push_back(log);
  add(0x81, 0, parts);
  for (unsigned fault = 1; fault < 0x100; ++fault) {
    add(0x81, fault, parts);
  }
}

Bytes file_of(FaultDisk& disk, const std::string& path) { return read_whole_file(disk, path).value(); }

Bytes marks_file() {
  FaultDisk disk;
  must(disk.make_directories("d").has_value(), "the disk takes it");
  const auto marks = DurableMarks::open(disk, "d").value();
  for (const std::int32_t partition : {0, 1}) {
    marks->note({.topic_id = {}, .index = partition}, {.durable_end_offset = Offset{5}});
    must(marks->write().has_value(), "the disk takes it");
  }
  return file_of(disk, "d/.ottla-durable");
}

Bytes command_file() {
  FaultDisk disk;
  must(disk.make_directories("d").has_value(), "the disk takes it");
  const auto log = CommandLog::open(disk, "d").value();
  for (const std::uint64_t index : {1U, 2U}) {
    const std::vector<CommandLog::Entry> entries{{.index = index, .term = 1, .bytes = bytes_of("command")}};
    must(log->append(entries).has_value(), "the disk takes it");
  }
  return file_of(disk, "d/.ottla-metadata/log");
}

// In the order of state_files.cc.
void of_state_files(const std::string& directory) {
  Seeds seeds(directory, "state_files");
  OffsetIndex index;
  TimeIndex times;
  for (const std::int32_t at : {1, 5, 9}) {
    index.add({at, at * 100});
    times.add({std::int64_t{1000} * at, at});
  }
  ProducerState producers;
  for (const std::int64_t id : {5, 6}) {
    producers.remember(BatchHeader::read(batch_at(id, {.id = id, .epoch = 1, .sequence = 2})), 9);
  }
  const CleanEnd end{Offset{12}, 0xabcd};
  const MetaProperties identity{.cluster_id = "c", .node_id = BrokerId{1}, .directory_id = Uuid{.bytes = {1}}};
  const std::vector<Bytes> files{
      index.encode(),
      times.encode(),
      producers.encode(),
      producers.encode_for_kafka(),
      bytes_of("0\n2\n0 0\n3 17\n"),
      bytes_of("version: 0\ntopic_id: AQAAAAAAAAAAAAAAAAAAAA"),
      bytes_of(identity.text()),
      bytes_of(checkpoint_text({{"t-0", Offset{3}}, {"a-b-17", Offset{0}}})),
      bytes_of("1\n1\nt-0 12 0000abcd\n"),
      bytes_of("a-b-17"),
      marks_file(),
      command_file(),
  };
  for (std::size_t i = 0; i < files.size(); ++i) {
    seeds.add({{static_cast<std::byte>(i)}, files[i]});
  }
  seeds.add({{std::byte{8}}, bytes_of(clean_ends_text({{"t-0", end}}))});
}

}  // namespace

void of_logs(const std::string& directory) {
  of_batches(directory);
  of_recovery(directory);
  of_state_files(directory);
}

}  // namespace ottla
