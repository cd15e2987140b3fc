// The visitor that writes a message in one version. See schema.h for the vocabulary, WIRE.md for the format.
#pragma once

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

class Encoder {
 public:
  Encoder(Writer& writer, std::int16_t version, bool flexible)
      : writer_(writer), version_(version), flexible_(flexible) {}

  template <MessageStruct Struct>
  void structure(const Struct& message) {
    Struct::fields(*this, message);
    if (flexible_) {
      tag_section(message);
    }
  }

  // One plain field; tagged ones follow in the tag section.
  void operator()(const char*, const auto& member, auto... changes) {
    const FieldSpec spec = spec_of(changes...);
    if (spec.in(version_) && !spec.is_tagged()) {
      value(member, spec);
    }
  }

 private:
  template <class T>
  void value(const T& member, const FieldSpec& spec) {
    if constexpr (WireOptional<T>) {
      nullable(member, spec);
    } else if constexpr (WireArray<T>) {
      length(member.size(), spec, sizeof(std::int32_t));
      for (const auto& element : member) {
        value(element, FieldSpec{});
      }
    } else if constexpr (WireString<T>) {
      length(member.size(), spec, sizeof(std::int16_t));
      writer_.raw(std::string_view(member));
    } else if constexpr (std::is_same_v<T, Bytes>) {
      length(member.size(), spec, sizeof(std::int32_t));
      writer_.raw(member);
    } else if constexpr (std::is_same_v<T, Records>) {
      records(member, spec);
    } else if constexpr (MessageStruct<T>) {
      structure(member);
    } else {
      number(member);
    }
  }

  template <class T>
  void nullable(const std::optional<T>& member, const FieldSpec& spec) {
    const bool may_be_null = version_ >= spec.nullable_since;
    if constexpr (MessageStruct<T>) {
      if (may_be_null) {
        writer_.integer<std::int8_t>(member ? 1 : -1);
      }
    }
    if (member) {
      value(*member, spec);
    } else if (!may_be_null) {
      value(T{}, spec);
    } else if constexpr (!MessageStruct<T>) {
      null_length(spec, WireString<T> ? sizeof(std::int16_t) : sizeof(std::int32_t));
    }
  }

  template <class T>
  void number(const T& member) {
    if constexpr (std::is_same_v<T, bool>) {
      writer_.integer<std::uint8_t>(member ? 1 : 0);
    } else if constexpr (std::is_same_v<T, double>) {
      writer_.integer(std::bit_cast<std::uint64_t>(member));
    } else if constexpr (std::is_same_v<T, Uuid>) {
      writer_.raw(std::as_bytes(std::span(member.bytes)));
    } else if constexpr (std::is_enum_v<T>) {
      writer_.integer(static_cast<std::underlying_type_t<T>>(member));
    } else if constexpr (StrongNumber<T>) {
      writer_.integer(member.value);
    } else {
      static_assert(std::is_integral_v<T>, "not a type that travels");
      writer_.integer(member);
    }
  }

  void records(const Records& member, const FieldSpec& spec) {
    if (member.is_null && version_ >= spec.nullable_since) {
      null_length(spec, sizeof(std::int32_t));
      return;
    }
    length(member.size_bytes(), spec, sizeof(std::int32_t));
    if (member.in_file.size_bytes > 0) {
      writer_.splice(member.in_file);
    } else {
      writer_.splice(member.bytes);
    }
  }

  [[nodiscard]] bool compact(const FieldSpec& spec) const { return flexible_ && !spec.plain; }
  void length(std::size_t size, const FieldSpec& spec, std::size_t plain_bytes) {
    if (compact(spec)) {
      writer_.unsigned_varint(size + 1);
    } else if (plain_bytes == sizeof(std::int16_t)) {
      writer_.integer(static_cast<std::int16_t>(size));
    } else {
      writer_.integer(static_cast<std::int32_t>(size));
    }
  }
  void null_length(const FieldSpec& spec, std::size_t plain_bytes) {
    if (compact(spec)) {
      writer_.unsigned_varint(0);
    } else if (plain_bytes == sizeof(std::int16_t)) {
      writer_.integer<std::int16_t>(-1);
    } else {
      writer_.integer<std::int32_t>(-1);
    }
  }

  // Count, then the tagged fields that differ from their default, by rising tag.
  template <MessageStruct Struct>
  void tag_section(const Struct& message) {
    [[maybe_unused]] static const Struct defaults{};
    std::uint32_t left = 0;
    const auto travels = [&](const auto& member, const FieldSpec& spec) {
      return spec.is_tagged() && spec.in(version_) && !equal_values(member, counterpart(message, member, defaults));
    };
    auto count = [&](const char*, const auto& member, auto... changes) {
      left += travels(member, spec_of(changes...)) ? 1 : 0;
    };
    Struct::fields(count, message);
    writer_.unsigned_varint(left);
    std::int16_t tag_number = 0;
    while (left > 0) {  // in the order of their tags
      auto write = [&](const char*, const auto& member, auto... changes) {
        const FieldSpec spec = spec_of(changes...);
        if (spec.tag == tag_number && travels(member, spec)) {
          tagged(member, spec);
          --left;
        }
      };
      Struct::fields(write, message);
      ++tag_number;
    }
  }

  void tagged(const auto& member, const FieldSpec& spec) {
    Writer content;
    Encoder(content, version_, flexible_).value(member, spec);
    writer_.unsigned_varint(static_cast<std::uint64_t>(spec.tag));
    writer_.unsigned_varint(content.size_bytes());
    content.for_each_part([&](std::span<const std::byte> part) { writer_.raw(part); });
  }

  Writer& writer_;
  const std::int16_t version_;
  const bool flexible_;
};

}  // namespace ottla
