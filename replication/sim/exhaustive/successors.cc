// What may come next.
#include <utility>

#include "replication/sim/exhaustive/small_world.h"

namespace ottla::exhaustive {

void SmallWorld::successors(const State& state, std::vector<Successor>& found) {
  for (std::size_t broker = 0; broker < broker_count; ++broker) {
    broker_events(state, broker, found);
  }
  controller_events(state, found);
  message_events(state, found);
}

void SmallWorld::broker_events(const State& state, std::size_t broker, std::vector<Successor>& found) {
  const std::uint32_t node = state.nodes[broker];
  const Brief brief = briefs_[node];
  const auto number = static_cast<std::uint8_t>(broker);
  if (!brief.is_up) {
    restart(state, broker, found);
    return;
  }
  if (const std::uint8_t behind = news_[state.news].behind[broker]; behind > 0) {
    add_news(state, broker, behind - 1U, found);
    if (behind > 1) {
      add_news(state, broker, 0, found);
    }
  }
  if (brief.may_append && state.counts.records < bounds_.records) {
    State next = state;
    ++next.counts.records;
    add_step(next, {Kind::append, number, next.counts.records}, step(node, Kind::append, next.counts.records), found);
  }
  if (brief.durable < brief.log_end) {
    add_step(state, {Kind::sync, number}, step(node, Kind::sync, 0), found);
  }
  if (const Step& ticked = step(node, Kind::tick, 0); ticked.node != node || ticked.sent[0] != 0) {
    add_step(state, {Kind::tick, number}, ticked, found);
  }
  if (brief.is_leading && state.counts.lag_times < bounds_.lag_times) {
    State next = state;
    ++next.counts.lag_times;
    if (const Step& ticked = step(node, Kind::lag_time, 0); ticked.node != node || ticked.sent[0] != 0) {
      add_step(next, {Kind::lag_time, number}, ticked, found);
    }
  }
  if (brief.is_following && state.counts.timeouts < bounds_.timeouts) {
    State next = state;
    ++next.counts.timeouts;
    if (const Step& given_up = step(node, Kind::time_out, 0); given_up.node != node) {
      add_error(next, {Kind::time_out, number}, given_up, found);
    }
  }
  if (state.counts.crashes < bounds_.crashes) {
    crashes(state, broker, found);
  }
}

void SmallWorld::crashes(const State& state, std::size_t broker, std::vector<Successor>& found) {
  const std::uint32_t node = state.nodes[broker];
  const Brief brief = briefs_[node];
  State next = state;
  ++next.counts.crashes;
  hear(next, broker, 0);
  for (const std::uint32_t what : {0, 1, 2, 4, 5}) {
    const bool is_same_as_another =
        (what % 4 == 0 && brief.durable == brief.log_end) || (what >= 4 && brief.high_watermark == 0);
    if (!is_same_as_another) {
      add_step(next, {Kind::crash, static_cast<std::uint8_t>(broker), what}, step(node, Kind::crash, what), found);
    }
  }
}

// Not before it is fenced: its registration would be refused, for the process before seems to live.
void SmallWorld::restart(const State& state, std::size_t broker, std::vector<Successor>& found) {
  const std::uint32_t node = state.nodes[broker];
  const std::uint16_t image = newest(state);
  if (!images_[image].fenced[broker]) {
    return;
  }
  const auto what = static_cast<std::uint32_t>(broker) + (briefs_[node].has_lost_disk ? 4 : 0);
  const Decision& decision = decide(image, Kind::restart, what);
  if (decision.is_void) {
    return;
  }
  State next = state;
  announce(next, decision.image);
  const Event event{Kind::restart, static_cast<std::uint8_t>(broker), decision.image};
  if (decision.broken.empty()) {
    add_step(next, event, step(node, Kind::restart, decision.image), found);
  } else {
    found.push_back({next, event, decision.broken});
  }
}

// The next image, or the newest one at once.
void SmallWorld::add_news(const State& state, std::size_t broker, std::size_t left, std::vector<Successor>& found) {
  const auto& images = news_[state.news].images;
  const std::uint16_t image = images[images.size() - 1 - left];
  State next = state;
  hear(next, broker, left);
  add_step(next, {left > 0 ? Kind::hear_next : Kind::hear_all, static_cast<std::uint8_t>(broker), image},
           step(state.nodes[broker], Kind::hear_all, image), found);
}

void SmallWorld::controller_events(const State& state, std::vector<Successor>& found) {
  const std::uint16_t image = newest(state);
  const auto add = [&](Kind kind, std::size_t broker) {
    State next = state;
    if (kind == Kind::fence) {
      ++next.counts.fencings;
    }
    add_decision(next, {kind, static_cast<std::uint8_t>(broker)},
                 decide(image, kind, static_cast<std::uint32_t>(broker)), found);
  };
  for (std::size_t broker = 0; broker < broker_count; ++broker) {
    if (images_[image].fenced[broker]) {
      if (briefs_[state.nodes[broker]].is_up) {
        add(Kind::unfence, broker);
      }
    } else if (state.counts.fencings < bounds_.fencings) {
      add(Kind::fence, broker);
    }
  }
  add(Kind::elect_preferred, 0);
}

void SmallWorld::message_events(const State& state, std::vector<Successor>& found) {
  std::uint16_t last = 0;
  for (const std::uint16_t message : state.messages) {
    if (message == 0) {
      break;
    }
    if (message == std::exchange(last, message)) {
      continue;
    }
    const MessageBrief brief = message_briefs_[message];
    State next = state;
    remove(next, message);
    if (brief.index == 0) {
      fetch_arrives(next, message, found);
    } else if (brief.index == 2) {
      add_decision(next, {Kind::arrive, brief.from, message}, decide(newest(state), Kind::arrive, message), found);
    } else {
      add_step(next, {Kind::arrive, brief.from, message}, step(state.nodes[brief.from], Kind::arrive, message), found);
    }
  }
}

// The answer arrives at once, or never: what a follower may do in between, it may as well do before the leader answers.
// That it never arrives matters if the leader has learned something.
void SmallWorld::fetch_arrives(State next, std::uint16_t message, std::vector<Successor>& found) {
  const MessageBrief brief = message_briefs_[message];
  const std::uint32_t leader = next.nodes[brief.to];
  if (!briefs_[leader].is_up) {
    if (!brief.is_void) {
      add_error(next, {Kind::arrive, brief.from, message}, step(next.nodes[brief.from], Kind::time_out, 0), found);
    }
    return;
  }
  const Step& answered = step(leader, Kind::arrive, message);
  std::string broken = apply(next, brief.to, answered);
  if (!bounds_.takes_short_cuts) {
    put(next, brief.is_void ? std::uint16_t{0} : answered.answer);
    found.push_back({next, {Kind::arrive, brief.to, message}, broken.empty() ? broken_rule(next) : broken});
    return;
  }
  if (brief.is_void || !broken.empty() || next.nodes[brief.to] != leader) {
    found.push_back({next, {Kind::answer_lost, brief.to, message}, broken.empty() ? broken_rule(next) : broken});
  }
  if (brief.is_void || !broken.empty()) {
    return;
  }
  const Step& done = step(next.nodes[brief.from], Kind::arrive, answered.answer);
  if (message_briefs_[answered.answer].is_error) {
    add_error(next, {Kind::arrive, brief.from, message}, done, found);
  } else {
    add_step(next, {Kind::arrive, brief.from, message}, done, found);
  }
}

// A follower that was refused asks again, which it may as well do at once.
void SmallWorld::add_error(State next, Event event, const Step& step, std::vector<Successor>& found) {
  if (!bounds_.takes_short_cuts) {
    add_step(next, event, step, found);
    return;
  }
  const std::string broken = apply(next, event.broker, step);
  if (broken.empty()) {
    add_step(next, event, this->step(next.nodes[event.broker], Kind::tick, 0), found);
  } else {
    found.push_back({next, event, broken});
  }
}

void SmallWorld::add_step(State next, Event event, const Step& step, std::vector<Successor>& found) {
  std::string broken = apply(next, event.broker, step);
  found.push_back({next, event, broken.empty() ? broken_rule(next) : std::move(broken)});
}

void SmallWorld::add_decision(State next, Event event, const Decision& decision, std::vector<Successor>& found) {
  if (!decision.is_void) {
    announce(next, decision.image);
    put(next, decision.reply);
    found.push_back({next, event, decision.broken.empty() ? broken_rule(next) : decision.broken});
  }
}

}  // namespace ottla::exhaustive
