// Asio as this project uses it: Boost's, on epoll, with concrete executor types (cheaper than any_io_executor).
// Compiled once in asio_source.cc (BOOST_ASIO_SEPARATE_COMPILATION) and precompiled as a header.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace ottla {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;
// Mind g++ 12: an aggregate or converted temporary with a destructor inside a co_await expression is destroyed twice
// (GCC bug 104031). Arguments of awaited calls are named variables, moved in.
template <class T = void>
using Awaitable = asio::awaitable<T, Executor>;
inline constexpr asio::use_awaitable_t<Executor> use_awaitable{};
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;
using Clock = std::chrono::steady_clock;

}  // namespace ottla
