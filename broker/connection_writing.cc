// How replies leave a connection: those that are ready in one turn of the loop together, from memory and from files.
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "broker/broker.h"
#include "broker/connection.h"

namespace ottla {

namespace {

// Then others have their turn.
constexpr std::size_t most_at_once_bytes = std::size_t{4} * 1024 * 1024;
constexpr std::size_t most_parts_at_once = 64;

bool must_wait(const boost::system::error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

}  // namespace

void Connection::reply_ready() {
  const bool has_ready = !overtaking_.empty() || (!replies_.empty() && replies_.front()->ready);
  if (closed_ || flush_planned_ || writing_ || !has_ready) {
    return;
  }
  flush_planned_ = true;
  core_.at_end_of_turn([self = shared_from_this()] {
    self->flush_planned_ = false;
    self->write_ready_replies();
  });
}

// Moves the replies that may leave to being_written_. False: nothing to write.
bool Connection::collect_ready_replies() {
  being_written_.clear();
  parts_.clear();
  next_part_ = 0;
  being_written_bytes_ = 0;
  is_writing_from_files_ = false;
  for (auto& reply : std::exchange(overtaking_, {})) {
    collect(std::move(reply));
  }
  while (!replies_.empty() && replies_.front()->ready) {
    auto reply = std::move(replies_.front());
    replies_.pop_front();
    collect(std::move(reply));
  }
  return !parts_.empty();
}

void Connection::collect(std::shared_ptr<Reply> reply) {
  if (reply->nothing_to_send) {
    let_go(*reply);
    return;
  }
  reply->out.for_each_part(
      [this](std::span<const std::byte> part) {
        parts_.push_back({.memory = {part.data(), part.size()}, .slice = nullptr});
      },
      [&](const FilePart& part) {
        parts_.push_back({.memory = {}, .slice = &reply->slices[part.index].slice});
        is_writing_from_files_ = true;
      });
  being_written_bytes_ += reply->out.size_bytes();
  being_written_.push_back(std::move(reply));
}

void Connection::write_ready_replies() {
  if (closed_ || writing_ || !collect_ready_replies()) {
    return;
  }
  writing_ = true;
  write_began_ = last_sent_ = Clock::now();
  write_on();
}

void Connection::write_on() {
  for (std::size_t written = 0; next_part_ < parts_.size();) {
    if (written >= most_at_once_bytes) {
      asio::post(core_.io, [self = shared_from_this()] { self->write_on(); });
      return;
    }
    boost::system::error_code error;
    const std::size_t size = write_some(error);
    if (must_wait(error)) {
      const auto go_on = [self = shared_from_this()](const boost::system::error_code&) { self->write_on(); };
      socket_.async_wait(Socket::wait_write, go_on);
      return;
    }
    if (error) {
      parts_.clear();
      close(CloseReason::left);
      break;
    }
    written += size;
    took(size);
  }
  writing_ = false;
  drop_replies(std::exchange(being_written_, {}));
  write_ready_replies();
}

// Of a file, or of all that is in memory up to the next file.
std::size_t Connection::write_some(boost::system::error_code& error) {
  if (parts_[next_part_].slice != nullptr) {
    return write_from_file(*parts_[next_part_].slice, error);
  }
  buffers_.clear();
  std::size_t end = next_part_;
  for (; end < parts_.size() && parts_[end].slice == nullptr && buffers_.size() < most_parts_at_once; ++end) {
    buffers_.push_back(parts_[end].memory);
  }
  return socket_.send(buffers_, end < parts_.size() ? MSG_MORE : 0, error);
}

std::size_t Connection::write_from_file(const LogSlice& slice, boost::system::error_code& error) {
  off_t position = slice.position;
  const auto size = std::min(static_cast<std::size_t>(slice.size_bytes), most_at_once_bytes);
  const ssize_t sent = ::sendfile(socket_.native_handle(), slice.file->descriptor().value_or(-1), &position, size);
  if (sent > 0) {
    return static_cast<std::size_t>(sent);
  }
  error = sent == 0 ? asio::error::eof : boost::system::error_code(errno, boost::system::system_category());
  if (sent == 0 || errno == EIO) {
    // The answer cannot be ended. The next one will be read, and tells of the partition what is wrong with it.
    if (slice.verified) {
      slice.verified->cut(slice.position);
    }
    close(CloseReason::internal_error, fmt::format("{:020}.log could not be read from position {}: {}",
                                                   slice.segment.value, slice.position, error.message()));
  }
  return 0;
}

void Connection::took(std::size_t size) {
  last_sent_ = Clock::now();
  core_.metrics.sent(size);
  if (LogSlice* const slice = parts_[next_part_].slice; slice != nullptr) {
    slice->position += static_cast<std::int64_t>(size);
    slice->size_bytes -= static_cast<std::int64_t>(size);
    next_part_ += slice->size_bytes == 0 ? 1 : 0;
    return;
  }
  while (size > 0) {
    auto& memory = parts_[next_part_].memory;
    const std::size_t taken = std::min(size, memory.size());
    memory += taken;
    size -= taken;
    next_part_ += memory.size() == 0 ? 1 : 0;
  }
}

}  // namespace ottla
