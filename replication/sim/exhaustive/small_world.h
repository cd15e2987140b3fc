// A world of one partition on three brokers, small enough to be walked whole. A state is a handful of numbers, each of
// something that is kept once: what a broker is in, what the replicas have and have not heard of the metadata, what is
// under way. What a broker does with an event depends on nothing else, so it is asked once and remembered.
#pragma once

#include <array>
#include <cstring>

#include "replication/sim/exhaustive/control.h"
#include "replication/sim/exhaustive/node.h"

namespace ottla::exhaustive {

// What happens at most; everything else happens as often as it can.
struct Bounds {
  unsigned records = 2;
  int leader_epochs = 3;
  unsigned crashes = 1;
  unsigned fencings = 1;
  unsigned lag_times = 0;        // how often replica.lag.time.max.ms passes for a leader
  unsigned timeouts = 0;         // fetches given up for which an answer could still come
  bool takes_short_cuts = true;  // leaves out states that differ in nothing that matters; see where it is asked
};

// What was committed once (record ids, three bits each, in the order of the log), and what has happened how often.
struct Counts {
  std::uint32_t committed : 12;
  std::uint32_t records : 3;
  std::uint32_t crashes : 2;
  std::uint32_t fencings : 4;
  std::uint32_t lag_times : 3;
  std::uint32_t timeouts : 3;
  std::uint32_t none : 5;
};

struct State {
  std::array<std::uint32_t, broker_count> nodes;
  std::uint32_t news;
  Counts counts;
  std::array<std::uint16_t, 10> messages;  // rising, then 0 where there is none
  friend bool operator==(const State& left, const State& right) {
    return std::memcmp(&left, &right, sizeof(State)) == 0;
  }
};
static_assert(sizeof(State) == 40);

enum class Kind : std::uint8_t {
  none,
  hear_next,  // of the metadata
  hear_all,   // the newest, and nothing of those between
  append,     // `what`: the record
  sync,
  tick,
  lag_time,
  crash,  // `what`: Remains, and 4 with a checkpoint of the high watermark
  restart,
  arrive,       // `what`: the message; of a fetch, also the answer
  answer_lost,  // the same, and nobody hears the answer
  time_out,     // of a fetch
  fence,
  unfence,
  elect_preferred,
};
struct Event {
  Kind kind = Kind::none;
  std::uint8_t broker = 0;
  std::uint32_t what = 0;
};

struct Successor {
  State state;
  Event event;
  std::string broken;  // the rule, in words
};

class SmallWorld {
 public:
  explicit SmallWorld(const Bounds& bounds);

  [[nodiscard]] const State& first() const { return first_; }
  // All that may come next.
  void successors(const State& state, std::vector<Successor>& found);
  // What can be seen of a state: roles, logs and high watermarks, the controller's record, and what has happened. The
  // same is to be seen with short cuts and without.
  [[nodiscard]] std::string view(const State& state) const;
  [[nodiscard]] std::string in_words(const State& before, const Event& event);
  [[nodiscard]] std::vector<std::string> in_words(const State& state) const;
  [[nodiscard]] std::size_t local_states() const { return nodes_.size(); }
  [[nodiscard]] std::uint64_t messages_without_room() const { return without_room_; }

 private:
  // What is asked of a node so often that it must be at hand.
  struct Brief {
    bool is_up = false, is_leading = false, has_role_of_leader = false, is_following = false, may_append = false;
    bool has_lost_disk = false;
    std::uint8_t log_end = 0, durable = 0, high_watermark = 0;
    std::int8_t epoch = -1;
    std::uint32_t records = 0;  // as Counts::committed
  };
  struct MessageBrief {
    std::uint8_t index = 0, from = 0, to = 0;  // to: of a fetch only
    bool is_void = false, is_error = false;
    std::int32_t epoch = -1, partition_epoch = -1;
    std::uint16_t voided = 0;  // what becomes of it when its sender does not wait any more; 0: nothing
  };
  struct Step {
    std::uint32_t node = 0;
    std::array<std::uint16_t, 3> sent{};
    std::uint16_t answer = 0;  // to a fetch
    bool voids_fetches = false, voids_changes = false;
    std::string broken;
  };
  struct Decision {
    std::uint16_t image = 0;
    std::uint16_t reply = 0;
    std::string broken;
    bool is_void = false;  // nothing has changed, or it is beyond the bounds
  };
  // The images that somebody has not heard of, the last one being the newest, and how far behind each broker is.
  struct News {
    std::vector<std::uint16_t> images;
    std::array<std::uint8_t, broker_count> behind{};
  };

  // small_world.cc
  std::uint32_t number(const Node& node);
  std::uint16_t number(const Message& message);
  std::uint16_t number(const Image& image);
  std::uint32_t number(News news);
  std::uint32_t news_after(std::uint32_t before, const Event& event);
  const Step& step(std::uint32_t node, Kind kind, std::uint32_t what);
  Step take(const Node& before, Kind kind, std::uint32_t what);
  const Decision& decide(std::uint16_t image, Kind kind, std::uint32_t what);
  Decision take(const Image& before, Kind kind, std::uint32_t what);

  // words.cc
  std::string arrival_in_words(const State& before, const Event& event);

  // successors.cc
  void broker_events(const State& state, std::size_t broker, std::vector<Successor>& found);
  void crashes(const State& state, std::size_t broker, std::vector<Successor>& found);
  void restart(const State& state, std::size_t broker, std::vector<Successor>& found);
  void controller_events(const State& state, std::vector<Successor>& found);
  void message_events(const State& state, std::vector<Successor>& found);
  void fetch_arrives(State next, std::uint16_t message, std::vector<Successor>& found);
  void add_step(State next, Event event, const Step& step, std::vector<Successor>& found);
  void add_error(State next, Event event, const Step& step, std::vector<Successor>& found);
  void add_news(const State& state, std::size_t broker, std::size_t left, std::vector<Successor>& found);
  void add_decision(State next, Event event, const Decision& decision, std::vector<Successor>& found);

  // consequences.cc; apply() gives the rule that is broken by it.
  std::string apply(State& next, std::size_t broker, const Step& step);
  void announce(State& next, std::uint16_t image);
  void hear(State& next, std::size_t broker, std::size_t behind);
  void hear_what_changes_nothing(State& state, std::size_t broker);
  void put(State& state, std::uint16_t message);
  static void remove(State& state, std::uint16_t message);
  void void_messages(State& state, std::size_t broker, const Step& step);
  void forget_void(State& state);
  [[nodiscard]] std::string commit(State& state, std::size_t broker) const;
  [[nodiscard]] std::string broken_rule(const State& state) const;
  [[nodiscard]] std::uint16_t newest(const State& state) const { return news_[state.news].images.back(); }

  const Bounds bounds_;
  State first_{};
  Numbered<Node> nodes_;
  std::vector<Brief> briefs_;
  Numbered<Message> messages_;
  std::vector<MessageBrief> message_briefs_;
  Numbered<Image> images_;
  std::vector<std::uint8_t> complete_;  // by image: who is in ISR or ELR, a bit each
  Numbered<News> news_;
  Memory known_steps_, known_decisions_, known_news_;
  std::deque<Step> steps_;
  std::deque<Decision> decisions_;
  std::uint64_t without_room_ = 0;
};

}  // namespace ottla::exhaustive
