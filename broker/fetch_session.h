// Incremental fetches (KIP-227): what a client asked for before, so that it need tell only what changes, and is told
// only that. A session belongs to the connection that began it and ends with it: nobody else can use it up. Clients
// that come back over a new connection begin a new one, as they do after any FETCH_SESSION_ID_NOT_FOUND.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "protocol/api/01_fetch.h"

namespace ottla {

// Room for the sessions of all connections: max.incremental.fetch.session.cache.slots. A slot is good for a hundred
// partitions, so that the bound is one of memory.
class FetchSessionSlots {
 public:
  static constexpr std::int64_t partitions_each = 100;

  explicit FetchSessionSlots(std::int64_t count) : free_(count) {}

  [[nodiscard]] bool take(std::int64_t count);
  void give_back(std::int64_t count) { free_ += count; }
  [[nodiscard]] std::int64_t free() const { return free_; }

 private:
  std::atomic<std::int64_t> free_;
};

class FetchSession {
 public:
  using Asked = FetchRequest::FetchTopic::FetchPartition;
  using Answer = FetchResponse::FetchableTopicResponse::PartitionData;

  // One partition of the session: what is asked for, and what the client was told last.
  struct Cached {
    std::string topic;  // empty if topics go by id
    TopicId topic_id;
    Asked asked;
    Offset high_watermark{-1};
    Offset log_start_offset{-1};
  };
  using Partitions = std::list<Cached>;

  // Takes what a full request asks for; nullptr: there is no room, or sessions are off.
  static std::unique_ptr<FetchSession> begin(const FetchRequest& request, bool by_id, FetchSessionSlots& slots);
  FetchSession(const FetchSession&) = delete;
  FetchSession& operator=(const FetchSession&) = delete;
  ~FetchSession() { slots_.give_back(slots_taken_); }

  [[nodiscard]] std::int32_t id() const { return id_; }

  // An incremental request: adds, changes and forgets partitions. Error: FETCH_SESSION_ID_NOT_FOUND,
  // INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_TOPIC_ID_ERROR; the session is then as it was, except that one with no
  // room left for what was added is of no further use.
  [[nodiscard]] ErrorCode update(const FetchRequest& request, bool by_id);

  // In the order in which they are to be read.
  [[nodiscard]] Partitions& partitions() { return partitions_; }

  // Of those the session has.
  [[nodiscard]] Partitions::iterator find(std::string_view topic, TopicId topic_id, std::int32_t partition) const {
    return by_key_.at({topic, topic_id, partition});
  }

  // Takes note of what the client is told. True: there is something that it did not know. A partition that gave
  // records goes behind the others, so that it does not starve them.
  bool note(Partitions::iterator partition, const Answer& answer);

 private:
  using Key = std::tuple<std::string_view, TopicId, std::int32_t>;

  FetchSession(bool by_id, FetchSessionSlots& slots);
  static Key key_of(const Cached& cached) { return {cached.topic, cached.topic_id, cached.asked.partition}; }
  [[nodiscard]] bool add(const FetchRequest& request);
  void forget(const FetchRequest& request);

  const std::int32_t id_;
  const bool by_id_;
  FetchSessionSlots& slots_;
  std::int64_t slots_taken_ = 0;
  std::int32_t next_epoch_ = 1;
  Partitions partitions_;
  std::map<Key, Partitions::iterator> by_key_;  // the names are the list's
};

}  // namespace ottla
