// Listens, accepts, and hands each connection to the next core in turn.
#pragma once

#include <string>
#include <vector>

#include "broker/asio.h"
#include "broker/broker.h"
#include "broker/spare_descriptor.h"

namespace ottla {

class Server {
 public:
  explicit Server(Broker& broker) : broker_(broker) {}

  // Opens every listener. The error is one line, such as "listener PLAINTEXT://127.0.0.1:9092: port in use".
  Result<void> listen();
  // Starts to accept those of other brokers, and of clients.
  void start_for_brokers();
  void start();
  // On core 0's thread: no further connection is accepted.
  void stop();

  // What the ready line says, with the real ports: "PLAINTEXT://127.0.0.1:9092".
  [[nodiscard]] std::vector<std::string> addresses() const;
  // Where other brokers and their clients are told to find this one: advertised.listeners, the address of the voter, or
  // where it listens.
  [[nodiscard]] std::vector<BrokerEndpoint> endpoints() const;

 private:
  struct Listening {
    std::string name;
    Acceptor acceptor;
    Clock::time_point next_at;  // by max.connection.creation.rate
  };
  Awaitable<> accept_forever(Listening& listening);
  Awaitable<> wait_to_accept(Listening& listening);
  void refuse_all(Listening& listening);
  void begin(Listening& listening, Core& core, Socket socket);
  [[nodiscard]] bool is_for_brokers(const Listening& listening) const;

  Broker& broker_;
  std::vector<std::unique_ptr<Listening>> listening_;
  std::size_t next_core_ = 0;
  SpareDescriptor spare_descriptor_;
  FewLines told_;  // of those that were not let in
};

}  // namespace ottla
