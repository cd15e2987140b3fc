#include "compat-tests/power-cut/call_journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <vector>

#include "storage/text_lines.h"

namespace ottla::power_cut {

namespace {

std::string text_of(Reader& reader) { return std::string(as_text(reader.take(reader.integer<std::uint32_t>()))); }

Entry decode(Reader reader) {
  Entry entry{.call = static_cast<Call>(reader.integer<std::uint8_t>()),
              .file = reader.integer<std::int32_t>(),
              .position = reader.integer<std::int64_t>(),
              .path = {},
              .to = {},
              .bytes = {}};
  entry.path = text_of(reader);
  entry.to = text_of(reader);
  const auto bytes = reader.take(reader.remaining());
  entry.bytes.assign(bytes.begin(), bytes.end());
  return entry;
}

Result<void> make_again(const Entry& entry, Disk& disk, std::vector<std::shared_ptr<File>>& files) {
  const auto file = [&]() -> File& { return *files.at(static_cast<std::size_t>(entry.file)); };
  switch (entry.call) {
    case Call::make_directories:
      return disk.make_directories(entry.path);
    case Call::open: {
      auto opened = disk.open(entry.path, static_cast<OpenMode>(entry.position));
      if (!opened) {
        return std::unexpected(opened.error());
      }
      files.push_back(std::move(*opened));
      return {};
    }
    case Call::write: {
      const std::span<const std::byte> part(entry.bytes);
      return file().write_at({&part, 1}, entry.position);
    }
    case Call::truncate:
      return file().truncate(entry.position);
    case Call::sync:
      return file().sync();
    case Call::rename:
      return disk.rename(entry.path, entry.to);
    case Call::remove:
      return disk.remove(entry.path);
    case Call::remove_directory:
      return disk.remove_directory(entry.path);
    case Call::sync_directory:
      return disk.sync_directory(entry.path);
    case Call::sync_all:
      return disk.sync_all(entry.path);
  }
  throw std::runtime_error("a call that nobody makes");
}

}  // namespace

CallJournal::CallJournal(const std::string& path)
    : descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) {
    throw std::runtime_error(fmt::format("{}: {}", path, std::strerror(errno)));
  }
}

CallJournal::~CallJournal() { ::close(descriptor_); }

void CallJournal::append(const Entry& entry) const {
  Writer writer;
  writer.integer(std::uint32_t{0});
  writer.integer(static_cast<std::uint8_t>(entry.call));
  writer.integer(entry.file);
  writer.integer(entry.position);
  for (const std::string& text : {entry.path, entry.to}) {
    writer.integer(static_cast<std::uint32_t>(text.size()));
    writer.raw(text);
  }
  writer.raw(entry.bytes);
  writer.patch_int32(0, static_cast<std::int32_t>(writer.size_bytes() - sizeof(std::uint32_t)));
  const Bytes bytes = writer.flatten();
  if (::write(descriptor_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error(fmt::format("the journal of calls: {}", std::strerror(errno)));
  }
}

void replay(const std::string& journal_path, Disk& disk) {
  std::ifstream file(journal_path, std::ios::binary);
  std::string content(std::istreambuf_iterator<char>(file), {});
  if (!file) {
    throw std::runtime_error("cannot read " + journal_path);
  }
  std::vector<std::shared_ptr<File>> files;
  Reader reader(std::as_writable_bytes(std::span(content)));
  while (reader.remaining() >= sizeof(std::uint32_t)) {
    const auto size = reader.integer<std::uint32_t>();
    if (size > reader.remaining()) {
      break;
    }
    if (const auto made = make_again(decode(Reader(reader.take(size))), disk, files); !made) {
      throw std::runtime_error(fmt::format("{} does not replay: {}", journal_path, made.error().message));
    }
  }
}

}  // namespace ottla::power_cut
