// What is kept once, and what is asked once.
#include "replication/sim/exhaustive/small_world.h"

#include <fmt/format.h>

#include <algorithm>

#include "replication/mutants.h"

namespace ottla::exhaustive {

namespace {

std::uint64_t question(std::uint32_t about, Kind kind, std::uint32_t what) {
  return std::uint64_t{about} << 32 | std::uint64_t{std::to_underlying(kind)} << 24 | what;
}

// The first metadata are heard before the walk begins.
const Image initial_image = first_image();

bool applies_replies_of_older_changes() {
  return mutant(Mutant::alter_partition_reply_unchecked) || mutant(Mutant::late_alter_partition_reply);
}

}  // namespace

SmallWorld::SmallWorld(const Bounds& bounds) : bounds_(bounds) {
  number(Message{FetchRequest{}});  // number 0 is no message
  const std::uint16_t image = number(initial_image);
  first_.news = number(News{{image}, {}});
  for (std::size_t i = 0; i < broker_count; ++i) {
    Node node(BrokerId{static_cast<std::int32_t>(i) + 1}, initial_image.epochs[i]);
    Outcome outcome;
    node.step(replica_event::MetadataChanged{metadata_of(initial_image)}, {}, outcome);
    first_.nodes[i] = number(node);
    for (const Message& message : outcome.sent) {
      put(first_, number(message));
    }
  }
}

std::uint32_t SmallWorld::number(const Node& node) {
  const std::uint32_t known = nodes_.number(node.key(), node);
  if (known == briefs_.size()) {
    const auto& replica = node.replica();
    Brief brief{.is_up = replica.has_value(), .has_lost_disk = node.has_lost_disk()};
    brief.log_end = static_cast<std::uint8_t>(node.log().size());
    brief.durable = static_cast<std::uint8_t>(node.durable());
    if (replica) {
      brief.is_leading = replica->is_leading();
      brief.has_role_of_leader = replica->role() == Replica::Role::leader;
      brief.is_following = replica->role() == Replica::Role::follower;
      brief.may_append = replica->may_append(true).has_value();
      brief.high_watermark = static_cast<std::uint8_t>(replica->high_watermark().value);
      brief.epoch = static_cast<std::int8_t>(replica->metadata().leader_epoch.value);
    }
    for (std::size_t i = 0; i < node.log().size(); ++i) {
      brief.records |= static_cast<std::uint32_t>(node.log()[i].id) << 3 * i;
    }
    briefs_.push_back(brief);
  }
  return known;
}

std::uint16_t SmallWorld::number(const Message& message) {
  const std::uint32_t known = messages_.number(key_of(message), message);
  if (known > 0xffff) {
    std::abort();  // the world is not small any more
  }
  if (known < message_briefs_.size()) {
    return static_cast<std::uint16_t>(known);
  }
  MessageBrief brief{.index = static_cast<std::uint8_t>(message.index())};
  const auto broker = [](BrokerId id) { return static_cast<std::uint8_t>(id.value - 1); };
  if (const auto* const request = std::get_if<FetchRequest>(&message)) {
    brief.from = broker(request->fetch.replica);
    brief.to = broker(request->leader);
    brief.epoch = request->fetch.current_leader_epoch.value;
    brief.is_void = request->is_void;
  } else if (const auto* const reply = std::get_if<FetchReply>(&message)) {
    brief.from = broker(reply->follower);
    brief.is_error = reply->done.error != ErrorCode::NONE;
  } else if (const auto* const alter = std::get_if<AlterRequest>(&message)) {
    brief.from = broker(alter->sender);
    brief.epoch = alter->change.leader_epoch.value;
    brief.partition_epoch = alter->change.partition_epoch.value;
    brief.is_void = alter->is_void;
  } else {
    const auto& done = std::get<AlterReply>(message);
    brief.from = broker(done.sender);
    brief.is_void = done.is_void;
  }
  message_briefs_.push_back(brief);
  Message voided = message;
  if (auto* const request = std::get_if<FetchRequest>(&voided)) {
    request->is_void = true;
  } else if (auto* const alter = std::get_if<AlterRequest>(&voided)) {
    alter->is_void = true;
  } else if (auto* const done = std::get_if<AlterReply>(&voided);
             done != nullptr && applies_replies_of_older_changes()) {
    done->is_void = true;
  } else {
    return static_cast<std::uint16_t>(known);
  }
  const std::uint16_t as_void = brief.is_void ? static_cast<std::uint16_t>(known) : number(voided);
  message_briefs_[known].voided = as_void;
  return static_cast<std::uint16_t>(known);
}

std::uint16_t SmallWorld::number(const Image& image) {
  const std::uint32_t known = images_.number(key_of(image), image);
  if (known > 0xffff) {
    std::abort();
  }
  if (known == complete_.size()) {
    std::uint8_t complete = 0;
    for (const auto* const list : {&image.partition.isr, &image.partition.elr}) {
      for (const BrokerId id : *list) {
        complete |= static_cast<std::uint8_t>(1U << (id.value - 1));
      }
    }
    complete_.push_back(complete);
  }
  return static_cast<std::uint16_t>(known);
}

// Without what everybody has heard of.
std::uint32_t SmallWorld::number(News news) {
  const std::size_t needed = 1U + *std::ranges::max_element(news.behind);
  news.images.erase(news.images.begin(), news.images.end() - static_cast<std::ptrdiff_t>(needed));
  Key key;
  for (const std::uint8_t behind : news.behind) {
    key.add(behind);
  }
  for (const std::uint16_t image : news.images) {
    key.add(image % 128);
    key.add(image / 128);
  }
  return news_.number(key, std::move(news));
}

// A broker is `what` images behind from now on; or, no kind of event, there is another image for those that are up.
std::uint32_t SmallWorld::news_after(std::uint32_t before, const Event& event) {
  const std::uint64_t asked = question(before + 1, event.kind, std::uint32_t{event.broker} << 22 | event.what);
  if (const std::uint32_t known = known_news_[asked]; known != Memory::unknown) {
    return known;
  }
  News news = news_[before];
  if (event.kind == Kind::none) {
    news.images.push_back(static_cast<std::uint16_t>(event.what >> broker_count));
    for (std::size_t broker = 0; broker < broker_count; ++broker) {
      news.behind[broker] = static_cast<std::uint8_t>(news.behind[broker] + (event.what >> broker & 1));
    }
  } else {
    news.behind[event.broker] = static_cast<std::uint8_t>(event.what);
  }
  const std::uint32_t made = number(std::move(news));
  known_news_[asked] = made;
  return made;
}

const SmallWorld::Step& SmallWorld::step(std::uint32_t node, Kind kind, std::uint32_t what) {
  const std::uint32_t known = known_steps_[question(node, kind, what)];
  if (known != Memory::unknown) {
    return steps_[known];
  }
  Step taken = take(Node(nodes_[node]), kind, what);
  known_steps_[question(node, kind, what)] = static_cast<std::uint32_t>(steps_.size());
  return steps_.emplace_back(std::move(taken));
}

SmallWorld::Step SmallWorld::take(const Node& before, Kind kind, std::uint32_t what) {
  Node node = before;
  Outcome outcome;
  bool nobody_waits = false;
  const Message* const message = kind == Kind::arrive ? &messages_[what] : nullptr;
  switch (kind) {
    case Kind::hear_all:
      node.step(replica_event::MetadataChanged{metadata_of(images_[what])}, {}, outcome);
      break;
    case Kind::append:
      node.append(static_cast<std::int32_t>(what), outcome);
      break;
    case Kind::sync:
      node.sync(outcome);
      break;
    case Kind::tick:
    case Kind::lag_time:
      node.tick(kind == Kind::lag_time, outcome);
      break;
    case Kind::crash:
      node.crash(static_cast<Remains>(what % 4), what >= 4);
      break;
    case Kind::restart:
      node.start(images_[what].epochs[static_cast<std::size_t>(node.id().value - 1)]);
      node.step(replica_event::MetadataChanged{metadata_of(images_[what])}, {}, outcome);
      break;
    case Kind::arrive:
      if (const auto* const request = std::get_if<FetchRequest>(message)) {
        node.step(request->fetch, {}, outcome);
        nobody_waits = request->is_void;
      } else if (const auto* const reply = std::get_if<FetchReply>(message)) {
        node.deliver(*reply, outcome);
      } else {
        node.deliver(std::get<AlterReply>(*message), outcome);
      }
      break;
    default:
      node.give_up_fetch(outcome);
  }
  Step done{.node = number(node), .broken = outcome.broken};
  std::size_t count = 0;
  for (const Message& sent : outcome.sent) {
    if (!std::holds_alternative<FetchReply>(sent)) {
      done.sent.at(count++) = number(sent);
    } else if (!nobody_waits) {
      done.answer = number(sent);
    }
  }
  const auto& was = before.replica();
  const auto& is = node.replica();
  done.voids_fetches = was && (!is || is->generation() != was->generation());
  const auto token = [](const Replica& replica) {
    return replica.isr().pending() != nullptr ? replica.isr().pending()->token : 0;
  };
  done.voids_changes = was && token(*was) != 0 && (!is || token(*is) != token(*was));
  return done;
}

const SmallWorld::Decision& SmallWorld::decide(std::uint16_t image, Kind kind, std::uint32_t what) {
  const std::uint64_t asked = question(image + 1U, kind, what);
  const std::uint32_t known = known_decisions_[asked];
  if (known != Memory::unknown) {
    return decisions_[known];
  }
  Decision decision = take(Image(images_[image]), kind, what);
  known_decisions_[asked] = static_cast<std::uint32_t>(decisions_.size());
  return decisions_.emplace_back(std::move(decision));
}

SmallWorld::Decision SmallWorld::take(const Image& before, Kind kind, std::uint32_t what) {
  Image image = before;
  Decision decision;
  switch (kind) {
    case Kind::fence:
      decision.is_void = !fence(image, what);
      break;
    case Kind::unfence:
      decision.is_void = !unfence(image, what);
      break;
    case Kind::elect_preferred:
      decision.is_void = !elect_preferred(image);
      break;
    case Kind::restart:  // `what`: the broker, and 4 with another disk
      register_again(image, what % 4, what >= 4);
      break;
    default: {  // arrive
      const AlterRequest request = std::get<AlterRequest>(messages_[what]);
      const AlterPartitionReply reply = alter_partition(image, request);
      if (!request.is_void || applies_replies_of_older_changes()) {
        decision.reply = number(Message{AlterReply{request.sender, reply, request.is_void}});
      }
    }
  }
  decision.is_void = decision.is_void || image.partition.leader_epoch.value >= bounds_.leader_epochs;
  decision.broken = exhaustive::broken_rule(before, image);
  decision.image = number(image);
  return decision;
}

std::string SmallWorld::view(const State& state) const {
  Key key = key_of(images_[newest(state)]);
  for (const std::uint32_t node : state.nodes) {
    const Brief& brief = briefs_[node];
    for (const bool is : {brief.is_up, brief.is_leading, brief.has_role_of_leader, brief.has_lost_disk}) {
      key.add(is ? 1 : 0);
    }
    for (const std::int64_t number : {std::int64_t{brief.log_end}, std::int64_t{brief.durable},
                                      std::int64_t{brief.high_watermark}, std::int64_t{brief.epoch}}) {
      key.add(number);
    }
    key.add(brief.records);
  }
  std::uint32_t counts = 0;
  std::memcpy(&counts, &state.counts, sizeof counts);
  key.add(counts);
  return key.bytes();
}

}  // namespace ottla::exhaustive
