#include "compat-tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ottla::fuzz(ottla::Input({reinterpret_cast<const std::byte*>(data), size}));
  return 0;
}
