// Strong types for the numbers that must not be mixed up. Each is as wide on the wire as its Rep.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ottla {

template <class Tag, class Rep>
struct Id {
  using rep = Rep;
  Rep value = Tag::none;
  friend constexpr auto operator<=>(const Id&, const Id&) = default;
};

struct BrokerIdTag {
  static constexpr std::int32_t none = -1;
};
struct LeaderEpochTag {
  static constexpr std::int32_t none = -1;
};
struct PartitionEpochTag {
  static constexpr std::int32_t none = -1;
};
struct BrokerEpochTag {
  static constexpr std::int64_t none = -1;
};
using BrokerId = Id<BrokerIdTag, std::int32_t>;
using BrokerEpoch = Id<BrokerEpochTag, std::int64_t>;        // one registration of a broker; -1: unknown
using LeaderEpoch = Id<LeaderEpochTag, std::int32_t>;        // -1: unknown
using PartitionEpoch = Id<PartitionEpochTag, std::int32_t>;  // -1: unknown

// A position in a partition's log, in records. The only arithmetic that makes sense: offset + count, offset - offset.
struct Offset {
  using rep = std::int64_t;
  std::int64_t value = 0;
  friend constexpr auto operator<=>(const Offset&, const Offset&) = default;
  friend constexpr Offset operator+(Offset offset, std::int64_t count) { return {offset.value + count}; }
  friend constexpr std::int64_t operator-(Offset left, Offset right) { return left.value - right.value; }
};

// 128 bits. Written by Kafka as 22 characters of unpadded base64url; all zero means "none".
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  friend constexpr auto operator<=>(const Uuid&, const Uuid&) = default;
  [[nodiscard]] constexpr bool is_zero() const { return *this == Uuid{}; }
  [[nodiscard]] std::string to_string() const;
  static std::optional<Uuid> parse(std::string_view text);
  static Uuid random();  // version 4, never one whose text begins with '-' (Kafka's rule, for command lines)
};
using TopicId = Uuid;

}  // namespace ottla

template <>
struct std::hash<ottla::Uuid> {
  std::size_t operator()(const ottla::Uuid& uuid) const noexcept {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(uuid.bytes.data()), uuid.bytes.size()});
  }
};
