#include "broker/producer_ids.h"

#include "broker/metadata_quorum.h"

namespace ottla {

Awaitable<Result<std::int64_t>> ProducerIds::next(MetadataQuorum& metadata, BrokerId broker) {
  {
    const std::lock_guard lock(mutex_);
    if (next_ < end_) {
      co_return next_++;
    }
  }
  Command command = AllocateProducerIds{.broker_id = broker};
  const auto applied = co_await metadata.propose(std::move(command));
  if (!applied) {
    co_return std::unexpected(applied.error());
  }
  const auto& block = std::get<ProducerIdBlock>(*applied);
  const std::lock_guard lock(mutex_);
  if (next_ < end_) {  // another coroutine was first; the newer block goes unused, ids are plenty
    co_return next_++;
  }
  next_ = block.first_producer_id + 1;
  end_ = block.first_producer_id + block.count;
  co_return block.first_producer_id;
}

}  // namespace ottla
