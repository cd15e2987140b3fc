// Who may connect: max.connections, and max.connections.per.ip with its overrides. Any thread.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "broker/config.h"

namespace ottla {

class ConnectionLimits {
 public:
  // A connection has one as long as it is open.
  class Place {
   public:
    Place() = default;  // of nobody
    Place(ConnectionLimits& limits, std::string address) : limits_(&limits), address_(std::move(address)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    Place(Place&& from) noexcept : limits_(std::exchange(from.limits_, nullptr)), address_(std::move(from.address_)) {}
    Place& operator=(Place&& from) noexcept;
    ~Place();

   private:
    ConnectionLimits* limits_ = nullptr;
    std::string address_;
  };

  // Segments and connections share the descriptors: half of them are for connections, whatever max.connections says.
  ConnectionLimits();

  [[nodiscard]] bool is_full(const Config& config) const;
  // Nothing: there are as many from this address as may be.
  std::optional<Place> admit(const std::string& address, const Config& config);

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::size_t count_ = 0;
  std::map<std::string, std::size_t> by_address_;
};

}  // namespace ottla
