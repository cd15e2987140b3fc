// The bytes of one connection, however they arrive: the frames are those of the whole stream, they keep their bytes,
// and memory follows what was received. Each frame is then read as far as that goes without a broker.
#include <cstring>
#include <vector>

#include "broker/frame_reader.h"
#include "compat-tests/fuzz/fuzz.h"
#include "compat-tests/fuzz/messages.h"
#include "protocol/frame.h"

namespace ottla {

namespace {

constexpr std::int32_t max_frame_bytes = 1 << 20;
constexpr std::size_t smallest_slab_bytes = std::size_t{64} * 1024;

// Where the frames are, and whether what follows them is no frame.
struct Expected {
  std::vector<std::span<const std::byte>> frames;
  bool is_refused = false;
};

Expected cut_at_once(std::span<const std::byte> stream) {
  Expected expected;
  while (stream.size() >= 4) {
    const auto length = load_big_endian<std::int32_t>(stream);
    if (length < 1 || length > max_frame_bytes) {
      expected.is_refused = true;
      break;
    }
    if (stream.size() - 4 < static_cast<std::size_t>(length)) {
      break;
    }
    expected.frames.push_back(stream.subspan(4, static_cast<std::size_t>(length)));
    stream = stream.subspan(4 + static_cast<std::size_t>(length));
  }
  return expected;
}

void decode(std::span<std::byte> frame) {
  const auto header = read_request_header(frame);
  if (!header) {
    return;
  }
  for_each_request(AllRequests{}, [&]<class Request>() {
    constexpr const Api& api = Request::api;
    if (api.key != header->api_key || header->api_version < api.versions.min ||
        header->api_version > api.versions.max) {
      return;
    }
    const auto body = request_body(frame, *header, header->api_version >= api.flexible);
    DecodeBudget budget{smallest_slab_bytes};
    if (body) {
      (void)decode_message<Request>(*body, header->api_version, api.flexible, budget, LeftOver::ignored);
    }
  });
}

struct Receiver {
  explicit Receiver(const Bytes& whole) : expected(cut_at_once(whole)) {}

  void receive(std::span<const std::byte> part) {
    while (!part.empty()) {
      const std::size_t held = reader.partial_bytes();
      const auto space = reader.space();
      must(!space.empty(), "there is always room");
      must(space.size() <= std::max(smallest_slab_bytes, 2 * held), "memory follows the bytes received");
      const std::size_t size = std::min(space.size(), part.size());
      std::memcpy(space.data(), part.data(), size);
      reader.received(size);
      part = part.subspan(size);
    }
  }
  // False when the stream is lost.
  bool take_frames() {
    for (;;) {
      auto frame = reader.next();
      if (!frame) {
        must(expected.is_refused && frames.size() == expected.frames.size(), "refused where it is no frame");
        return false;
      }
      if (!*frame) {
        return true;
      }
      must(frames.size() < expected.frames.size(), "no more frames than there are");
      must(is_same((*frame)->bytes, expected.frames[frames.size()]), "the frame that comes next");
      decode((*frame)->bytes);
      frames.push_back(std::move(**frame));
      if (frames.size() > 8) {  // some live longer than others
        frames[frames.size() - 9] = {};
      }
    }
  }

  FrameReader reader{max_frame_bytes};
  Expected expected;
  std::vector<Frame> frames;
};

}  // namespace

void fuzz(Input input) {
  const std::uint8_t most_at_once = input.byte();
  const std::uint8_t step = input.byte();
  const Bytes whole = input.rest();
  Receiver receiver(whole);
  std::size_t size = most_at_once;
  for (Input left(whole); !left.empty();) {
    size = size * 31 + step;
    receiver.receive(left.some(1 + size % (most_at_once * 16U + 1)));
    if (!receiver.take_frames()) {
      return;
    }
  }
  must(receiver.frames.size() == receiver.expected.frames.size(), "every frame was found");
  must(!receiver.expected.is_refused, "what is no frame is refused");
  for (std::size_t i = 0; i < receiver.frames.size(); ++i) {
    const auto bytes = receiver.frames[i].bytes;
    must(bytes.empty() || is_same(bytes, receiver.expected.frames[i]), "a frame keeps its bytes");
  }
}

}  // namespace ottla
