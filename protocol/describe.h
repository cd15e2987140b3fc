// The visitor that says in Kafka's words what a message's `fields` declare, so that it can be compared with Kafka's own
// schema (compat-tests/oracle).
#pragma once

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

// One field of a message or of a struct in it, in wire order; a struct stands before its own fields.
struct FieldRow {
  std::string path;                          // "TopicData.PartitionData.Index"
  std::string type;                          // as in Kafka's schemas: "int32", "[]PartitionProduceData"
  std::string entity;                        // "brokerId" if the member is a BrokerId, else empty
  std::string versions;                      // "3+", "0-12"
  std::string nullable_versions;             // "8+"; "none" too if the member cannot hold a null
  int tag = -1;                              // in all of `versions`; -1: not tagged
  bool plain = false;                        // never compact
  std::optional<std::string> default_value;  // nothing: null. An array is "[]", a struct "{}"; else the value
};

std::string versions_text(std::int16_t since, std::int16_t until);
// "PartitionProduceData" for ottla::ProduceRequest::TopicProduceData::PartitionProduceData.
std::string struct_name(const std::type_info& type);

template <class T>
std::string kafka_type() {
  if constexpr (WireOptional<T>) {
    return kafka_type<typename T::value_type>();
  } else if constexpr (WireArray<T>) {
    return "[]" + kafka_type<typename T::value_type>();
  } else if constexpr (MessageStruct<T>) {
    return struct_name(typeid(T));
  } else if constexpr (WireString<T>) {
    return "string";
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return "bytes";
  } else if constexpr (std::is_same_v<T, Records>) {
    return "records";
  } else if constexpr (std::is_same_v<T, Uuid>) {
    return "uuid";
  } else if constexpr (std::is_same_v<T, bool>) {
    return "bool";
  } else if constexpr (std::is_same_v<T, double>) {
    return "float64";
  } else if constexpr (std::is_enum_v<T>) {
    return kafka_type<std::underlying_type_t<T>>();
  } else if constexpr (StrongNumber<T>) {
    return kafka_type<typename T::rep>();
  } else {
    static_assert(std::is_integral_v<T>, "not a type that travels");
    return fmt::format("{}int{}", std::is_signed_v<T> ? "" : "u", 8 * sizeof(T));
  }
}

template <class T>
std::optional<std::string> default_text(const T& value) {
  if constexpr (WireOptional<T>) {
    return value ? default_text(*value) : std::nullopt;
  } else if constexpr (WireArray<T>) {
    return value.empty() ? "[]" : "[...]";
  } else if constexpr (MessageStruct<T>) {
    return "{}";
  } else if constexpr (WireString<T>) {
    return std::string(value);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return value.empty() ? "" : "...";
  } else if constexpr (std::is_same_v<T, Records>) {
    return value.is_null ? std::nullopt : std::optional<std::string>("");
  } else if constexpr (std::is_same_v<T, Uuid>) {
    return value.to_string();
  } else if constexpr (std::is_enum_v<T>) {
    return fmt::format("{}", std::to_underlying(value));
  } else if constexpr (StrongNumber<T>) {
    return fmt::format("{}", value.value);
  } else {
    return fmt::format("{}", value);
  }
}

class Describer {
 public:
  Describer(std::vector<FieldRow>& rows, std::string path) : rows_(rows), path_(std::move(path)) {}

  template <class T>
  void operator()(const char* name, const T& member, auto... changes) {
    const FieldSpec spec = spec_of(changes...);
    const bool can_be_null = WireOptional<T> || std::is_same_v<T, Records>;
    const std::string path = path_ + name;
    rows_.push_back({.path = path,
                     .type = kafka_type<T>(),
                     .entity = is_broker_id<T>() ? "brokerId" : "",
                     .versions = versions_text(spec.since, spec.until),
                     .nullable_versions = can_be_null ? versions_text(spec.nullable_since, spec.until) : "none",
                     .tag = spec.tag,
                     .plain = spec.plain,
                     .default_value = default_text(member)});
    within(member, path + ".");
  }

 private:
  template <class T>
  static constexpr bool is_broker_id() {
    if constexpr (WireOptional<T> || WireArray<T>) {
      return is_broker_id<typename T::value_type>();
    } else {
      return std::is_same_v<T, BrokerId>;
    }
  }

  // The fields of a struct that the message holds, with the defaults they have there.
  template <class T>
  void within(const T& member, const std::string& path) {
    if constexpr (WireArray<T>) {
      within(typename T::value_type{}, path);
    } else if constexpr (WireOptional<T>) {
      within(member.value_or(typename T::value_type{}), path);
    } else if constexpr (MessageStruct<T>) {
      Describer inner(rows_, path);
      T::fields(inner, member);
    }
  }

  std::vector<FieldRow>& rows_;
  const std::string path_;
};

template <MessageStruct Message>
std::vector<FieldRow> describe() {
  std::vector<FieldRow> rows;
  Describer describer(rows, "");
  const Message defaults{};
  Message::fields(describer, defaults);
  return rows;
}

}  // namespace ottla
