#include "broker/slice_records.h"

#include <utility>

namespace ottla {

Result<Records> read_records(Reply& reply, const LogSlice& slice) {
  Records records{.bytes = {}, .is_null = false};
  if (slice.size_bytes == 0) {
    return records;
  }
  const auto size = static_cast<std::size_t>(slice.size_bytes);
  const auto slab =
      std::make_shared<Slab>(Slab{.bytes = std::make_unique_for_overwrite<std::byte[]>(size), .capacity = size});
  const auto got = slice.read({slab->bytes.get(), size});
  if (!got) {
    return std::unexpected(got.error());
  }
  records.bytes = {slab->bytes.get(), *got};
  reply.kept_alive.push_back(slab);
  return records;
}

std::optional<Records> leave_in_file(Reply& reply, const LogSlice& slice, HeldMemory& held) {
  constexpr std::int64_t little_bytes = std::int64_t{32} * 1024;  // it leaves in one call with what stands before it
  constexpr std::size_t most_slices = 64;
  if (slice.size_bytes < little_bytes || reply.slices.size() >= most_slices || !slice.file->descriptor() ||
      !slice.is_verified()) {
    return std::nullopt;
  }
  auto file = held.take_file();
  if (!file) {
    return std::nullopt;
  }
  Records records{.bytes = {}, .is_null = false};
  records.in_file = {.index = reply.slices.size(), .size_bytes = static_cast<std::size_t>(slice.size_bytes)};
  reply.slices.push_back({.slice = slice, .held = std::move(*file)});
  return records;
}

}  // namespace ottla
