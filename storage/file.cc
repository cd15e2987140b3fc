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

namespace {

Result<std::shared_ptr<File>> write_anew(Disk& disk, const std::string& path, std::span<const std::byte> content) {
  auto file = disk.open(path, OpenMode::create_or_open);
  if (!file) {
    return file;
  }
  if (auto truncated = (*file)->truncate(0); !truncated) {
    return std::unexpected(std::move(truncated.error()));
  }
  const std::array parts{content};
  if (auto written = (*file)->write_at(parts, 0); !written) {
    return std::unexpected(std::move(written.error()));
  }
  return file;
}

}  // namespace

Result<void> write_whole_file(Disk& disk, const std::string& path, std::span<const std::byte> content) {
  const auto file = write_anew(disk, path, content);
  return file ? Result<void>{} : std::unexpected(file.error());
}

Result<void> replace_file(Disk& disk, const std::string& path, std::span<const std::byte> content) {
  const std::string temporary = path + ".tmp";
  const auto file = write_anew(disk, temporary, content);
  if (!file) {
    (void)disk.remove(temporary);  // of a full disk
    return std::unexpected(file.error());
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
