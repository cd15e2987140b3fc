// What zstd frames say of themselves.
#pragma once

#include <cstddef>
#include <span>

namespace ottla {

// What is wrong with them, or nullptr: cut short, no frames, or with windows of more than the 128 MiB that readers
// which unpack them as a stream accept.
const char* fault_of_zstd_frames(std::span<const std::byte> frames);

}  // namespace ottla
