// What kinds of members a message may have; shared by the visitors.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/ids.h"
#include "protocol/primitives.h"

namespace ottla {

namespace detail {
struct Probe {
  void operator()(auto&&...) {}
};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::bool_constant<!std::is_same_v<T, std::byte>> {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
}  // namespace detail

template <class T>
concept MessageStruct = requires(detail::Probe& probe, T& message) { T::fields(probe, message); };
template <class T>
concept WireArray = detail::is_vector<T>::value;
template <class T>
concept WireOptional = detail::is_optional<T>::value;
template <class T>
concept WireString = std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>;
template <class T>
concept StrongNumber = !std::is_enum_v<T> && requires { typename T::rep; };
template <class T>
concept WireNumber = std::is_integral_v<T> || std::is_enum_v<T>;

// The member of `right` at the place that `member` has in `left`. Lets a visitor, which sees one struct, look at
// another of the same type beside it.
template <class Struct, class Member>
const Member& counterpart(const Struct& left, const Member& member, const Struct& right) {
  const auto offset = reinterpret_cast<const std::byte*>(&member) - reinterpret_cast<const std::byte*>(&left);
  return *reinterpret_cast<const Member*>(reinterpret_cast<const std::byte*>(&right) + offset);
}

template <class T>
bool equal_values(const T& left, const T& right) {
  if constexpr (MessageStruct<T>) {
    bool equal = true;
    auto compare = [&](const char*, const auto& member, auto...) {
      equal = equal && equal_values(member, counterpart(left, member, right));
    };
    T::fields(compare, left);
    return equal;
  } else if constexpr (WireArray<T>) {
    if (left.size() != right.size()) {
      return false;
    }
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (!equal_values(left[i], right[i])) {
        return false;
      }
    }
    return true;
  } else if constexpr (WireOptional<T>) {
    return left.has_value() == right.has_value() && (!left || equal_values(*left, *right));
  } else if constexpr (std::is_same_v<T, Records>) {
    return left.is_null == right.is_null && left.bytes.data() == right.bytes.data();
  } else {
    return left == right;
  }
}

}  // namespace ottla
