// The subcommands of ../README.md on librdkafka++. The program's tests of its own are in own_test.cc.
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <functional>
#include <span>

#include "compat-tests/librdkafka/client.h"

namespace compat {
namespace {

using Words = std::span<char* const>;

int metadata(Words words) {
  Producer producer(words[0]);
  fmt::print("{}\n", partitions_of(producer.handle(), words[1]));
  return 0;
}

int produce(Words words) {
  const auto records = read_records(words[3]);
  const char* const once = std::getenv("IDEMPOTENT") != nullptr ? "true" : "false";
  Producer producer(words[0], {{"compression.type", words[2]}, {"enable.idempotence", once}});
  for (const auto& record : records) {
    producer.send(words[1], record);
  }
  return producer.flush().size() == records.size() && producer.failures() == 0 ? 0 : 1;
}

int consume(Words words) {
  Consumer consumer(words[0]);
  consumer.assign(words[1], partitions_of(consumer.handle(), words[1]), RdKafka::Topic::OFFSET_BEGINNING);
  std::vector<Record> records;
  for (auto& message : consumer.read_to_end()) {
    records.push_back(std::move(message.record));
  }
  write_records(words[2], records);
  return 0;
}

int transaction(Words words) {
  Producer producer(words[0], {{"transactional.id", "compat"}});
  constexpr int patience_ms = 20'000;
  const std::unique_ptr<RdKafka::Error> refused(producer.handle().init_transactions(patience_ms));
  fmt::print("{}\n", refused ? refused->str() : "not refused");
  return refused && refused->code() == RdKafka::ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED ? 0 : 1;
}

int run(Words words) {
  struct Command {
    std::size_t words;
    std::function<int(Words)> run;
  };
  const std::map<std::string, Command> commands{{"metadata", {2, metadata}},
                                                {"produce", {4, produce}},
                                                {"consume", {3, consume}},
                                                {"transaction", {2, transaction}}};
  const auto command = words.empty() ? commands.end() : commands.find(words[0]);
  if (command == commands.end() || words.size() != command->second.words + 1) {
    fmt::print(stderr, "usage: metadata | produce | consume | transaction, with the words of README.md\n");
    return 2;
  }
  return command->second.run(words.subspan(1));
}

}  // namespace
}  // namespace compat

int main(int count, char** words) {
  try {
    return compat::run(std::span(words, static_cast<std::size_t>(count)).subspan(1));
  } catch (const std::exception& failed) {
    fmt::print(stderr, "{}\n", failed.what());
    return 1;
  }
}
