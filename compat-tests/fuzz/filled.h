// A message with something in every field, to begin fuzzing with.
#pragma once

#include <array>

#include "protocol/wire_types.h"

namespace ottla {

// Numbers count up, so that two that are mixed up are seen.
class Filler {
 public:
  template <class T>
  void fill(T& value) {
    if constexpr (MessageStruct<T>) {
      auto one = [this](const char*, auto& member, auto...) { fill(member); };
      T::fields(one, value);
    } else if constexpr (WireArray<T>) {
      value.resize(2);
      for (auto& element : value) {
        fill(element);
      }
    } else if constexpr (WireOptional<T>) {
      fill(value.emplace(typename T::value_type{}));
    } else if constexpr (WireString<T>) {
      value = texts_.at(next() % texts_.size());
    } else if constexpr (std::is_same_v<T, Bytes>) {
      value = {std::byte{1}, std::byte{2}};
    } else if constexpr (std::is_same_v<T, Records>) {
      value = {.bytes = bytes_, .is_null = false};
    } else if constexpr (std::is_same_v<T, Uuid>) {
      value.bytes.fill(static_cast<std::uint8_t>(next()));
    } else if constexpr (StrongNumber<T>) {
      value.value = static_cast<typename T::rep>(next());
    } else if constexpr (std::is_same_v<T, bool>) {
      value = true;
    } else {
      value = static_cast<T>(next());
    }
  }

 private:
  std::size_t next() { return ++count_; }
  std::size_t count_ = 0;
  std::array<std::string_view, 3> texts_{"a", "topic", "consumer"};
  Bytes bytes_{std::byte{7}, std::byte{8}, std::byte{9}};
};

}  // namespace ottla
