// A whole broker, asked by several connections at once: each request gets its answer, in order and readable in the
// version asked for, or a closed connection if it cannot be read. An honest producer beside them sees its offsets rise
// by one. After a clean stop the log directory is sound, and the next start takes it.
#include <deque>

#include "compat-tests/fuzz/batch_repair.h"
#include "compat-tests/fuzz/messages.h"
#include "compat-tests/fuzz/small_broker.h"
#include "protocol/frame.h"
#include "storage/log_verify.h"
#include "storage/test_batches.h"

namespace ottla {

namespace {

constexpr auto longest = std::chrono::seconds(30);      // a machine may be busy
constexpr auto moment = std::chrono::milliseconds(20);  // for what may wait longer than we do

struct Asked {
  std::int32_t correlation_id = 0;
  bool may_wait = false;
  void (*check)(std::span<std::byte> frame, std::int16_t version) = nullptr;
  std::int16_t version = 0;
};

template <class Request>
void check_answer(std::span<std::byte> frame, std::int16_t version) {
  constexpr const Api& api = Request::api;
  const auto response = read_response(frame, version >= api.flexible && api.key != ApiVersionsRequest::api.key);
  must(response.has_value(), "an answer has a header");
  DecodeBudget budget{std::size_t{256} * 1024 * 1024};
  const auto body = decode_message<typename Request::Response>(response->body, version, api.flexible, budget);
  must(body.has_value(), fmt::format("the answer to {} v{} can be read", api.name, version));
}

// What waits for others, or for as long as the client says.
template <class Request>
constexpr bool may_wait = std::is_same_v<Request, JoinGroupRequest> || std::is_same_v<Request, SyncGroupRequest> ||
                          std::is_same_v<Request, FetchRequest>;

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(port) {}

  template <class Request>
  void ask(std::int16_t version, Bytes body, bool repairs) {
    constexpr const Api& api = Request::api;
    const std::int32_t id = ++last_id_;
    DecodeBudget budget{std::size_t{256} * 1024};
    const auto request = decode_message<Request>(body, version, api.flexible, budget, LeftOver::ignored);
    bool is_answered = request.has_value() && has_handler(Handlers{}, api.key);
    if constexpr (std::is_same_v<Request, ProduceRequest>) {
      for (const auto& topic : request ? request->topic_data : decltype(request->topic_data){}) {
        for (const auto& partition : topic.partition_data) {
          repair_batches(repairs ? partition.records.bytes : std::span<std::byte>{}, true);
        }
      }
    }
    Writer writer;
    begin_request(writer, api.key, version, id, "client", version >= api.flexible);
    writer.raw(body);
    finish_request(writer);
    if (is_lost_ || !socket_.send(writer.flatten())) {
      return;
    }
    is_lost_ = !is_answered;
    if constexpr (std::is_same_v<Request, ProduceRequest>) {
      is_answered = is_answered && request->acks != 0;
    }
    if (is_answered) {
      asked_.push_back({id, may_wait<Request>, &check_answer<Request>, version});
    }
  }
  // Nobody knows what it means to the broker.
  void send_raw(const Bytes& bytes) {
    is_raw_ = true;
    socket_.send(bytes);
  }

  // Everything that was asked is answered, but for what may wait, and what stands behind that.
  void finish() {
    while (!asked_.empty() && !is_raw_) {
      const Asked one = asked_.front();
      auto frame = socket_.next(one.may_wait || is_lost_ ? moment : std::chrono::milliseconds(longest));
      if (!frame) {
        must(one.may_wait || is_lost_, "a request that can be read is answered");
        break;
      }
      must(frame->size() >= 4 && load_big_endian<std::int32_t>(*frame) == one.correlation_id, "answers come in order");
      one.check(*frame, one.version);
      asked_.pop_front();
    }
    if (is_lost_ && !is_raw_ && asked_.empty()) {
      must(!socket_.next(longest) && socket_.is_closed(), "what cannot be read ends the connection");
    }
  }
  std::optional<Bytes> answer() { return socket_.next(longest); }

 private:
  template <class... Requests>
  static bool has_handler(TypeList<Requests...>, std::int16_t key) {
    return ((Requests::api.key == key) || ...);
  }

  ClientSocket socket_;
  std::deque<Asked> asked_;
  std::int32_t last_id_ = 0;
  bool is_lost_ = false;  // the broker will close
  bool is_raw_ = false;
};

// Writes one record at a time to a topic whose name nobody knows.
class HonestProducer {
 public:
  explicit HonestProducer(std::uint16_t port) : socket_(port), topic_("honest" + Uuid::random().to_string()) {
    CreateTopicsRequest create;
    create.topics.push_back({.name = topic_, .num_partitions = 1, .replication_factor = 1});
    const auto made = ask(create, 7);
    must(made.topics.size() == 1 && made.topics.front().error_code == ErrorCode::NONE, "a topic can be made");
  }
  void write() {
    Bytes batch = make_batch({{.key = "k", .value = "v"}});
    ProduceRequest request{.acks = -1, .timeout_ms = 10'000};
    request.topic_data.push_back({.name = topic_, .partition_data = {{.records = {batch, false}}}});
    const auto answer = ask(request, 9);
    must(answer.responses.size() == 1 && answer.responses.front().partition_responses.size() == 1,
         "one answer for one");
    const auto& partition = answer.responses.front().partition_responses.front();
    if (partition.error_code == ErrorCode::NONE) {  // others may have made the broker's settings narrow
      must(partition.base_offset == next_, "offsets rise by one");
      next_ = next_ + 1;
    }
  }

 private:
  template <class Request>
  typename Request::Response ask(const Request& request, std::int16_t version) {
    Writer writer;
    begin_request(writer, Request::api.key, version, 1, "honest", version >= Request::api.flexible);
    encode_message(writer, request, version, Request::api.flexible);
    finish_request(writer);
    must(socket_.send(writer.flatten()), "an honest client is heard");
    const auto frame = socket_.next(longest);
    must(frame.has_value(), "an honest client is answered, whatever others do");
    frame_ = *frame;
    const auto response = read_response(frame_, version >= Request::api.flexible);
    DecodeBudget budget{std::size_t{1024} * 1024};
    auto body = decode_message<typename Request::Response>(response->body, version, Request::api.flexible, budget);
    must(body.has_value(), "its answer can be read");
    return *body;
  }

  ClientSocket socket_;
  const std::string topic_;
  Offset next_;
  Bytes frame_;
};

void act(Input& input, std::uint16_t port) {
  constexpr int steps_max = 24;
  constexpr std::size_t connections = 3;
  std::array<std::unique_ptr<Client>, connections> clients;
  HonestProducer honest(port);
  for (int step = 0; step < steps_max && !input.empty(); ++step) {
    const std::uint8_t what = input.byte();
    auto& client = clients.at(what % connections);
    if (!client) {
      client = std::make_unique<Client>(port);
    }
    switch (what / connections % 8) {
      case 0:
        honest.write();
        break;
      case 1:
        client.reset();
        break;
      case 2:
        client->finish();
        break;
      case 3:
        client->send_raw(input.some(input.byte()));
        break;
      default: {
        const std::size_t size = input.number<std::uint16_t>();
        const Bytes message = input.some(size);
        fuzz_messages(Input(message), [&]<class Request>(std::int16_t version, Bytes body) {
          client->ask<Request>(version, std::move(body), what % 2 != 0);
        });
      }
    }
  }
  for (const auto& client : clients) {
    if (client) {
      client->finish();
    }
  }
  honest.write();
}

}  // namespace

void fuzz(Input input) {
  FaultDisk disk;
  const bool starts_again = (input.byte() & 3U) == 0;
  {
    SmallBroker broker(disk);
    act(input, broker.port());
  }
  const auto counts =
      verify_logs(disk, "data", [](const Finding& finding) { must(!finding.is_damage, finding.text()); });
  must(counts.has_value(), "its logs can be verified");
  if (starts_again) {
    SmallBroker again(disk);
    HonestProducer(again.port()).write();
  }
}

}  // namespace ottla
