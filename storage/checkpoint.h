// Kafka's offset checkpoint files: recovery-point-offset-checkpoint, log-start-offset-checkpoint,
// cleaner-offset-checkpoint, replication-offset-checkpoint. Text: version (0), number of lines, then "topic partition
// offset" per line. Source of the format: Kafka's OffsetCheckpointFile and CheckpointFile.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "protocol/error_code.h"
#include "protocol/ids.h"
#include "storage/file.h"

namespace ottla {

inline constexpr std::string_view recovery_point_checkpoint = "recovery-point-offset-checkpoint";
inline constexpr std::string_view log_start_checkpoint = "log-start-offset-checkpoint";
inline constexpr std::string_view cleaner_checkpoint = "cleaner-offset-checkpoint";
inline constexpr std::string_view high_watermark_checkpoint = "replication-offset-checkpoint";

// Offsets by partition directory name, "<topic>-<partition>".
using OffsetsByDirectory = std::map<std::string, Offset>;

struct Checkpoint {
  OffsetsByDirectory offsets;
  // Why the file counts as absent, for the log; empty when it was read, or is not there. What a checkpoint says can
  // always be found again the slow way, so a damaged one never stops the start.
  std::string warning;
};

Checkpoint read_checkpoint(Disk& disk, const std::string& path);
// The old content or the new one survives a crash, never a mixture.
Result<void> write_checkpoint(Disk& disk, const std::string& path, const OffsetsByDirectory& offsets);

// The text of the file and back; parse_checkpoint's error says what is wrong and in which line.
std::string checkpoint_text(const OffsetsByDirectory& offsets);
Result<OffsetsByDirectory> parse_checkpoint(std::string_view text);

}  // namespace ottla
