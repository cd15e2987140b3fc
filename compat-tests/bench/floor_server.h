// The least that a broker must do: receive, check by CRC, write to a file, answer; and read from it and send. It knows
// of Produce 7 and Fetch 11 no more than the places of what it needs, so that the same load runs on it as on a broker.
#pragma once

#include <cstdint>
#include <string>

namespace ottla {

enum class FloorWork : std::uint8_t { echo, crc, write };

// Serves 127.0.0.1 on a port of its own choice, which it prints ("ready PORT"), until the process is ended. All frames
// that one receive brought are written together and answered together. `file`: where to write.
void serve_floor(FloorWork work, const std::string& file);

}  // namespace ottla
