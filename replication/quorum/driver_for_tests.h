// The way to switch guards off. Included by tests and by the simulator only.
#pragma once

#include "replication/quorum/driver.h"

namespace ottla::quorum {

struct DriverForTests {
  static void set_guards(Driver& driver, const Guards& guards) { driver.guards_ = guards; }
};

}  // namespace ottla::quorum
