#include "replication/sim/clients.h"

#include <charconv>

#include "replication/sim/simulation.h"
#include "storage/test_batches.h"

namespace ottla::sim {

namespace {

constexpr std::int64_t request_timeout_us = 1'500'000;

// Asks some broker who leads.
void find_leader(Simulation& simulation, int node, int partition, const std::function<void(int)>& found) {
  const int asked = static_cast<int>(simulation.random(Stream::client, node).between(1, simulation.brokers()));
  simulation.network.call<LeaderReply>(
      node, asked, Channel::client, 400'000,
      [asked, partition, &simulation](const auto& respond) {
        if (const Broker* const broker = simulation.broker(asked)) {
          respond({broker->leader_of(partition)});
        }
      },
      [found](const LeaderReply* reply) { found(reply != nullptr ? reply->leader : -1); });
}

std::vector<Value> values_of(std::span<const std::byte> batches, Offset& first) {
  std::vector<Value> values;
  first = batches.size() >= batch_header_bytes ? BatchHeader::read(batches).base_offset : Offset{-1};
  while (batches.size() >= batch_header_bytes) {
    const auto size = static_cast<std::size_t>(BatchHeader::read(batches).size_bytes());
    if (size > batches.size() || size < batch_header_bytes) {
      break;
    }
    (void)for_each_record(batches.first(size), {}, [&](const RecordView& record) -> Result<void> {
      const std::string text(as_text(*record.value));
      Value value;
      const char* const end = text.data() + text.size();
      const auto producer = std::from_chars(text.data(), end, value.producer);
      std::from_chars(producer.ptr + 1, end, value.number);
      values.push_back(value);
      return {};
    });
    batches = batches.subspan(size);
  }
  return values;
}

}  // namespace

ProducerClient::ProducerClient(Simulation& simulation, int node, int partition, bool needs_all_acks,
                               std::int64_t pause_us)
    : simulation_(simulation),
      node_(node),
      partition_(partition),
      needs_all_acks_(needs_all_acks),
      pause_us_(pause_us) {}

void ProducerClient::next() {
  if (simulation_.is_ending()) {
    return;
  }
  count_ = static_cast<std::int32_t>(simulation_.random(Stream::client, node_).between(1, 3));
  std::vector<TestRecord> records;
  records.reserve(static_cast<std::size_t>(count_));
  for (std::int32_t i = 0; i < count_; ++i) {
    records.push_back({.key = {}, .value = fmt::format("{}:{}", node_, number_ + i)});
  }
  batch_ = needs_all_acks_ ? make_batch(records, {.id = node_, .epoch = 0, .sequence = number_}) : make_batch(records);
  send();
}

void ProducerClient::send() {
  if (leader_ < 1) {
    find_leader(simulation_, node_, partition_, [this](int leader) {
      leader_ = leader;
      leader_ > 0 ? send() : simulation_.network.on_process(node_, 100'000, [this] { send(); });
    });
    return;
  }
  simulation_.network.call<ProduceReply>(
      node_, leader_, Channel::client, request_timeout_us,
      [leader = leader_, partition = partition_, batch = batch_, all = needs_all_acks_,
       &simulation = simulation_](const auto& respond) {
        if (Broker* const broker = simulation.broker(leader)) {
          broker->on_produce(partition, batch, all, respond);
        }
      },
      [this](const ProduceReply* reply) { on_reply(reply); });
}

void ProducerClient::on_reply(const ProduceReply* reply) {
  const bool is_acked = reply != nullptr && reply->error == ErrorCode::NONE;
  if (is_acked && needs_all_acks_) {
    simulation_.history.acked(partition_, reply->base_offset, {node_, number_}, count_);
  }
  if (is_acked || !needs_all_acks_) {
    number_ += count_;
    batch_.clear();
    leader_ = is_acked ? leader_ : -1;
    simulation_.network.on_process(node_, simulation_.random(Stream::client, node_).skewed(pause_us_),
                                   [this] { next(); });
    return;
  }
  leader_ = -1;
  simulation_.network.on_process(node_, simulation_.random(Stream::client, node_).between(5'000, 100'000),
                                 [this] { send(); });
}

void ReaderClient::poll() {
  if (leader_ < 1) {
    find_leader(simulation_, node_, partition_, [this](int leader) {
      leader_ = leader;
      simulation_.network.on_process(node_, leader > 0 ? 0 : 100'000, [this] { poll(); });
    });
    return;
  }
  simulation_.network.call<ConsumeReply>(
      node_, leader_, Channel::client, request_timeout_us,
      [leader = leader_, partition = partition_, position = position_, &simulation = simulation_](const auto& respond) {
        if (Broker* const broker = simulation.broker(leader)) {
          broker->on_consume(partition, position, respond);
        }
      },
      [this](const ConsumeReply* reply) {
        std::int64_t wait_us = simulation_.random(Stream::client, node_).between(20'000, 200'000);
        if (reply != nullptr && reply->error == ErrorCode::OFFSET_OUT_OF_RANGE) {
          simulation_.history.skipped(partition_, reply->log_start_offset);
          position_ = reply->log_start_offset;
        } else if (reply == nullptr || reply->error != ErrorCode::NONE) {
          leader_ = -1;
        } else if (reply->records) {
          on_reply(*reply);
          wait_us = 5'000;
        }
        simulation_.network.on_process(node_, wait_us, [this] { poll(); });
      });
}

// The first batch may begin before the position; the last one may be cut.
void ReaderClient::on_reply(const ConsumeReply& reply) {
  Offset first;
  std::vector<Value> values = values_of(*reply.records, first);
  simulation_.ghost.consumed(partition_, first, entries_of(*reply.records), reply.high_watermark);
  const auto skipped =
      std::min<std::size_t>(values.size(), static_cast<std::size_t>(std::max<std::int64_t>(0, position_ - first)));
  values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(skipped));
  if (!values.empty()) {
    simulation_.history.read(partition_, position_, first + static_cast<std::int64_t>(skipped), values);
    position_ = position_ + static_cast<std::int64_t>(values.size());
  }
}

}  // namespace ottla::sim
