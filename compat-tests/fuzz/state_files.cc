// The small files beside a log, and those of a log directory: whatever the bytes are, they are refused, or what is read
// of them, written again, is read alike. The first byte of an input chooses the file.
#include <array>
#include <memory>
#include <string>

#include "compat-tests/fuzz/fuzz.h"
#include "storage/checkpoint.h"
#include "storage/clean_shutdown.h"
#include "storage/command_log.h"
#include "storage/durable_marks.h"
#include "storage/fault_file.h"
#include "storage/index.h"
#include "storage/leader_epochs.h"
#include "storage/meta_properties.h"
#include "storage/partition_directory.h"
#include "storage/partition_metadata.h"
#include "storage/producer_state.h"
#include "storage/test_disk.h"

namespace ottla {

namespace {

constexpr const char* told_alike = "written and read again it is the same";

void offset_index(Bytes bytes) {
  constexpr std::int64_t log_bytes = 1 << 30;
  const auto index = OffsetIndex::decode(bytes, log_bytes);
  if (!index) {
    return;
  }
  must(index->encode() == bytes, told_alike);
  for (const OffsetEntry& entry : index->entries()) {
    must(entry.position < log_bytes, "an entry points into the log");
    must(index->floor(entry.relative_offset).position == entry.position, "each entry is found");
    must(index->floor(std::int64_t{entry.relative_offset} - 1).relative_offset <= entry.relative_offset,
         "the floor is below");
  }
}

void time_index(Bytes bytes) {
  const auto index = TimeIndex::decode(bytes);
  if (!index) {
    return;
  }
  must(index->encode() == bytes, told_alike);
  for (const TimeEntry& entry : index->entries()) {
    const auto before = index->before(entry.timestamp_ms);
    must(!before || before->timestamp_ms < entry.timestamp_ms, "what is before is earlier");
    const auto below = index->below_offset(entry.relative_offset);
    must(!below || below->relative_offset < entry.relative_offset, "what is below is below");
  }
}

// Version and CRC stand at the front; few bytes would get behind them.
Bytes with_right_crc(Bytes bytes) {
  constexpr std::size_t version_and_crc_bytes = 6;
  if (bytes.size() >= version_and_crc_bytes) {
    store_big_endian(std::span(bytes), std::int16_t{1});
    store_big_endian(std::span(bytes).subspan(2), crc32c(std::span(bytes).subspan(version_and_crc_bytes)));
  }
  return bytes;
}

bool are_alike(const ProducerState& left, const ProducerState& right) {
  const auto one = left.last_batches();
  const auto other = right.last_batches();
  return std::ranges::equal(one, other, [](const auto& a, const auto& b) {
    return a.producer_id == b.producer_id && a.producer_epoch == b.producer_epoch &&
           a.last_sequence == b.last_sequence && a.last_offset == b.last_offset && a.timestamp_ms == b.timestamp_ms;
  });
}

void own_producers(Bytes bytes) {
  const auto state = ProducerState::decode(with_right_crc(std::move(bytes)));
  if (!state) {
    return;
  }
  const auto again = ProducerState::decode(state->encode());
  must(again && are_alike(*again, *state) && again->size() == state->size(), told_alike);
}

void kafkas_producers(Bytes bytes) {
  const auto state = ProducerState::decode_from_kafka(with_right_crc(std::move(bytes)));
  if (!state) {
    return;
  }
  const auto again = ProducerState::decode_from_kafka(state->encode_for_kafka());
  must(again && are_alike(*again, *state), told_alike);
}

void epochs(Bytes bytes) {
  FaultDisk disk;
  write_text(disk, "d/leader-epoch-checkpoint", text_of(bytes));
  const auto read = read_leader_epochs(disk, "d");
  if (!read) {
    return;
  }
  const LeaderEpochs::Entry* last = nullptr;
  for (const auto& entry : read->entries()) {
    must(last == nullptr || (entry.epoch > last->epoch && entry.start > last->start), "epochs rise");
    must(read->at(entry.start) == entry.epoch, "each epoch is found");
    last = &entry;
  }
  must(write_leader_epochs(disk, "d", *read).has_value() && read_leader_epochs(disk, "d") == read, told_alike);
}

void metadata_of_partition(Bytes bytes) {
  const auto id = parse_partition_metadata(text_of(bytes));
  const std::string text = id ? "version: 0\ntopic_id: " + id->to_string() : "";
  must(!id || parse_partition_metadata(text) == *id, told_alike);
}

void properties_of_directory(Bytes bytes) {
  const auto read = MetaProperties::parse(text_of(bytes));
  if (!read) {
    return;
  }
  const auto again = MetaProperties::parse(read->text());
  must(again && again->cluster_id == read->cluster_id && again->node_id == read->node_id &&
           again->directory_id == read->directory_id,
       told_alike);
}

void offsets(Bytes bytes) {
  const auto read = parse_checkpoint(text_of(bytes));
  if (read) {
    must(parse_checkpoint(checkpoint_text(*read)) == *read, told_alike);
  }
}

void ends(Bytes bytes) {
  std::string text(text_of(bytes));
  text += fmt::format("crc32c {:08x}\n", crc32c(bytes));
  for (const std::string& one : {text, std::string(text_of(bytes))}) {
    const auto read = parse_clean_ends(one);
    if (read) {
      must(parse_clean_ends(clean_ends_text(*read)) == *read, told_alike);
    }
  }
}

void name_of_partition(Bytes bytes) {
  const auto name = text_of(bytes);
  const auto parsed = parse_partition_directory(name);
  if (!parsed) {
    return;
  }
  must(fmt::format("{}-{}", parsed->topic, parsed->partition) == name, "topic and partition are the name");
  for (const std::string& gone : {deleted_partition_directory(*parsed, {}), stray_partition_directory(*parsed, {})}) {
    must(!parse_partition_directory(gone) && gone.size() <= 255, "what is on its way out is no partition");
  }
  must(is_deleted_partition_directory(deleted_partition_directory(*parsed, {})), "what is deleted is known for it");
}

void marks(Bytes bytes) {
  constexpr std::size_t crc_at = DurableMarks::entry_bytes - 4;
  std::vector<PartitionKey> keys;
  const bool repairs = !bytes.empty() && bytes.front() != std::byte{0};
  for (auto rest = std::span(bytes); rest.size() >= DurableMarks::entry_bytes;
       rest = rest.subspan(DurableMarks::entry_bytes)) {
    PartitionKey key;
    std::ranges::copy(rest.first(16), std::as_writable_bytes(std::span(key.topic_id.bytes)).begin());
    key.index = load_big_endian<std::int32_t>(rest.subspan(16));
    keys.push_back(key);
    if (repairs) {
      Writer covered;  // the fields, and the number of the entry
      covered.raw(rest.first(crc_at));
      covered.integer(static_cast<std::int64_t>(keys.size() - 1));
      store_big_endian(rest.subspan(crc_at), crc32c(covered.flatten()));
    }
  }
  FaultDisk disk;
  write_text(disk, "d/.ottla-durable", text_of(bytes));
  const auto first = DurableMarks::open(disk, "d");
  must(first.has_value(), "marks never stop a start");
  const auto second = DurableMarks::look(disk, "d");
  must(second && (*second)->warning().empty(), "what was written anew is sound");
  for (const PartitionKey& key : keys) {
    const auto mark = (*first)->find(key);
    must(mark == (*second)->find(key), told_alike);
    must(!mark || mark->durable_end_offset >= Offset{0}, "a mark is an offset");
    must(!mark || (*first)->warning().empty(), "damaged marks count for nothing");
  }
}

void commands(Bytes bytes) {
  FaultDisk disk;
  write_text(disk, "d/.ottla-metadata/log", text_of(bytes));
  const bool is_sound = CommandLog::check(disk, "d").has_value();
  auto first = CommandLog::open(disk, "d");
  must(first.has_value() == is_sound, "a check says what a start does");
  if (!first) {
    must(first.error().code == ErrorCode::KAFKA_STORAGE_ERROR && !first.error().message.contains('\n'),
         "one line says why");
    return;
  }
  const std::vector<CommandLog::Entry> before((*first)->entries().begin(), (*first)->entries().end());
  first->reset();
  const auto second = CommandLog::open(disk, "d");
  must(second && std::ranges::equal((*second)->entries(), before), "the entries are the same at the next start");
}

}  // namespace

void fuzz(Input input) {
  using Read = void (*)(Bytes);
  constexpr std::array<Read, 12> files{offset_index,
                                       time_index,
                                       own_producers,
                                       kafkas_producers,
                                       epochs,
                                       metadata_of_partition,
                                       properties_of_directory,
                                       offsets,
                                       ends,
                                       name_of_partition,
                                       marks,
                                       commands};
  const std::uint8_t file = input.byte();
  files.at(file % files.size())(input.rest());
}

}  // namespace ottla
