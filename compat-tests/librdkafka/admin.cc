#include "compat-tests/librdkafka/admin.h"

#include <librdkafka/rdkafka.h>

#include <array>
#include <stdexcept>

namespace compat {

namespace {

constexpr int patience_ms = 30'000;
constexpr int default_replication = -1;

template <auto destroy>
struct Destroyer {
  void operator()(auto* one) const { destroy(one); }
};
template <typename Type, auto destroy>
using Owned = std::unique_ptr<Type, Destroyer<destroy>>;

using Queue = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using Event = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;

Event answer_on(const Queue& queue) {
  Event event(rd_kafka_queue_poll(queue.get(), patience_ms));
  if (!event) {
    throw std::runtime_error("no answer to an admin request");
  }
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error(rd_kafka_event_error_string(event.get()));
  }
  return event;
}

AdminAnswer answer_of(const rd_kafka_topic_result_t* result) {
  const char* message = rd_kafka_topic_result_error_string(result);
  return {.error = static_cast<RdKafka::ErrorCode>(rd_kafka_topic_result_error(result)),
          .message = message == nullptr ? "" : message};
}

}  // namespace

AdminAnswer create_topic(RdKafka::Handle& handle, const std::string& topic, std::int32_t partitions,
                         const Settings& settings) {
  std::array<char, 512> why{};
  const Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy> made(
      rd_kafka_NewTopic_new(topic.c_str(), partitions, default_replication, why.data(), why.size()));
  if (!made) {
    throw std::runtime_error(why.data());
  }
  for (const auto& [name, value] : settings) {
    rd_kafka_NewTopic_set_config(made.get(), name.c_str(), value.c_str());
  }
  const Queue queue(rd_kafka_queue_new(handle.c_ptr()));
  rd_kafka_NewTopic_t* topics = made.get();
  rd_kafka_CreateTopics(handle.c_ptr(), &topics, 1, nullptr, queue.get());
  const Event event = answer_on(queue);
  std::size_t count = 0;
  return answer_of(*rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count));
}

AdminAnswer delete_topic(RdKafka::Handle& handle, const std::string& topic) {
  const Owned<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy> named(rd_kafka_DeleteTopic_new(topic.c_str()));
  const Queue queue(rd_kafka_queue_new(handle.c_ptr()));
  rd_kafka_DeleteTopic_t* topics = named.get();
  rd_kafka_DeleteTopics(handle.c_ptr(), &topics, 1, nullptr, queue.get());
  const Event event = answer_on(queue);
  std::size_t count = 0;
  return answer_of(*rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count));
}

}  // namespace compat
