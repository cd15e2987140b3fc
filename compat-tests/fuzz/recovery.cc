// Recovery of a log whose files hold any bytes: it ends, what is left can be read, is found sound by the verifier, can
// be written to, and is the same at the next start. Where something had been durable, nothing of it is cut.
#include <fmt/format.h>

#include <memory>

#include "compat-tests/fuzz/fuzz.h"
#include "compat-tests/fuzz/recovery_input.h"
#include "storage/log.h"
#include "storage/partition_verify.h"
#include "storage/segment_reader.h"
#include "storage/test_batches.h"

namespace ottla {

namespace {

constexpr std::int64_t now_ms = 1'700'000'000'000;

class Opened {
 public:
  Opened(FaultDisk& disk, const LogHints& hints, const Fault& fault = Fault())
      : files_(disk, 100), marks_(DurableMarks::open(disk, "data").value()) {
    const PartitionKey key{{.bytes = {1}}, 0};
    const LogConfig config{.segment_bytes = 100'000, .index_interval_bytes = 100};
    if (fault.kind != 0 && !fault.comes_later) {
      fault.set(disk);
    }
    auto opened = Log::open({disk, files_, *marks_}, directory, key, config, hints, now_ms);
    if (!opened) {
      must(fault.kind != 0 && opened.error().code == ErrorCode::KAFKA_STORAGE_ERROR,
           "no bytes make recovery fail: " + opened.error().message);
      return;
    }
    log = std::move(*opened);
    if (fault.kind != 0 && fault.comes_later) {
      fault.set(disk);
    }
  }
  std::unique_ptr<Log> log;  // nullptr: the disk failed

 private:
  OpenFiles files_;
  std::unique_ptr<DurableMarks> marks_;
};

// The batches of a slice: whole, sound, and behind one another. Gives the offset behind them.
Offset check_slice(std::span<const std::byte> bytes, Offset from, bool was_checked, bool& has_sound_content) {
  const Offset began = from;
  while (!bytes.empty()) {
    const bool is_whole =
        bytes.size() >= batch_header_bytes && BatchHeader::read(bytes).size_bytes() <= std::ssize(bytes);
    if (!is_whole) {  // of a damaged one that claims to be longer than the file clients get a part, which they drop
      must(!was_checked, "whole batches are read");
      break;
    }
    const auto header = BatchHeader::read(bytes);
    const auto batch = bytes.first(static_cast<std::size_t>(header.size_bytes()));
    must(crc_is_right(batch), "what is read has the right CRC");
    has_sound_content = has_sound_content && check_records(batch) && !header.has_producer();
    must(!was_checked || header.base_offset >= from || (from == began && header.last_offset() >= from), "offsets rise");
    from = header.next_offset();
    bytes = bytes.subspan(batch.size());
  }
  return from;
}

// From the start to the end. `was_checked`: recovery looked at every byte, so that it told of all that is damaged. True
// if the records of all batches are such as a broker lets in.
bool check_reads(Log& log, bool was_checked, bool has_no_gaps) {
  bool has_sound_content = true;
  const Offset end = log.log_end_offset();
  for (Offset from = log.log_start_offset(); from < end;) {
    const auto slice = log.slice(from, end, 1 << 20, true);
    const auto damage = std::ranges::find_if(
        log.damaged(), [from](const DamagedRange& range) { return range.from <= from && from < range.to; });
    if (!slice) {
      must(slice.error().code == ErrorCode::CORRUPT_MESSAGE, "nothing but damage keeps a reader away");
      must(!was_checked || damage != log.damaged().end(), "recovery has told of all damage");
      if (damage == log.damaged().end()) {
        return false;
      }
      from = damage->to;
      continue;
    }
    must(damage == log.damaged().end(), "damage is told to readers");
    if (slice->size_bytes == 0) {
      must(!has_no_gaps || !was_checked || !log.damaged().empty(),
           "where no offset is missing there is something to read");
      return false;
    }
    Bytes bytes(static_cast<std::size_t>(slice->size_bytes));
    const auto got = slice->read(bytes);
    if (!got) {
      must(!was_checked && got.error().code == ErrorCode::CORRUPT_MESSAGE, "what recovery accepted can be read");
      return false;
    }
    must(*got > 0, "a slice has its bytes");
    const Offset next = check_slice(std::span(bytes).first(*got), from, was_checked, has_sound_content);
    if (next <= from) {
      must(!was_checked, "reading goes on");
      return false;
    }
    from = next;
  }
  for (const std::int64_t time_ms : {std::int64_t{0}, now_ms, std::numeric_limits<std::int64_t>::max()}) {
    const auto found = log.offset_for_timestamp(time_ms, end);
    must(!has_sound_content || !found || found->offset.value == -1 ||
             (found->offset >= log.log_start_offset() && found->offset < end),
         "what is found by time is there");
  }
  (void)log.max_timestamp(end);
  return has_sound_content;
}

// The verifier, on files that nobody writes.
void check_files(FaultDisk& disk, const Log& log) {
  KnownOfLog known{.is_clean = true, .end = CleanEnd{log.log_end_offset(), log.end_mark().last_batch_crc}};
  VerifyCounts counts;
  const auto done = verify_partition(disk, directory, known, counts,
                                     [](const Finding& finding) { must(!finding.is_damage, finding.text()); });
  must(done.has_value(), "the verifier can read it all");
}

void check_append(Log& log) {
  constexpr std::int64_t far = std::int64_t{1} << 60;
  const Offset end = log.log_end_offset();
  if (end.value > far || log.latest_epoch().value == std::numeric_limits<std::int32_t>::max()) {
    return;
  }
  const LeaderEpoch epoch{std::max(0, log.latest_epoch().value)};
  must(log.assign_epoch(epoch).has_value(), "an epoch can begin");
  Bytes batch = make_batch({{.key = "k", .value = "v", .timestamp_ms = now_ms}});
  std::vector<AppendBatch> batches{as_append(batch)};
  const auto appended = log.append(batches, epoch, now_ms).front();
  must(appended && appended->base_offset == end && log.log_end_offset() == end + 1, "it goes on where it ended");
}

// Whatever comes of it.
void use(Log& log) {
  const Offset end = log.log_end_offset();
  for (Offset from = log.log_start_offset(); from < end && from.value < 100; from = from + 1) {
    const auto slice = log.slice(from, end, 1 << 20, true);
    Bytes bytes(slice ? static_cast<std::size_t>(slice->size_bytes) : 0);
    (void)(bytes.empty() || slice->read(bytes));
  }
  (void)log.offset_for_timestamp(now_ms, end);
  (void)log.offset_for_timestamp(std::numeric_limits<std::int64_t>::max(), end);
  (void)log.max_timestamp(end);
  (void)log.assign_epoch(LeaderEpoch{1'000});
  Bytes batch = make_batch({{.key = "k", .value = "v", .timestamp_ms = now_ms}}, {.id = 5, .epoch = 0, .sequence = 0});
  std::vector<AppendBatch> batches{as_append(batch)};
  (void)log.append(batches, LeaderEpoch{1'000}, now_ms);
  (void)log.apply_retention(now_ms, end);
  (void)log.close();
}

// On a disk that fails: whatever is done to the log ends, well or not, and the next start on a sound disk is one like
// any.
void check_with_fault(const FaultDisk& disk, const Given& given, const LogHints& hints) {
  const auto failing = disk.after_kill();
  {
    const Opened opened(*failing, hints, given.fault);
    if (opened.log) {
      use(*opened.log);
    }
  }
  const auto sound = failing->after_kill();
  LogHints without_clean_end = hints;
  without_clean_end.clean_end.reset();
  const Opened again(*sound, without_clean_end);
  must(!hints.durable_mark || again.log->log_end_offset() >= hints.durable_mark->durable_end_offset,
       "what was durable is not cut");
}

// What the next start knows, if this one ends cleanly.
std::optional<LogHints> close_cleanly(FaultDisk& disk, const LogHints& hints) {
  const Opened opened(disk, hints);
  if (!opened.log->close()) {
    return std::nullopt;
  }
  return LogHints{.recovery_point = opened.log->log_end_offset(),
                  .log_start_offset = opened.log->log_start_offset(),
                  .clean_end = opened.log->end_mark()};
}

}  // namespace

void fuzz(Input input) {
  const Given given(input);
  auto disk = std::make_unique<FaultDisk>();
  make_files(*disk, given, input.rest());
  if (given.fault.kind != 0) {
    check_with_fault(*disk, given, given.hints);
    if (const auto clean = close_cleanly(*disk, given.hints)) {
      check_with_fault(*disk, given, *clean);
    }
    return;
  }
  LogHints again;
  {
    const Opened first(*disk, given.hints);
    Log& log = *first.log;
    must(log.log_start_offset() <= log.log_end_offset(), "a log does not end before it begins");
    must(log.durable_end_offset() == log.log_end_offset(), "what recovery accepts is durable");
    if (given.hints.durable_mark) {
      must(log.log_end_offset() >= given.hints.durable_mark->durable_end_offset, "what was durable is not cut");
    }
    const bool was_checked = given.hints.recovery_point == Offset{0};
    check_reads(log, was_checked, given.has_no_gaps);
    if (!log.damaged().empty() || !was_checked) {
      return;
    }
    check_append(log);
    const bool has_sound_content = check_reads(log, true, given.has_no_gaps);
    const Offset end = log.log_end_offset();
    must(log.close().has_value(), "it can be closed");
    // What is below the log start may be what is left of damage; an index or a snapshot that cannot be read stays until
    // it is written anew, which is told; and what clients have written is not recovery's affair.
    if (!given.hints.log_start_offset && !given.has_side_files() && has_sound_content) {
      check_files(*disk, log);
    }
    again = {.log_start_offset = log.log_start_offset(), .clean_end = log.end_mark()};
    must(again.clean_end->durable_end_offset == end, "its end is told");
  }
  for (const bool is_clean : {true, false}) {
    if (!is_clean) {
      again.clean_end.reset();
    }
    const Opened second(*disk, again);
    must(second.log->damaged().empty() && second.log->cut_bytes() == 0, "nothing is cut twice");
    // Damage below the log start is not looked for again, and may claim the offsets behind it.
    check_reads(*second.log, !given.hints.log_start_offset, given.has_no_gaps);
  }
}

}  // namespace ottla
