// Connections between brokers may be silent for long, and one whose other end lost its power is silent for ever.
#pragma once

#include <netinet/tcp.h>
#include <sys/socket.h>

#include "broker/asio.h"

namespace ottla {

// The kernel asks after ten seconds of silence, and gives up when it is not answered for as long again.
inline void keep_alive(Socket& socket) {
  const auto set = [&](int level, int name, int value) {
    ::setsockopt(socket.native_handle(), level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 2);
  set(IPPROTO_TCP, TCP_KEEPCNT, 5);
}

}  // namespace ottla
