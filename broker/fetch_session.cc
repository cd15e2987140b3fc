#include "broker/fetch_session.h"

#include <limits>
#include <random>

namespace ottla {

namespace {

constexpr std::size_t topic_name_max_bytes = 249;  // Kafka's bound

// Never 0, which means none.
std::int32_t random_id() {
  thread_local std::mt19937 generator{std::random_device{}()};
  return std::uniform_int_distribution<std::int32_t>(1)(generator);
}

}  // namespace

bool FetchSessionSlots::take(std::int64_t count) {
  std::int64_t free = free_;
  while (free >= count) {
    if (free_.compare_exchange_weak(free, free - count)) {
      return true;
    }
  }
  return false;
}

FetchSession::FetchSession(bool by_id, FetchSessionSlots& slots) : id_(random_id()), by_id_(by_id), slots_(slots) {}

std::unique_ptr<FetchSession> FetchSession::begin(const FetchRequest& request, bool by_id, FetchSessionSlots& slots) {
  std::unique_ptr<FetchSession> session(new FetchSession(by_id, slots));
  return session->add(request) ? std::move(session) : nullptr;
}

ErrorCode FetchSession::update(const FetchRequest& request, bool by_id) {
  if (request.session_id != id_) {
    return ErrorCode::FETCH_SESSION_ID_NOT_FOUND;
  }
  if (request.session_epoch != next_epoch_) {
    return ErrorCode::INVALID_FETCH_SESSION_EPOCH;
  }
  if (by_id != by_id_) {
    return ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR;
  }
  if (!add(request)) {
    return ErrorCode::FETCH_SESSION_ID_NOT_FOUND;
  }
  forget(request);
  next_epoch_ = next_epoch_ == std::numeric_limits<std::int32_t>::max() ? 1 : next_epoch_ + 1;
  return ErrorCode::NONE;
}

// False: not all of it has room.
bool FetchSession::add(const FetchRequest& request) {
  if (slots_taken_ == 0 && !slots_.take(1)) {
    return false;
  }
  slots_taken_ = std::max<std::int64_t>(slots_taken_, 1);
  for (const auto& topic : request.topics) {
    if (topic.topic.size() > topic_name_max_bytes) {
      return false;  // no topic is called that, and each of its partitions would remember it
    }
    for (const auto& asked : topic.partitions) {
      if (const auto known = by_key_.find({topic.topic, topic.topic_id, asked.partition}); known != by_key_.end()) {
        known->second->asked = asked;
        continue;
      }
      if (std::ssize(partitions_) == slots_taken_ * FetchSessionSlots::partitions_each) {
        if (!slots_.take(1)) {
          return false;
        }
        ++slots_taken_;
      }
      partitions_.push_back({.topic = std::string(topic.topic), .topic_id = topic.topic_id, .asked = asked});
      by_key_.emplace(key_of(partitions_.back()), std::prev(partitions_.end()));
    }
  }
  return true;
}

void FetchSession::forget(const FetchRequest& request) {
  for (const auto& topic : request.forgotten_topics_data) {
    for (const std::int32_t partition : topic.partitions) {
      if (const auto known = by_key_.extract(Key{topic.topic, topic.topic_id, partition})) {
        partitions_.erase(known.mapped());
      }
    }
  }
}

bool FetchSession::note(Partitions::iterator partition, const Answer& answer) {
  const bool has_records = answer.records.size_bytes() > 0;
  const bool has_failed = answer.error_code != ErrorCode::NONE;
  const bool is_news = has_records || has_failed || answer.preferred_read_replica.value >= 0 ||
                       answer.diverging_epoch.end_offset.value >= 0 ||
                       answer.high_watermark != partition->high_watermark ||
                       answer.log_start_offset != partition->log_start_offset;
  partition->high_watermark = has_failed ? Offset{-1} : answer.high_watermark;  // told again once it is well
  partition->log_start_offset = answer.log_start_offset;
  if (has_records) {
    partitions_.splice(partitions_.end(), partitions_, partition);
  }
  return is_news;
}

}  // namespace ottla
