// sim --exhaustive: small worlds walked whole (REPLICATION.md).
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace ottla::exhaustive {

// The rules as they are must hold in every world, and each broken rule must be found out; one line each. With "mutant",
// only that one, with its trace; with a bound ("records", ...), the world that it makes. True if all came out so.
bool run(const std::map<std::string, std::int64_t>& options);

}  // namespace ottla::exhaustive
