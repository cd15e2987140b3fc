// What follows from an event for the state as a whole: who hears of it, what is under way, and what must hold.
#include <fmt/format.h>

#include <algorithm>

#include "replication/mutants.h"
#include "replication/sim/exhaustive/small_world.h"

namespace ottla::exhaustive {

namespace {

std::uint32_t first_records(std::uint32_t records, std::uint32_t count) { return records & ((1U << 3 * count) - 1); }

std::uint32_t count_of(std::uint32_t records) {
  std::uint32_t count = 0;
  for (; records != 0; records >>= 3) {
    ++count;
  }
  return count;
}

bool epochs_are_checked() { return !mutant(Mutant::fetch_epoch_unchecked) && !mutant(Mutant::logs_compared_once); }

}  // namespace

std::string SmallWorld::apply(State& next, std::size_t broker, const Step& step) {
  next.nodes[broker] = step.node;
  void_messages(next, broker, step);
  for (const std::uint16_t sent : step.sent) {
    put(next, sent);
  }
  hear_what_changes_nothing(next, broker);
  forget_void(next);
  return step.broken.empty() ? commit(next, broker) : step.broken;
}

// Who does not lead takes nothing from metadata of the epoch that it is in; so it has heard of them at once.
void SmallWorld::hear_what_changes_nothing(State& state, std::size_t broker) {
  while (bounds_.takes_short_cuts) {
    const News& news = news_[state.news];
    const Brief& brief = briefs_[state.nodes[broker]];
    const std::uint8_t behind = news.behind[broker];
    if (behind == 0 || !brief.is_up || brief.has_role_of_leader) {
      return;
    }
    const std::uint16_t image = news.images[news.images.size() - behind];
    if (images_[image].partition.leader_epoch.value != brief.epoch) {
      return;
    }
    const Step& heard = step(state.nodes[broker], Kind::hear_all, image);
    if (heard.sent[0] != 0 || heard.voids_fetches || heard.voids_changes || !heard.broken.empty()) {
      std::abort();  // it does take something
    }
    state.nodes[broker] = heard.node;
    hear(state, broker, behind - 1U);
  }
}

// Nobody has heard of it yet; who is down will when it is back.
void SmallWorld::announce(State& next, std::uint16_t image) {
  if (image == newest(next)) {
    return;
  }
  std::uint32_t up = 0;
  for (std::size_t broker = 0; broker < broker_count; ++broker) {
    up |= (briefs_[next.nodes[broker]].is_up ? 1U : 0U) << broker;
  }
  next.news = news_after(next.news, {Kind::none, 0, std::uint32_t{image} << broker_count | up});
  for (std::size_t broker = 0; broker < broker_count; ++broker) {
    hear_what_changes_nothing(next, broker);
  }
  forget_void(next);
}

void SmallWorld::hear(State& next, std::size_t broker, std::size_t behind) {
  if (news_[next.news].behind[broker] != behind) {
    next.news =
        news_after(next.news, {Kind::hear_next, static_cast<std::uint8_t>(broker), static_cast<std::uint32_t>(behind)});
  }
}

void SmallWorld::put(State& state, std::uint16_t message) {
  if (message == 0) {
    return;
  }
  const bool is_known = message_briefs_[message].is_void && std::ranges::count(state.messages, message) > 0;
  if (is_known) {
    return;  // a second copy of what nobody waits for says nothing new
  }
  auto* const room = std::ranges::find(state.messages, std::uint16_t{0});
  if (room == state.messages.end()) {
    ++without_room_;
    return;
  }
  *room = message;
  std::sort(state.messages.begin(), room + 1);
}

void SmallWorld::remove(State& state, std::uint16_t message) {
  auto* const at = std::ranges::find(state.messages, message);
  std::copy(at + 1, state.messages.end(), at);
  state.messages.back() = 0;
}

// What its sender does not wait for any more may still do something where it arrives. Answers to the dead do nothing.
void SmallWorld::void_messages(State& state, std::size_t broker, const Step& step) {
  const bool is_dead = !briefs_[step.node].is_up;
  if (!step.voids_fetches && !step.voids_changes && !is_dead) {
    return;
  }
  const auto all = state.messages;
  for (const std::uint16_t message : all) {
    const MessageBrief& brief = message_briefs_[message];
    if (message == 0 || brief.from != broker) {
      continue;
    }
    if (is_dead && brief.index % 2 == 1) {
      remove(state, message);
    } else if (!brief.is_void && (brief.index <= 1 ? step.voids_fetches : step.voids_changes)) {
      remove(state, message);
      put(state, brief.voided);
    }
  }
}

// What nobody waits for and what will be refused for ever, as epochs do not fall: it may as well have been lost.
void SmallWorld::forget_void(State& state) {
  const PartitionRegistration& partition = images_[newest(state)].partition;
  const auto all = state.messages;
  for (const std::uint16_t message : all) {
    const MessageBrief& brief = message_briefs_[message];
    if (message == 0 || !brief.is_void || brief.index == 3 || !bounds_.takes_short_cuts) {
      continue;
    }
    const Brief& leader = briefs_[state.nodes[brief.to]];
    const bool is_refused = brief.index == 0 ? epochs_are_checked() && (!leader.is_up || leader.epoch > brief.epoch)
                                             : !mutant(Mutant::partition_epoch_unchecked) &&
                                                   (brief.epoch < partition.leader_epoch.value ||
                                                    brief.partition_epoch < partition.partition_epoch.value);
    if (is_refused) {
      remove(state, message);
    }
  }
}

// What is below the high watermark of one who leads is committed, once and for all.
std::string SmallWorld::commit(State& state, std::size_t broker) const {
  const Brief& brief = briefs_[state.nodes[broker]];
  const std::uint32_t committed = state.counts.committed;
  const std::uint32_t count = count_of(committed);
  const std::uint32_t shown = first_records(brief.records, brief.high_watermark);
  if (!brief.is_up) {
    return {};
  }
  if (brief.is_leading && brief.high_watermark > count && first_records(brief.records, count) == committed) {
    state.counts.committed = shown & 0xfff;
    return {};
  }
  if (brief.high_watermark > brief.log_end || shown != first_records(committed, brief.high_watermark)) {
    return fmt::format(
        "committed immutability: broker {} shows other records below its high watermark {} than were "
        "committed",
        broker + 1, brief.high_watermark);
  }
  return {};
}

// StrongIsr, on the disks of ISR and ELR.
std::string SmallWorld::broken_rule(const State& state) const {
  const std::uint32_t committed = state.counts.committed;
  const std::uint32_t count = count_of(committed);
  const std::uint8_t complete = complete_[newest(state)];
  for (std::size_t broker = 0; broker < broker_count && count > 0; ++broker) {
    const Brief& brief = briefs_[state.nodes[broker]];
    if ((complete >> broker & 1) == 0 || brief.has_lost_disk) {
      continue;
    }
    if (first_records(brief.records, count) != committed) {
      return fmt::format("StrongIsr: broker {} of ISR or ELR has not what was committed below {}", broker + 1, count);
    }
    if (brief.durable < count) {
      return fmt::format("ValidHighWatermark: broker {} of ISR or ELR has synced up to {}, and {} are committed",
                         broker + 1, brief.durable, count);
    }
  }
  return {};
}

}  // namespace ottla::exhaustive
