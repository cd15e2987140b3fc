// The visitor that reads a message in one version from bytes nobody vouches for. Every count is checked against the
// bytes that remain and charged to the budget before anything is allocated.
#pragma once

#include <limits>
#include <string>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

class Decoder {
 public:
  Decoder(Reader& reader, std::int16_t version, bool flexible, DecodeBudget& budget)
      : reader_(reader), version_(version), flexible_(flexible), budget_(budget) {}

  template <MessageStruct Struct>
  void structure(Struct& message) {
    Struct::fields(*this, message);
    if (flexible_) {
      tag_section(message);
    }
  }

  void operator()(const char* name, auto& member, auto... changes) {
    const FieldSpec spec = spec_of(changes...);
    if (!reader_.ok() || !spec.in(version_) || spec.is_tagged()) {
      return;
    }
    value(member, spec);
    if (!reader_.ok()) {
      if (!path_.empty() && path_.front() != '[') {
        path_.insert(0, 1, '.');
      }
      path_.insert(0, name);
    }
  }

  // Where the first error was: "Topics[3].Name".
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  template <class T>
  void value(T& member, const FieldSpec& spec) {
    if constexpr (WireOptional<T>) {
      nullable(member, spec);
    } else if constexpr (WireArray<T>) {
      if (const auto count = length(spec, sizeof(std::int32_t)); count >= 0) {
        array(member, static_cast<std::size_t>(count));
      } else {
        reader_.fail("null where it may not be");
      }
    } else if constexpr (WireString<T> || std::is_same_v<T, Bytes>) {
      if (const auto size = length(spec, plain_length_bytes<T>()); size >= 0) {
        text(member, static_cast<std::size_t>(size));
      } else {
        reader_.fail("null where it may not be");
      }
    } else if constexpr (std::is_same_v<T, Records>) {
      const auto size = length(spec, sizeof(std::int32_t));
      member.is_null = size < 0;
      if (member.is_null && version_ < spec.nullable_since) {
        reader_.fail("null where it may not be");
      } else if (!member.is_null) {
        member.bytes = reader_.take(static_cast<std::size_t>(size));
      }
    } else if constexpr (MessageStruct<T>) {
      structure(member);
    } else {
      number(member);
    }
  }

  template <class T>
  void nullable(std::optional<T>& member, const FieldSpec& spec) {
    const bool may_be_null = version_ >= spec.nullable_since;
    std::int64_t presence = 0;
    if constexpr (MessageStruct<T>) {
      presence = may_be_null ? reader_.integer<std::int8_t>() : 1;
    } else {
      presence = length(spec, plain_length_bytes<T>());
    }
    member.reset();
    if (presence < 0) {
      if (!may_be_null) {
        reader_.fail("null where it may not be");
      }
      return;
    }
    T& present = member.emplace(T{});
    if constexpr (MessageStruct<T>) {
      structure(present);
    } else if constexpr (WireArray<T>) {
      array(present, static_cast<std::size_t>(presence));
    } else {
      text(present, static_cast<std::size_t>(presence));
    }
  }

  template <class T>
  void array(std::vector<T>& elements, std::size_t count) {
    if (count > reader_.remaining()) {  // no element takes less than a byte
      reader_.fail("more elements than bytes");
      return;
    }
    if (count > budget_.left_elements) {
      reader_.fail("more elements than one request may have");
      return;
    }
    budget_.left_elements -= count;
    if (!charge(count * sizeof(T))) {
      return;
    }
    elements.resize(count);
    for (std::size_t i = 0; i < count && reader_.ok(); ++i) {
      value(elements[i], FieldSpec{});
      if (!reader_.ok()) {
        path_ = "[" + std::to_string(i) + "]" + (path_.empty() ? "" : ".") + path_;
      }
    }
  }

  void text(std::string_view& member, std::size_t size) {
    const auto bytes = reader_.take(size);
    member = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  void text(std::string& member, std::size_t size) {
    const auto bytes = reader_.take(size);
    if (charge(bytes.size())) {
      member.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
  }
  void text(Bytes& member, std::size_t size) {
    const auto bytes = reader_.take(size);
    if (charge(bytes.size())) {
      member.assign(bytes.begin(), bytes.end());
    }
  }

  template <class T>
  void number(T& member) {
    if constexpr (std::is_same_v<T, bool>) {
      member = reader_.integer<std::uint8_t>() != 0;
    } else if constexpr (std::is_same_v<T, double>) {
      member = std::bit_cast<double>(reader_.integer<std::uint64_t>());
    } else if constexpr (std::is_same_v<T, Uuid>) {
      const auto bytes = reader_.take(member.bytes.size());
      if (!bytes.empty()) {
        std::memcpy(member.bytes.data(), bytes.data(), bytes.size());
      }
    } else if constexpr (std::is_enum_v<T>) {
      member = static_cast<T>(reader_.integer<std::underlying_type_t<T>>());
    } else if constexpr (StrongNumber<T>) {
      member.value = reader_.integer<typename T::rep>();
    } else {
      static_assert(std::is_integral_v<T>, "not a type that travels");
      member = reader_.integer<T>();
    }
  }

  template <class T>
  static constexpr std::size_t plain_length_bytes() {
    return WireString<T> ? sizeof(std::int16_t) : sizeof(std::int32_t);
  }

  // -1: null. Any other negative number is an error (and given as null).
  std::int64_t length(const FieldSpec& spec, std::size_t plain_bytes) {
    std::int64_t size = 0;
    if (flexible_ && !spec.plain) {
      size = std::int64_t{reader_.unsigned_varint()} - 1;
    } else {
      size = plain_bytes == sizeof(std::int16_t) ? std::int64_t{reader_.integer<std::int16_t>()}
                                                 : std::int64_t{reader_.integer<std::int32_t>()};
    }
    if (size < -1) {
      reader_.fail("negative length");
    } else if (plain_bytes == sizeof(std::int16_t) && size > std::numeric_limits<std::int16_t>::max()) {
      reader_.fail("a string of more than 32767 bytes");  // a compact one could be; nothing could pass it on
    }
    return reader_.ok() ? size : -1;
  }

  bool charge(std::size_t size) {
    if (size > budget_.left_bytes) {
      reader_.fail("more than may be allocated for one request");
      return false;
    }
    budget_.left_bytes -= size;
    return true;
  }

  // Known tags must have the size they claim; unknown ones are skipped and not kept.
  template <MessageStruct Struct>
  void tag_section(Struct& message) {
    std::int64_t last_tag = -1;
    for (std::uint32_t left = reader_.ok() ? reader_.unsigned_varint() : 0; left > 0 && reader_.ok(); --left) {
      const std::int64_t tag_number = reader_.unsigned_varint();
      const std::size_t size = reader_.unsigned_varint();
      if (tag_number <= last_tag) {
        reader_.fail("tags out of order");
        return;
      }
      last_tag = tag_number;
      if (size > reader_.remaining()) {
        reader_.fail("truncated");
        return;
      }
      const std::size_t end = reader_.position() + size;
      bool known = false;
      auto read = [&](const char* name, auto& member, auto... changes) {
        const FieldSpec spec = spec_of(changes...);
        if (spec.tag == tag_number && spec.in(version_)) {
          known = true;
          value(member, spec);
          if (!reader_.ok()) {
            path_ = name;
          }
        }
      };
      Struct::fields(read, message);
      if (!known) {
        reader_.take(size);
      } else if (reader_.ok() && reader_.position() != end) {
        reader_.fail("a tagged field of another size than it claims");
      }
    }
  }

  Reader& reader_;
  const std::int16_t version_;
  const bool flexible_;
  DecodeBudget& budget_;
  std::string path_;
};

}  // namespace ottla
