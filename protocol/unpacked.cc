#include "protocol/unpacked.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace ottla {

namespace {

constexpr std::size_t large_bytes = std::size_t{4} * 1024 * 1024;

}  // namespace

void FreeUnpacked::operator()(std::byte* bytes) const {
  if (capacity > large_bytes) {
    ::munmap(bytes, capacity);
  } else {
    std::free(bytes);
  }
}

void Unpacked::grow(std::size_t capacity) {
  const std::size_t before = this->capacity();
  if (capacity <= before) {
    return;
  }
  void* grown = nullptr;
  if (capacity <= large_bytes) {
    grown = std::realloc(bytes_.get(), capacity);
  } else if (before > large_bytes) {
    grown = ::mremap(bytes_.get(), before, capacity, MREMAP_MAYMOVE);
  } else {
    static std::recursive_mutex one_at_a_time;
    turn_ = std::unique_lock(one_at_a_time);
    grown = ::mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  if (grown == nullptr || grown == MAP_FAILED) {
    throw std::bad_alloc();
  }
  auto* bytes = static_cast<std::byte*>(grown);
  if (capacity > large_bytes && before <= large_bytes) {
    std::copy_n(bytes_.get(), size_, bytes);
  } else {
    (void)bytes_.release();
  }
  bytes_ = {bytes, FreeUnpacked{capacity}};
}

std::unexpected<Error> Output::too_large() const {
  return failure(ErrorCode::MESSAGE_TOO_LARGE, fmt::format("a batch unpacks to more than {} bytes", max_));
}

}  // namespace ottla
