#include "client_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace ottla {

namespace {

[[noreturn]] void system_failure(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

ClientConnection::ClientConnection(const std::string& host, std::uint16_t port)
    : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  if (descriptor_ < 0 || ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    system_failure("connecting");
  }
  const int yes = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

ClientConnection::~ClientConnection() { ::close(descriptor_); }

void ClientConnection::send() {
  constexpr std::size_t most = 64;
  while (!waiting_.empty()) {
    std::array<iovec, most> parts{};
    std::size_t count = 0;
    for (auto one = waiting_.begin(); one != waiting_.end() && count < most; ++one, ++count) {
      const auto rest = one->frame.subspan(count == 0 ? sent_of_first_ : 0);
      parts[count] = {const_cast<std::byte*>(rest.data()), rest.size()};
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t put = ::sendmsg(descriptor_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    }
    if (put < 0) {
      system_failure("sending");
    }
    sent_of_first_ += static_cast<std::size_t>(put);
    while (!waiting_.empty() && sent_of_first_ >= waiting_.front().frame.size()) {
      sent_of_first_ -= waiting_.front().frame.size();
      awaiting_.push_back(waiting_.front().intended);
      waiting_.pop_front();
    }
  }
}

std::size_t ClientConnection::read(std::byte* to, std::size_t size, int flags) const {
  const ssize_t got = ::recv(descriptor_, to, size, flags | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    return 0;
  }
  if (got == 0) {
    throw std::runtime_error("the broker closed the connection");
  }
  if (got < 0) {
    system_failure("receiving");
  }
  return static_cast<std::size_t>(got);
}

}  // namespace ottla
