// What must hold of a partition's record after every command, and between one command and the next. For tests and the
// simulator; each gives what is wrong, in words, or nothing.
#pragma once

#include <string>

#include "replication/partition_registration.h"

namespace ottla {

std::string broken_invariant(const PartitionRegistration& partition, const PartitionContext& context);
// `before` and `after` one command.
std::string broken_transition(const PartitionRegistration& before, const PartitionRegistration& after,
                              const PartitionContext& context);

}  // namespace ottla
