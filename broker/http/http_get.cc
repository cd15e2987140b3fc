#include "broker/http/http_get.h"

#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "broker/asio.h"

namespace ottla {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;

constexpr auto longest_wait = std::chrono::seconds(10);

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

}  // namespace

Result<HttpAnswer> http_get(const std::string& address, const std::string& path) {
  asio::io_context io;
  HttpAnswer told;
  const auto ended = [&](const std::exception_ptr& failed, const Answer& answer) {
    if (failed) {
      std::rethrow_exception(failed);
    }
    told = {answer.result_int(), answer.body()};
  };
  try {
    asio::co_spawn(io, get(address, path), ended);
    io.run();
  } catch (const boost::system::system_error& why) {
    return failure(ErrorCode::NETWORK_EXCEPTION,
                   "the broker's http.listener at " + address + ": " + why.code().message());
  } catch (const std::exception& why) {
    return failure(ErrorCode::NETWORK_EXCEPTION, "the broker's http.listener at " + address + ": " + why.what());
  }
  return told;
}

}  // namespace ottla
