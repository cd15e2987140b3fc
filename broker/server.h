// Listens, accepts, and hands each connection to the next core in turn.
#pragma once

#include <string>
#include <vector>

#include "broker/asio.h"
#include "broker/broker.h"

namespace ottla {

class Server {
 public:
  explicit Server(Broker& broker) : broker_(broker) {}

  // Opens every client listener. The error is one line, such as "listener PLAINTEXT://127.0.0.1:9092: port in use".
  Result<void> listen();
  // Starts to accept.
  void start();
  // On core 0's thread: no further connection is accepted.
  void stop();

  // What the ready line says, with the real ports: "PLAINTEXT://127.0.0.1:9092".
  [[nodiscard]] std::vector<std::string> addresses() const;

 private:
  struct Listening {
    std::string name;
    Acceptor acceptor;
  };
  Awaitable<> accept_forever(Listening& listening);

  Broker& broker_;
  std::vector<std::unique_ptr<Listening>> listening_;
  std::size_t next_core_ = 0;
};

}  // namespace ottla
