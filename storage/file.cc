#include "storage/file.h"

#include <array>
#include <filesystem>

namespace ottla {

Result<std::vector<std::byte>> read_whole_file(Disk& disk, const std::string& path) {
  const auto file = disk.open(path, OpenMode::read);
  if (!file) {
    return std::unexpected(file.error());
  }
  const auto size = (*file)->size();
  if (!size) {
    return std::unexpected(size.error());
  }
  std::vector<std::byte> content(static_cast<std::size_t>(*size));
  const auto got = (*file)->read_at(content, 0);
  if (!got) {
    return std::unexpected(got.error());
  }
  content.resize(*got);
  return content;
}

Result<void> replace_file(Disk& disk, const std::string& path, std::span<const std::byte> content) {
  const std::string temporary = path + ".tmp";
  auto file = disk.open(temporary, OpenMode::create_or_open);
  if (!file) {
    return std::unexpected(std::move(file.error()));
  }
  const std::array parts{content};
  if (auto truncated = (*file)->truncate(0); !truncated) {
    return truncated;
  }
  if (auto written = (*file)->write_at(parts, 0); !written) {
    return written;
  }
  if (auto synced = (*file)->sync(); !synced) {
    return synced;
  }
  if (auto renamed = disk.rename(temporary, path); !renamed) {
    return renamed;
  }
  return disk.sync_directory(std::filesystem::path(path).parent_path().string());
}

}  // namespace ottla
