#include "broker/group_command.h"

#include <fmt/format.h>

#include <cctype>
#include <cstdio>

#include "broker/http/http_get.h"

namespace ottla {

namespace {

constexpr int no_such_group = 1;
constexpr int not_asked = 2;
constexpr unsigned ok = 200;
constexpr unsigned not_found = 404;

// For a path: whatever is neither letter nor digit as %41.
std::string escaped(const std::string& text) {
  std::string path;
  for (const char one : text) {
    const auto byte = static_cast<unsigned char>(one);
    path += std::isalnum(byte) != 0 ? std::string(1, one) : fmt::format("%{:02X}", byte);
  }
  return path;
}

}  // namespace

int run_group_command(const GroupCommand& command) {
  const auto answer = http_get(command.http_address, "/groups/" + escaped(command.group));
  if (!answer) {
    fmt::print(stderr, "ottla: {}\n", answer.error().message);
    return not_asked;
  }
  if (answer->status == ok) {
    fmt::print("{}", answer->body);
    return 0;
  }
  fmt::print(stderr, "ottla: {}", answer->body);
  return answer->status == not_found ? no_such_group : not_asked;
}

}  // namespace ottla
