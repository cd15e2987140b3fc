// Any message in any version that is served: decoded, encoded and decoded again it is the same.
#pragma once

#include "broker/api_list.h"
#include "compat-tests/fuzz/fuzz.h"
#include "protocol/codec.h"

namespace ottla {

template <class... Left, class... Right>
constexpr auto joined(TypeList<Left...>, TypeList<Right...>) {
  return TypeList<Left..., Right...>{};
}
using AllRequests = decltype(joined(Handlers{}, ClusterHandlers{}));

template <class... Requests>
constexpr std::size_t count_of(TypeList<Requests...>) {
  return sizeof...(Requests);
}

// Calls `act.operator()<Request>()` for each.
template <class... Requests>
void for_each_request(TypeList<Requests...>, auto act) {
  (act.template operator()<Requests>(), ...);
}

// As equal_values, but records are compared by what they hold, and floats by their bits.
template <class T>
bool holds_the_same(const T& left, const T& right) {
  if constexpr (MessageStruct<T>) {
    bool same = true;
    auto compare = [&](const char*, const auto& member, auto...) {
      same = same && holds_the_same(member, counterpart(left, member, right));
    };
    T::fields(compare, left);
    return same;
  } else if constexpr (WireArray<T>) {
    bool same = left.size() == right.size();
    for (std::size_t i = 0; same && i < left.size(); ++i) {
      same = holds_the_same(left[i], right[i]);
    }
    return same;
  } else if constexpr (WireOptional<T>) {
    return left.has_value() == right.has_value() && (!left || holds_the_same(*left, *right));
  } else if constexpr (std::is_same_v<T, Records>) {
    return left.is_null == right.is_null && is_same(left.bytes, right.bytes);
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<std::uint64_t>(left) == std::bit_cast<std::uint64_t>(right);
  } else {
    return left == right;
  }
}

template <class Message>
Bytes encoded(const Message& message, std::int16_t version, const Api& api) {
  Writer writer;
  encode_message(writer, message, version, api.flexible);
  Bytes bytes = writer.flatten();
  must(bytes.size() == writer.size_bytes(), "as many bytes as were counted");
  return bytes;
}

template <class Message>
void fuzz_message(const Api& api, std::int16_t version, Bytes bytes) {
  constexpr std::size_t base_bytes = std::size_t{256} * 1024;
  const DecodeBudget whole{base_bytes + 16 * bytes.size()};  // as dispatch.cc has it
  DecodeBudget budget = whole;
  const auto first = decode_message<Message>(bytes, version, api.flexible, budget);
  must(budget.left_bytes <= whole.left_bytes, "a budget only shrinks");
  if (!first) {
    must(first.error().code == ErrorCode::INVALID_REQUEST && !first.error().message.empty(), "the error says why");
    return;
  }
  Bytes ours = encoded(*first, version, api);
  // Where nothing can be left out or said in more than one way, it is what was there.
  must(version >= api.flexible ? ours.size() <= bytes.size() : ours.size() == bytes.size(),
       "no byte more than it took");
  budget = whole;
  const auto second = decode_message<Message>(ours, version, api.flexible, budget);
  must(second.has_value(), "what we encode can be decoded");
  must(holds_the_same(*first, *second), "what was encoded is what comes back");
  must(is_same(encoded(*second, version, api), ours), "it is always encoded alike");
  if (!ours.empty()) {
    Bytes cut(ours.begin(), ours.end() - 1);
    budget = whole;
    must(!decode_message<Message>(cut, version, api.flexible, budget), "a message cut short is none");
  }
}

// The first two bytes of an input choose API and version.
void fuzz_messages(Input input, auto act) {
  std::size_t to_go = input.byte() % count_of(AllRequests{});
  const std::uint8_t step = input.byte();
  for_each_request(AllRequests{}, [&]<class Request>() {
    if (to_go-- == 0) {
      constexpr VersionRange versions = Request::api.versions;
      const int version = versions.min + step % (versions.max - versions.min + 1);
      act.template operator()<Request>(static_cast<std::int16_t>(version), input.rest());
    }
  });
}

}  // namespace ottla
