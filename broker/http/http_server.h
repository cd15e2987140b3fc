// Health and metrics over HTTP, on core 0: GET /health/live, /health/ready, /metrics,
// /groups/NAME. (The console comes here later.)
#pragma once

#include <memory>
#include <string>

#include "broker/asio.h"
#include "broker/broker.h"

namespace ottla {

class HttpServer {
 public:
  explicit HttpServer(Broker& broker);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

  // Opens http.listener; if its port is taken, a free one, with a line in the log. Empty: off, and no error.
  Result<void> listen();
  // Both on core 0's thread.
  void start();
  void stop();
  // "127.0.0.1:9644", with the real port; empty when off.
  [[nodiscard]] std::string address() const;

 private:
  Awaitable<> accept_forever();
  Awaitable<> serve(Socket socket);

  Broker& broker_;
  Core& core_;
  std::unique_ptr<Acceptor> acceptor_;
  std::size_t connections_ = 0;
};

}  // namespace ottla
