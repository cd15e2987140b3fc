// The vocabulary of messages: a struct says what it holds, `fields` says what travels, once, for every version.
//
//   struct HeartbeatRequest {
//     using Response = HeartbeatResponse;
//     static constexpr Api api{.key = 12, .name = "Heartbeat", .versions = {0, 4}, .flexible = 4};
//     std::string group_id;
//     std::optional<std::string> group_instance_id;
//     static void fields(auto& v, auto& m) {  // m is const for encode, mutable for decode
//       v("GroupId", m.group_id);
//       v("GroupInstanceId", m.group_instance_id, since(3), nullable_since(3));
//     }
//   };
//
// Names are Kafka's own (CamelCase in the text, snake_case for the member). Field order is wire order; tagged fields
// stand in their struct with tag(n). A member's initialiser is Kafka's default. Encode, decode, describe are visitors
// (codec.h, describe.h). upstream_test compares every message with Kafka's own schemas, so that a wrong number fails.
#pragma once

#include <cstdint>
#include <limits>

namespace ottla {

template <class...>
struct TypeList {};

struct VersionRange {
  std::int16_t min = 0;
  std::int16_t max = 0;
};

struct Api {
  std::int16_t key = 0;
  const char* name = "";
  VersionRange versions;                       // what we serve; API keys and ranges: Kafka's <name>Request.json
  std::int16_t flexible = 0;                   // first version with compact types and tagged fields
  std::int16_t advertised_min = versions.min;  // Produce only: 0, for librdkafka before 2.8 (KAFKA-18659)
};

inline constexpr std::int16_t never = std::numeric_limits<std::int16_t>::max();

struct FieldSpec {
  std::int16_t since = 0;               // first version that has the field
  std::int16_t until = never;           // last version that has it
  std::int16_t nullable_since = never;  // first version in which it may be null
  std::int16_t tag = -1;                // >= 0: a tagged field
  bool plain = false;                   // never compact (the client id of the request header)
  [[nodiscard]] constexpr bool in(std::int16_t version) const { return version >= since && version <= until; }
  [[nodiscard]] constexpr bool is_tagged() const { return tag >= 0; }
};

// Each returns a change to a FieldSpec; spec_of applies them in order.
constexpr auto since(std::int16_t version) {
  return [version](FieldSpec& spec) { spec.since = version; };
}
constexpr auto until(std::int16_t version) {
  return [version](FieldSpec& spec) { spec.until = version; };
}
constexpr auto nullable_since(std::int16_t version) {
  return [version](FieldSpec& spec) { spec.nullable_since = version; };
}
constexpr auto tag(std::int16_t number) {
  return [number](FieldSpec& spec) { spec.tag = number; };
}
constexpr auto plain() {
  return [](FieldSpec& spec) { spec.plain = true; };
}

constexpr FieldSpec spec_of(auto... changes) {
  FieldSpec spec;
  (changes(spec), ...);
  return spec;
}

}  // namespace ottla
