// What the command line asks of a broker by Kafka's protocol: one connection, one question after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "protocol/error_code.h"
#include "protocol/primitives.h"

namespace ottla {

class AdminClient {
 public:
  // Blocking, as all of it. Error NETWORK_EXCEPTION: nobody answers at HOST:PORT.
  static Result<AdminClient> connect(const std::string& address);
  ~AdminClient();
  AdminClient(AdminClient&& other) noexcept;
  AdminClient& operator=(AdminClient&& other) noexcept;

  // In the newest version that is known here. Errors: NETWORK_EXCEPTION (the connection broke, or no answer for half a
  // minute), INVALID_REQUEST (an answer that cannot be read).
  template <class Request>
  Result<typename Request::Response> ask(const Request& request);

 private:
  struct Connection;
  explicit AdminClient(std::unique_ptr<Connection> connection);
  // A request with all that stands before it; gives the answer without its length.
  Result<Bytes> exchange(const Writer& request);

  std::unique_ptr<Connection> connection_;
  std::int32_t correlation_id_ = 0;
};

}  // namespace ottla
