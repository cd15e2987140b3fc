// A descriptor that is kept for when there are none left: whoever connects then can be accepted and closed, instead of
// being left to wait.
#pragma once

#include <fcntl.h>
#include <unistd.h>

namespace ottla {

class SpareDescriptor {
 public:
  SpareDescriptor() { take(); }
  SpareDescriptor(const SpareDescriptor&) = delete;
  SpareDescriptor& operator=(const SpareDescriptor&) = delete;
  ~SpareDescriptor() { give(); }

  void give() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
    descriptor_ = -1;
  }
  void take() { descriptor_ = descriptor_ >= 0 ? descriptor_ : ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

 private:
  int descriptor_ = -1;
};

}  // namespace ottla
