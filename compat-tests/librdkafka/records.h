// The records file of ../records.py, and its fields as librdkafka++ sees them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace compat {

using MaybeBytes = std::optional<std::string>;

struct Record {
  std::int32_t partition = 0;
  MaybeBytes key;
  MaybeBytes value;
  std::vector<std::pair<std::string, MaybeBytes>> headers;
};

// Both throw std::runtime_error on what they cannot read or write.
std::vector<Record> read_records(const std::string& path);
void write_records(const std::string& path, const std::vector<Record>& records);

}  // namespace compat
