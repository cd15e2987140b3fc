// Events and states, in words.
#include <fmt/format.h>

#include "replication/sim/exhaustive/small_world.h"

namespace ottla::exhaustive {

namespace {

std::string shown(const Image& image) {
  const PartitionRegistration& partition = image.partition;
  std::string words =
      fmt::format("leader {}, epoch {}, partition epoch {}, ISR {}", partition.leader.value,
                  partition.leader_epoch.value, partition.partition_epoch.value, in_words(partition.isr));
  if (!partition.elr.empty()) {
    words += ", ELR " + in_words(partition.elr);
  }
  for (std::size_t broker = 0; broker < broker_count; ++broker) {
    if (image.fenced[broker]) {
      words += fmt::format(", {} is fenced", broker + 1);
    }
  }
  return words;
}

std::string crash_in_words(std::uint32_t what) {
  constexpr const char* remains[] = {"all that was written remains", "only what was synced remains",
                                     "its disk is lost"};
  return fmt::format("{}{}", remains[what % 4],
                     what >= 4 ? ", the checkpoint of the high watermark is up to date" : "");
}

}  // namespace

std::string SmallWorld::in_words(const State& before, const Event& event) {
  const std::size_t broker = event.broker + 1U;
  switch (event.kind) {
    case Kind::hear_next:
    case Kind::hear_all:
      return fmt::format("broker {} hears {}: {}", broker, event.kind == Kind::hear_next ? "the next" : "the newest",
                         shown(images_[static_cast<std::uint16_t>(event.what)]));
    case Kind::append:
      return fmt::format("a client writes r{} to broker {}, which leads in epoch {}", event.what, broker,
                         briefs_[before.nodes[event.broker]].epoch);
    case Kind::sync:
      return fmt::format("broker {} has synced up to {}", broker, briefs_[before.nodes[event.broker]].log_end);
    case Kind::tick:
      return fmt::format("broker {} tries again", broker);
    case Kind::lag_time:
      return fmt::format("broker {}: replica.lag.time.max.ms passes", broker);
    case Kind::crash:
      return fmt::format("broker {} crashes: {}", broker, crash_in_words(event.what));
    case Kind::restart:
      return fmt::format("broker {} starts and registers, and hears: {}", broker, shown(images_[event.what]));
    case Kind::arrive:
    case Kind::answer_lost:
      return arrival_in_words(before, event);
    case Kind::time_out:
      return fmt::format("broker {} gives up its fetch and asks again", broker);
    case Kind::fence:
      return fmt::format("the controller fences broker {}", broker);
    case Kind::unfence:
      return fmt::format("the controller lets broker {} in again", broker);
    case Kind::elect_preferred:
      return "the controller elects the preferred leader";
    default:
      return {};
  }
}

std::string SmallWorld::arrival_in_words(const State& before, const Event& event) {
  const auto message = static_cast<std::uint16_t>(event.what);
  std::string words = "arrives: " + exhaustive::in_words(messages_[message]);
  const MessageBrief brief = message_briefs_[message];
  if (brief.index != 0) {
    return words;
  }
  if (!briefs_[before.nodes[brief.to]].is_up) {
    return words + "; refused, asked again";
  }
  const std::uint16_t answer = step(before.nodes[brief.to], Kind::arrive, message).answer;
  if (answer == 0) {
    return words;
  }
  return words + (event.kind == Kind::answer_lost ? "; lost: " : "; ") + exhaustive::in_words(messages_[answer]);
}

std::vector<std::string> SmallWorld::in_words(const State& state) const {
  std::vector<std::string> lines{"controller: " + shown(images_[newest(state)])};
  for (const std::uint32_t node : state.nodes) {
    lines.push_back(nodes_[node].in_words());
  }
  std::string committed;
  for (std::uint32_t ids = state.counts.committed; ids != 0; ids >>= 3) {
    committed += fmt::format(" r{}", ids & 7);
  }
  lines.push_back("committed:" + (committed.empty() ? " nothing" : committed));
  return lines;
}

}  // namespace ottla::exhaustive
