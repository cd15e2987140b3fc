// The real disk, under a kernel that interrupts, takes only a part, or refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "storage/file.h"
#include "storage/text_lines.h"

namespace {

// What the calls below do next, in this program.
struct Kernel {
  std::size_t most_bytes = SIZE_MAX;  // of one call
  bool interrupts = false;            // every other call fails with EINTR
  int calls = 0;
};
Kernel kernel;

bool is_interrupted() {
  const bool interrupted = kernel.interrupts && kernel.calls % 2 == 0;
  ++kernel.calls;
  errno = EINTR;
  return interrupted;
}

}  // namespace

// In the place of libc's; only posix_file.cc uses them here.
extern "C" {
ssize_t pwritev(int descriptor, const iovec* parts, int count, off_t position) {
  if (is_interrupted()) {
    return -1;
  }
  std::vector<iovec> taken;
  std::size_t left = kernel.most_bytes;
  for (int i = 0; i < count && left > 0; ++i) {
    taken.push_back({parts[i].iov_base, std::min(left, parts[i].iov_len)});
    left -= taken.back().iov_len;
  }
  return ::syscall(SYS_pwritev, descriptor, taken.data(), taken.size(), position, 0L);
}

ssize_t pread(int descriptor, void* buffer, std::size_t size, off_t position) {
  return is_interrupted() ? -1
                          : ::syscall(SYS_pread64, descriptor, buffer, std::min(size, kernel.most_bytes), position);
}
}

namespace ottla {
namespace {

class PosixFileTest : public testing::Test {
 protected:
  PosixFileTest() { std::filesystem::create_directory(directory); }
  ~PosixFileTest() override {
    kernel = {};
    std::filesystem::remove_all(directory);
  }
  const std::string directory = testing::TempDir() + "ottla-posix-file-" + std::to_string(::getpid());
  const std::string path = directory + "/file";
  std::unique_ptr<Disk> disk = make_posix_disk();
};

TEST_F(PosixFileTest, writes_and_reads_go_on_where_the_kernel_broke_off) {
  std::vector<std::string> texts;
  std::string whole;
  for (int i = 0; i < 150; ++i) {  // more parts than one call takes, empty ones among them
    texts.push_back(std::string(static_cast<std::size_t>(i % 5), static_cast<char>('a' + i % 26)));
    whole += texts.back();
  }
  std::vector<std::span<const std::byte>> parts;
  parts.reserve(texts.size());
  for (const std::string& text : texts) {
    parts.push_back(as_bytes(text));
  }
  for (std::size_t most = 1; most < 20; ++most) {
    kernel = {.most_bytes = most, .interrupts = true};
    const auto file = disk->open(path, OpenMode::create_or_open).value();
    ASSERT_TRUE(file->truncate(0));
    ASSERT_TRUE(file->write_at(parts, 3));
    std::vector<std::byte> read(whole.size() + 100);
    ASSERT_EQ(file->read_at(read, 3), whole.size()) << most;
    EXPECT_EQ(as_text(std::span(read).first(whole.size())), whole) << most;
    EXPECT_GT(kernel.calls, static_cast<int>(whole.size() / most));
  }
}

TEST_F(PosixFileTest, an_error_names_the_path_what_was_done_and_why) {
  const auto absent = disk->open(path, OpenMode::read);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::KAFKA_STORAGE_ERROR);
  EXPECT_EQ(absent.error().message, "opening " + path + ": No such file or directory");
  ASSERT_TRUE(write_whole_file(*disk, path, as_bytes("text")));
  const auto read_only = disk->open(path, OpenMode::read).value();
  const std::span<const std::byte> part = as_bytes("more");
  EXPECT_EQ(read_only->write_at({&part, 1}, 0).error().message, "writing " + path + ": Bad file descriptor");
}

TEST_F(PosixFileTest, another_process_does_not_get_the_lock_until_the_holder_is_gone) {
  auto held = disk->lock(path);
  ASSERT_TRUE(held);
  const auto other_gets_it = [this] {
    const pid_t child = ::fork();
    if (child == 0) {
      ::_exit(make_posix_disk()->lock(path) ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status) == 0;
  };
  EXPECT_FALSE(other_gets_it());
  held->reset();
  EXPECT_TRUE(other_gets_it());
}

}  // namespace
}  // namespace ottla
