#include "broker/http/http_server.h"

#include <fmt/format.h>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>

#include "broker/groups/group_coordinator.h"
#include "broker/http/cluster_page.h"
#include "broker/http/metrics_page.h"
#include "broker/log.h"

namespace ottla {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::size_t connections_max = 64;
constexpr std::size_t header_bytes_max = std::size_t{16} * 1024;
constexpr std::string_view group_path = "/groups/";
constexpr auto request_deadline = std::chrono::seconds(5);
constexpr auto pause_after_refusal = std::chrono::milliseconds(100);

using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

// %41 -> A. What is no such escape stays as it is.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned char byte = 0;
    const bool is_escape = text[at] == '%' && at + 2 < text.size() &&
                           std::from_chars(&text[at + 1], &text[at + 1] + 2, byte, 16).ptr == &text[at + 1] + 2;
    plain += is_escape ? static_cast<char>(byte) : text[at];
    at += is_escape ? 2 : 0;
  }
  return plain;
}

// Why a group waits, in words.
Awaitable<void> explain_group(Broker& broker, std::string name, Response& response) {
  if (const auto served = broker.groups->check(name); !served) {
    response.result(http::status::service_unavailable);
    response.body() = served.error().message + "\n";
    co_return;
  }
  response.body() = co_await broker.groups->look_at(name, [](const groups::AnyGroup* group) {
    return group != nullptr ? group->explain(GroupShard::now_ms()) : std::string();
  });
  if (response.body().empty()) {
    response.result(http::status::not_found);
    response.body() = "no group " + name + "\n";
  }
}

Awaitable<Response> answer(Broker& broker, const Request& request) {
  Response response{http::status::ok, request.version()};
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  response.keep_alive(request.keep_alive());
  if (request.method() != http::verb::get) {
    response.result(http::status::method_not_allowed);
    response.set(http::field::allow, "GET");
    response.body() = "only GET\n";
  } else if (request.target() == "/health/live") {
    response.body() = "live\n";
  } else if (request.target() == "/health/ready") {
    response.result(broker.ready ? http::status::ok : http::status::service_unavailable);
    response.body() = broker.ready ? "ready\n" : "not ready\n";
  } else if (request.target() == "/metrics") {
    response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
    response.body() = metrics_page(broker);
  } else if (request.target() == "/cluster") {
    response.body() = co_await cluster_page(broker);
  } else if (request.target().starts_with(group_path)) {
    co_await explain_group(broker, unescaped(request.target().substr(group_path.size())), response);
  } else {
    response.result(http::status::not_found);
    response.body() = "there are /health/live, /health/ready, /metrics, /cluster and /groups/NAME\n";
  }
  response.prepare_payload();
  co_return response;
}

std::string to_text(const asio::ip::tcp::endpoint& endpoint) {
  const auto host = endpoint.address().to_string();
  return fmt::format(fmt::runtime(endpoint.address().is_v6() ? "[{}]:{}" : "{}:{}"), host, endpoint.port());
}

}  // namespace

HttpServer::HttpServer(Broker& broker) : broker_(broker), core_(*broker.cores.front()) {}
HttpServer::~HttpServer() = default;

Result<void> HttpServer::listen() {
  const std::string& wanted = broker_.config.http_listener;
  if (wanted.empty()) {
    return {};
  }
  boost::system::error_code error;
  const auto colon = std::min(wanted.rfind(':'), wanted.size() - 1);
  asio::ip::tcp::resolver resolver(core_.io);
  const auto found = resolver.resolve(wanted.substr(0, colon), wanted.substr(colon + 1), error);
  if (error || found.empty()) {
    return failure(ErrorCode::INVALID_CONFIG, fmt::format("http.listener: '{}' is not host:port", wanted));
  }
  auto endpoint = found.begin()->endpoint();
  acceptor_ = std::make_unique<Acceptor>(core_.io.get_executor());
  acceptor_->open(endpoint.protocol(), error);
  acceptor_->set_option(Acceptor::reuse_address(true), error);
  acceptor_->bind(endpoint, error);
  if (error == asio::error::address_in_use) {
    endpoint.port(0);
    acceptor_->bind(endpoint, error);
    logger().warn("http.listener {} is taken; using {}", wanted, address());
  }
  if (!error) {
    acceptor_->listen(asio::socket_base::max_listen_connections, error);
  }
  return error ? failure(ErrorCode::INVALID_CONFIG,
                         fmt::format("cannot listen on http.listener {}: {}", wanted, error.message()))
               : Result<void>{};
}

std::string HttpServer::address() const {
  boost::system::error_code ignored;
  return acceptor_ ? to_text(acceptor_->local_endpoint(ignored)) : "";
}

void HttpServer::start() {
  if (acceptor_) {
    asio::co_spawn(core_.io, accept_forever(), asio::detached);
  }
}

void HttpServer::stop() {
  if (acceptor_) {
    boost::system::error_code ignored;
    acceptor_->close(ignored);
  }
}

Awaitable<> HttpServer::accept_forever() {
  while (acceptor_->is_open()) {
    auto [error, socket] = co_await acceptor_->async_accept(core_.io.get_executor(), asio::as_tuple(use_awaitable));
    if (!error && connections_ < connections_max) {
      asio::co_spawn(core_.io, serve(std::move(socket)), asio::detached);
    } else if (error && acceptor_->is_open()) {  // no descriptors left, say
      Timer pause(core_.io, pause_after_refusal);
      co_await pause.async_wait(asio::as_tuple(use_awaitable));
    }
  }
}

Awaitable<> HttpServer::serve(Socket accepted) {
  ++connections_;
  const auto socket = std::make_shared<Socket>(std::move(accepted));
  beast::flat_buffer buffer(header_bytes_max);
  for (bool keep = true; keep;) {
    const auto timer = core_.after(request_deadline, [socket] {
      boost::system::error_code ignored;
      socket->close(ignored);
    });
    http::request_parser<http::empty_body> parser;
    parser.header_limit(header_bytes_max);
    const auto [read_error, read_bytes] =
        co_await http::async_read(*socket, buffer, parser, asio::as_tuple(use_awaitable));
    if (!read_error) {
      const Response response = co_await answer(broker_, parser.get());
      const auto [write_error, sent_bytes] =
          co_await http::async_write(*socket, response, asio::as_tuple(use_awaitable));
      keep = !write_error && response.keep_alive();
    } else {
      keep = false;
    }
    core_.cancel(timer);
  }
  boost::system::error_code ignored;
  socket->shutdown(Socket::shutdown_both, ignored);
  --connections_;
}

}  // namespace ottla
