#include "storage/leader_epochs.h"

#include <fmt/format.h>

#include <sstream>

namespace ottla {

namespace {

std::string file_in(const std::string& directory) { return directory + "/leader-epoch-checkpoint"; }

}  // namespace

std::optional<LeaderEpochs> read_leader_epochs(Disk& disk, const std::string& directory) {
  const auto content = read_whole_file(disk, file_in(directory));
  if (!content) {
    return std::nullopt;
  }
  std::istringstream text(std::string(reinterpret_cast<const char*>(content->data()), content->size()));
  LeaderEpochs epochs;
  int version = -1;
  std::size_t count = 0;
  if (!(text >> version >> count)) {
    return std::nullopt;
  }
  LeaderEpochs::Entry entry;
  while (text && epochs.entries().size() < count && text >> entry.epoch.value >> entry.start.value) {
    if (!epochs.add(entry.epoch, entry.start)) {
      return std::nullopt;
    }
  }
  return version == 0 && epochs.entries().size() == count ? std::optional(std::move(epochs)) : std::nullopt;
}

Result<void> write_leader_epochs(Disk& disk, const std::string& directory, const LeaderEpochs& epochs) {
  std::string text = fmt::format("0\n{}\n", epochs.entries().size());
  for (const LeaderEpochs::Entry& entry : epochs.entries()) {
    text += fmt::format("{} {}\n", entry.epoch.value, entry.start.value);
  }
  return replace_file(disk, file_in(directory), std::as_bytes(std::span(text)));
}

}  // namespace ottla
