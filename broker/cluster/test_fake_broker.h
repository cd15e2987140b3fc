// The other end of a peer's connection, in the test's own hands: it accepts, reads and answers when the test says so.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

#include "broker/cluster/peer.h"
#include "protocol/codec.h"
#include "protocol/frame.h"
#include "protocol/schema.h"

namespace ottla {

// A socket that gives up after a while, so that a test that fails does not hang.
class TestSocket {
 public:
  explicit TestSocket(int descriptor) : descriptor_(descriptor) {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  TestSocket(TestSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  TestSocket& operator=(TestSocket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~TestSocket() { close(); }
  void close() {
    if (descriptor_ >= 0) {
      ::close(std::exchange(descriptor_, -1));
    }
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

struct TestRequest {
  RequestHeader header;
  Bytes frame;

  template <class Request>
  Request as() {
    EXPECT_EQ(header.api_key, Request::api.key);
    DecodeBudget budget{1'000'000};
    const auto body = request_body(frame, header, true);
    EXPECT_TRUE(body) << body.error().message;
    auto request = decode_message<Request>(*body, 0, 0, budget);
    EXPECT_TRUE(request) << request.error().message;
    return request ? std::move(*request) : Request{};
  }
};

class TestConversation {
 public:
  explicit TestConversation(TestSocket socket) : socket_(std::move(socket)) {}

  // Nothing: the other side has closed the connection.
  std::optional<TestRequest> next() {
    Bytes length(sizeof(std::int32_t));
    if (!receive(length)) {
      return std::nullopt;
    }
    TestRequest request;
    request.frame.resize(static_cast<std::size_t>(load_big_endian<std::int32_t>(length)));
    if (!receive(request.frame)) {
      return std::nullopt;
    }
    const auto header = read_request_header(request.frame);
    EXPECT_TRUE(header) << header.error().message;
    request.header = header.value_or(RequestHeader{});
    return request;
  }
  template <class Response>
  void answer(std::int32_t correlation_id, const Response& response) {
    Writer out;
    begin_response(out, correlation_id, true);
    encode_message(out, response, 0, 0);
    finish_response(out);
    say(out.flatten());
  }
  // Any bytes.
  void say(const Bytes& bytes) {
    EXPECT_EQ(::send(socket_.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void close() { socket_.close(); }

 private:
  bool receive(std::span<std::byte> bytes) {
    while (!bytes.empty()) {
      const auto got = ::recv(socket_.descriptor(), bytes.data(), bytes.size(), 0);
      if (got <= 0) {
        return false;
      }
      bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
    return true;
  }

  TestSocket socket_;
};

class FakeBroker {
 public:
  explicit FakeBroker(std::uint16_t port = 0) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int yes = 1;
    ::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_.descriptor(), any, size), 0);
    EXPECT_EQ(::listen(socket_.descriptor(), 16), 0);
    EXPECT_EQ(::getsockname(socket_.descriptor(), any, &size), 0);
    port_ = ntohs(address.sin_port);
  }

  TestConversation accept() {
    const int accepted = ::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
    EXPECT_GE(accepted, 0) << "nobody came";
    return TestConversation(TestSocket(accepted));
  }
  void stop() { socket_.close(); }
  [[nodiscard]] PeerAddress address() const { return {.host = "127.0.0.1", .port = port_}; }

 private:
  TestSocket socket_;
  std::uint16_t port_ = 0;
};

}  // namespace ottla
