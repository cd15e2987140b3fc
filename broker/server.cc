#include "broker/server.h"

#include <fmt/format.h>

#include "broker/cluster/cluster_config.h"
#include "broker/connection.h"
#include "broker/log.h"

namespace ottla {

namespace {

constexpr auto pause_without_descriptors = std::chrono::milliseconds(100);
constexpr int refused_at_once = 1000;
constexpr auto pause_when_full = std::chrono::milliseconds(50);

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

// Until one more may come: by max.connections, and by max.connection.creation.rate, of which a second's worth may come
// at once. Other brokers may always.
Awaitable<> Server::wait_to_accept(Listening& listening) {
  Timer timer(broker_.cores.front()->io);
  while (listening.acceptor.is_open() && broker_.connection_limits.is_full(*broker_.partitions.config())) {
    timer.expires_after(pause_when_full);
    co_await timer.async_wait(asio::as_tuple(use_awaitable));
  }
  const std::int32_t per_second = broker_.partitions.config()->max_connection_creation_rate;
  if (per_second < std::numeric_limits<std::int32_t>::max()) {
    constexpr Clock::duration second = std::chrono::seconds(1);
    const auto now = Clock::now();
    listening.next_at = std::max(listening.next_at, now - second) + second / per_second;
    if (listening.next_at > now) {
      timer.expires_at(listening.next_at);
      co_await timer.async_wait(asio::as_tuple(use_awaitable));
    }
  }
}

Awaitable<> Server::accept_forever(Listening& listening) {
  while (listening.acceptor.is_open()) {
    if (!is_for_brokers(listening)) {
      co_await wait_to_accept(listening);
      if (!listening.acceptor.is_open()) {
        co_return;
      }
    }
    Core& core = *broker_.cores[next_core_++ % broker_.cores.size()];
    auto [error, socket] =
        co_await listening.acceptor.async_accept(core.io.get_executor(), asio::as_tuple(use_awaitable));
    if (error == asio::error::operation_aborted) {
      co_return;
    }
    if (error) {  // out of descriptors, or the client left at once
      if (error == asio::error::no_descriptors) {
        refuse_all(listening);
      }
      if (told_.may_tell(error.message(), Clock::now())) {
        logger().warn("cannot accept a connection: {}", error.message());
      }
      Timer pause(broker_.cores.front()->io, pause_without_descriptors);
      co_await pause.async_wait(asio::as_tuple(use_awaitable));
      continue;
    }
    begin(listening, core, std::move(socket));
  }
}

// Those that wait to be accepted: closed at once, so that they do not wait for what may never come.
void Server::refuse_all(Listening& listening) {
  spare_descriptor_.give();
  boost::system::error_code error;
  listening.acceptor.non_blocking(true, error);
  for (int i = 0; i < refused_at_once && !error; ++i) {
    Socket refused(broker_.cores.front()->io.get_executor());
    listening.acceptor.accept(refused, error);
    if (!error) {
      broker_.cores.front()->metrics.closed(CloseReason::refused);
    }
  }
  spare_descriptor_.take();
}

namespace {

// One that came by IPv4 to a listener for both is one of IPv4.
std::string to_text(const asio::ip::address& address) {
  const bool is_mapped = address.is_v6() && address.to_v6().is_v4_mapped();
  return is_mapped ? asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string() : address.to_string();
}

}  // namespace

void Server::begin(Listening& listening, Core& core, Socket socket) {
  ConnectionLimits::Place place;
  if (!is_for_brokers(listening)) {
    boost::system::error_code ignored;
    const std::string address = to_text(socket.remote_endpoint(ignored).address());
    auto admitted = broker_.connection_limits.admit(address, *broker_.partitions.config());
    if (!admitted) {
      broker_.cores.front()->metrics.closed(CloseReason::refused);
      if (told_.may_tell(address, Clock::now())) {
        logger().warn("closed a connection from {}: there are as many as max.connections.per.ip allows", address);
      }
      return;
    }
    place = std::move(*admitted);
  }
  // From here on the connection is its core's alone.
  asio::post(core.io, [this, &core, name = listening.name, accepted = std::move(socket),
                       admitted = std::move(place)]() mutable {
    auto connection =
        std::make_shared<Connection>(std::move(accepted), core, broker_, std::move(name), std::move(admitted));
    auto& started = *connection;
    asio::co_spawn(core.io, started.run(), [connection = std::move(connection)](const std::exception_ptr& problem) {
      if (problem) {
        connection->close(CloseReason::internal_error, "an internal error");
      }
    });
  });
}

}  // namespace ottla
