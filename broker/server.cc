#include "broker/server.h"

#include <fmt/format.h>

#include "broker/cluster/cluster_config.h"
#include "broker/connection.h"
#include "broker/log.h"

namespace ottla {

namespace {

constexpr auto pause_without_descriptors = std::chrono::milliseconds(100);

std::string to_text(const asio::ip::tcp::endpoint& endpoint) {
  const auto host = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                                    : fmt::format("{}:{}", host, endpoint.port());
}

}  // namespace

Result<void> Server::listen() {
  asio::io_context& io = broker_.cores.front()->io;
  for (const Listener& listener : broker_.config.opened_listeners()) {
    const auto refused = [&](const boost::system::error_code& error) {
      return failure(ErrorCode::BROKER_NOT_AVAILABLE, fmt::format("cannot listen on {}://{}:{}: {}", listener.name,
                                                                  listener.host, listener.port, error.message()));
    };
    boost::system::error_code error;
    asio::ip::tcp::endpoint endpoint(asio::ip::tcp::v4(), static_cast<std::uint16_t>(listener.port));
    if (!listener.host.empty()) {
      asio::ip::tcp::resolver resolver(io);
      const auto found = resolver.resolve(listener.host, std::to_string(listener.port), error);
      if (error || found.empty()) {
        return refused(error);
      }
      endpoint = found.begin()->endpoint();
    }
    auto listening = std::make_unique<Listening>(listener.name, Acceptor(io.get_executor()));
    Acceptor& acceptor = listening->acceptor;
    acceptor.open(endpoint.protocol(), error);
    acceptor.set_option(Acceptor::reuse_address(true), error);
    acceptor.bind(endpoint, error);
    if (!error) {
      acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
      return refused(error);
    }
    listening_.push_back(std::move(listening));
  }
  return {};
}

void Server::start_for_brokers() {
  for (auto& listening : listening_) {
    if (is_for_brokers(*listening)) {
      asio::co_spawn(broker_.cores.front()->io, accept_forever(*listening), asio::detached);
    }
  }
}

void Server::start() {
  for (auto& listening : listening_) {
    if (!is_for_brokers(*listening)) {
      asio::co_spawn(broker_.cores.front()->io, accept_forever(*listening), asio::detached);
    }
  }
}

bool Server::is_for_brokers(const Listening& listening) const {
  return broker_.config.is_cluster() && listening.name == broker_.config.inter_broker_listener_name;
}

std::vector<BrokerEndpoint> Server::endpoints() const {
  std::vector<BrokerEndpoint> endpoints;
  for (const auto& listening : listening_) {
    boost::system::error_code ignored;
    const auto local = listening->acceptor.local_endpoint(ignored);
    BrokerEndpoint endpoint{.name = listening->name, .host = local.address().to_string(), .port = local.port()};
    for (const Listener& advertised : broker_.config.advertised_listeners) {
      if (advertised.name == endpoint.name) {
        endpoint.host = advertised.host;
        endpoint.port = static_cast<std::uint16_t>(advertised.port);
      }
    }
    if (is_for_brokers(*listening)) {
      const QuorumVoter self = own_address(broker_.config);
      endpoint.host = self.host;
      endpoint.port = self.port;
    }
    endpoints.push_back(std::move(endpoint));
  }
  return endpoints;
}

void Server::stop() {
  boost::system::error_code ignored;
  for (auto& listening : listening_) {
    listening->acceptor.close(ignored);
  }
}

std::vector<std::string> Server::addresses() const {
  std::vector<std::string> texts;
  for (const auto& listening : listening_) {
    boost::system::error_code ignored;
    texts.push_back(fmt::format("{}://{}", listening->name, to_text(listening->acceptor.local_endpoint(ignored))));
  }
  return texts;
}

Awaitable<> Server::accept_forever(Listening& listening) {
  while (listening.acceptor.is_open()) {
    Core& core = *broker_.cores[next_core_++ % broker_.cores.size()];
    auto [error, socket] =
        co_await listening.acceptor.async_accept(core.io.get_executor(), asio::as_tuple(use_awaitable));
    if (error == asio::error::operation_aborted) {
      co_return;
    }
    if (error) {  // out of descriptors, or the client left at once
      logger().warn("cannot accept a connection: {}", error.message());
      Timer pause(broker_.cores.front()->io, pause_without_descriptors);
      co_await pause.async_wait(asio::as_tuple(use_awaitable));
      continue;
    }
    // From here on the connection is its core's alone.
    asio::post(core.io, [this, &core, name = listening.name, accepted = std::move(socket)]() mutable {
      auto connection = std::make_shared<Connection>(std::move(accepted), core, broker_, std::move(name));
      auto& started = *connection;
      asio::co_spawn(core.io, started.run(), [connection = std::move(connection)](const std::exception_ptr& problem) {
        if (problem) {
          connection->close("an internal error");
        }
      });
    });
  }
}

}  // namespace ottla
