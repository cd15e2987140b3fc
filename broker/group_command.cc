#include "broker/group_command.h"

#include <fmt/format.h>

#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cctype>
#include <cstdio>

#include "broker/asio.h"

namespace ottla {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;

constexpr int no_such_group = 1;
constexpr int not_asked = 2;
constexpr auto longest_wait = std::chrono::seconds(10);

// For a path: whatever is neither letter nor digit as %41.
std::string escaped(const std::string& text) {
  std::string path;
  for (const char one : text) {
    const auto byte = static_cast<unsigned char>(one);
    path += std::isalnum(byte) != 0 ? std::string(1, one) : fmt::format("%{:02X}", byte);
  }
  return path;
}

using Answer = http::response<http::string_body>;

// Throws boost::system::system_error.
Awaitable<Answer> get(std::string address, std::string path) {
  const auto executor = co_await asio::this_coro::executor;
  const auto colon = std::min(address.rfind(':'), address.size() - 1);
  const std::string host = address.substr(0, colon);
  const std::string port = address.substr(colon + 1);
  asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver(executor);
  const auto found = co_await resolver.async_resolve(host, port, use_awaitable);
  beast::basic_stream<asio::ip::tcp, Executor> stream(executor);
  stream.expires_after(longest_wait);
  co_await stream.async_connect(found, use_awaitable);
  http::request<http::empty_body> request{http::verb::get, path, 11};
  request.set(http::field::host, address);
  request.keep_alive(false);
  co_await http::async_write(stream, request, use_awaitable);
  beast::flat_buffer buffer;
  Answer answer;
  co_await http::async_read(stream, buffer, answer, use_awaitable);
  co_return answer;
}

int tell(const Answer& answer) {
  const bool is_told = answer.result() == http::status::ok;
  fmt::print(is_told ? stdout : stderr, "{}{}", is_told ? "" : "ottla: ", answer.body());
  if (is_told) {
    return 0;
  }
  return answer.result() == http::status::not_found ? no_such_group : not_asked;
}

}  // namespace

int run_group_command(const GroupCommand& command) {
  asio::io_context io;
  int status = not_asked;
  const auto ended = [&](const std::exception_ptr& failed, const Answer& answer) {
    if (failed) {
      std::rethrow_exception(failed);
    }
    status = tell(answer);
  };
  try {
    asio::co_spawn(io, get(command.http_address, "/groups/" + escaped(command.group)), ended);
    io.run();
  } catch (const std::exception& why) {
    fmt::print(stderr, "ottla: the broker's http.listener at {}: {}\n", command.http_address, why.what());
  }
  return status;
}

}  // namespace ottla
