// Who belongs to the quorum: the bytes of a change entry, and the first entry of all.
#pragma once

#include <span>

#include "protocol/error_code.h"
#include "replication/quorum/types.h"

namespace ottla::quorum {

// The library's format, which it reads itself when it meets a change entry. Numbers are little-endian:
//   1 format (1) | 8 number of servers | each: 8 id, address and a zero byte, 1 role | zeros up to a multiple of 8
Bytes encode(const Configuration& configuration);
// Checks what the library takes on trust: bounds, roles, no id or address twice. Error: CORRUPT_MESSAGE.
Result<Configuration> decode_configuration(std::span<const std::byte> bytes);

const Server* find(const Configuration& configuration, ServerId id);
std::size_t count_voters(const Configuration& configuration);

// What each of the first voters begins with: the same entry 1 of term 1 on all of them. Servers that join later begin
// with nothing.
StoredState first_state(const Configuration& first_voters);

}  // namespace ottla::quorum
