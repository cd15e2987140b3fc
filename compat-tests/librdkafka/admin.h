// Topics made and deleted through librdkafka's admin interface, which its C++ side does not have.
#pragma once

#include "compat-tests/librdkafka/client.h"

namespace compat {

// What the broker answered.
struct AdminAnswer {
  RdKafka::ErrorCode error = RdKafka::ERR_NO_ERROR;
  std::string message;
};

AdminAnswer create_topic(RdKafka::Handle& handle, const std::string& topic, std::int32_t partitions,
                         const Settings& settings = {});
AdminAnswer delete_topic(RdKafka::Handle& handle, const std::string& topic);

}  // namespace compat
