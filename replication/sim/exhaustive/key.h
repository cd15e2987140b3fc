// What is equal gets the same small number: local states, messages, images of the metadata. Exact, no hashes that could
// meet: two states of the world are the same if their numbers are.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace ottla::exhaustive {

// The numbers of a small world, one byte each where they are small.
class Key {
 public:
  void add(std::int64_t number) {
    if (number >= -1 && number < 254) {
      bytes_.push_back(static_cast<char>(number + 1));
      return;
    }
    bytes_.push_back('\xff');
    for (int shift = 0; shift < 64; shift += 8) {
      bytes_.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> shift));
    }
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

template <class Thing>
class Numbered {
 public:
  // `made` is kept if it is the first with this key.
  template <class Made>
  std::uint32_t number(const Key& key, Made&& made) {
    const auto [known, is_new] = numbers_.try_emplace(key.bytes(), static_cast<std::uint32_t>(things_.size()));
    if (is_new) {
      things_.emplace_back(std::forward<Made>(made));
    }
    return known->second;
  }
  [[nodiscard]] const Thing& operator[](std::uint32_t number) const { return things_[number]; }
  [[nodiscard]] std::size_t size() const { return things_.size(); }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::deque<Thing> things_;
};

inline std::uint64_t mixed(std::uint64_t bits) {
  bits ^= bits >> 32;
  bits *= 0xd6e8feb86659fd93U;
  bits ^= bits >> 32;
  bits *= 0xd6e8feb86659fd93U;
  return bits ^ bits >> 32;
}

// What is known already of some 64 bits; none of them zero.
class Memory {
 public:
  // Nothing yet: `unknown`, to be set.
  static constexpr std::uint32_t unknown = 0xffff'ffff;
  std::uint32_t& operator[](std::uint64_t bits) {
    if (used_ * 2 >= slots_.size()) {
      grow();
    }
    Slot& slot = find(bits);
    if (slot.bits == 0) {
      slot = {bits, unknown};
      ++used_;
    }
    return slot.value;
  }

 private:
  struct Slot {
    std::uint64_t bits = 0;
    std::uint32_t value = unknown;
  };
  Slot& find(std::uint64_t bits) {
    std::size_t at = mixed(bits) & (slots_.size() - 1);
    while (slots_[at].bits != 0 && slots_[at].bits != bits) {
      at = (at + 1) & (slots_.size() - 1);
    }
    return slots_[at];
  }
  void grow() {
    std::vector<Slot> before(slots_.size() * 2);
    before.swap(slots_);
    for (const Slot& slot : before) {
      if (slot.bits != 0) {
        find(slot.bits) = slot;
      }
    }
  }
  std::vector<Slot> slots_ = std::vector<Slot>(1024);
  std::size_t used_ = 0;
};

}  // namespace ottla::exhaustive
