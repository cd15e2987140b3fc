// One request on its way through the broker: what a handler may know about where it came from and what it may say
// beyond its response.
#pragma once

#include <memory>
#include <vector>

#include "broker/frame_reader.h"
#include "broker/held_memory.h"
#include "broker/one_shot.h"
#include "protocol/frame.h"
#include "protocol/primitives.h"
#include "storage/log.h"

namespace ottla {

class Broker;
class Connection;
class Core;

struct SliceInFile {
  LogSlice slice;
  HeldMemory::File held;
};

// A response on its way out; replies leave in request order.
struct Reply {
  Writer out;
  std::vector<std::shared_ptr<const void>> kept_alive;  // what the writer's splices point into
  std::vector<SliceInFile> slices;                      // what it leaves in files: the indices of its FileParts
  std::size_t held_bytes = 0;  // its request's and, once ready, its own; counted by the connection
  bool ready = false;
  bool nothing_to_send = false;  // acks=0
  bool has_error = false;        // an error code somewhere in it; for the metrics
};

struct RequestContext {
  Broker& broker;
  Core& core;
  Connection& connection;
  RequestHeader header;
  Frame frame;  // the request's bytes live as long as its context
  Clock::time_point received_at;
  std::shared_ptr<Reply> reply = std::make_shared<Reply>();

  // Two-stage requests (Produce): the handler completes this when its effects are ordered, and will happen by the end
  // of the turn; the connection then reads on.
  OneShot<bool> dispatched;
};

}  // namespace ottla
