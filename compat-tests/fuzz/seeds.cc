// Writes the first inputs of every target, by our own encoders: one file each, below DIRECTORY/<target>/.
//
//   fuzz_seeds DIRECTORY
#include "compat-tests/fuzz/seeds.h"

#include <sys/stat.h>

#include <fstream>

#include "broker/config.h"
#include "broker/kafka_settings.h"
#include "compat-tests/fuzz/filled.h"
#include "compat-tests/fuzz/messages.h"
#include "protocol/compression.h"
#include "protocol/frame.h"

namespace ottla {

Seeds::Seeds(std::string directory, const std::string& target) : directory_(std::move(directory) + "/" + target) {
  must(::mkdir(directory_.c_str(), 0777) == 0, "a directory for each target");
}

void Seeds::add(const std::vector<Bytes>& parts) {
  std::ofstream file(fmt::format("{}/{:04}", directory_, count_++), std::ios::binary);
  for (const Bytes& part : parts) {
    file.write(reinterpret_cast<const char*>(part.data()), static_cast<std::streamsize>(part.size()));
  }
  must(file.flush().good(), "seeds can be written");
}

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

namespace {

// Of one API in one version: as it is made, and with something in every field.
template <class Message>
std::vector<Bytes> both_forms(std::int16_t version, const Api& api) {
  Message filled;
  Filler filler;
  filler.fill(filled);
  return {encoded(Message{}, version, api), encoded(filled, version, api)};
}

Bytes request_frame(const Api& api, std::int16_t version, const Bytes& body) {
  Writer writer;
  begin_request(writer, api.key, version, 7, "client", version >= api.flexible);
  writer.raw(body);
  finish_request(writer);
  return writer.flatten();
}

void of_messages(const std::string& directory) {
  Seeds requests(directory, "requests");
  Seeds responses(directory, "responses");
  Seeds headers(directory, "headers");
  Seeds streams(directory, "stream");
  Seeds brokers(directory, "broker");
  of_broker(brokers);
  std::uint8_t index = 0;
  for_each_request(AllRequests{}, [&]<class Request>() {
    constexpr const Api& api = Request::api;
    Bytes stream{std::byte{9}, std::byte{1}};
    for (std::int16_t version = api.versions.min; version <= api.versions.max; ++version) {
      const Bytes choice{std::byte{index}, static_cast<std::byte>(version - api.versions.min)};
      for (const Bytes& body : both_forms<Request>(version, api)) {
        requests.add({choice, body});
        const Bytes frame = request_frame(api, version, body);
        stream.insert(stream.end(), frame.begin(), frame.end());
        headers.add({{static_cast<std::byte>(version >= api.flexible)}, {frame.begin() + 4, frame.end()}});
      }
      for (const Bytes& body : both_forms<typename Request::Response>(version, api)) {
        responses.add({choice, body});
      }
    }
    streams.add({stream});
    std::vector<Bytes> steps{{std::byte{1}}};
    for (const Bytes& body : both_forms<Request>(api.versions.max, api)) {
      steps.push_back(broker_step(index, static_cast<std::uint8_t>(api.versions.max - api.versions.min), body));
      steps.push_back({std::byte{broker_step_honest_write}});
    }
    brokers.add(steps);
    ++index;
  });
}

void of_codecs(const std::string& directory) {
  Seeds seeds(directory, "codecs");
  const Bytes text = bytes_of("a text, a text, a text that repeats itself, and repeats itself");
  for (const Bytes& plain : {Bytes{}, text, Bytes(5000, std::byte{'z'})}) {
    for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
      const Bytes choice{static_cast<std::byte>(static_cast<int>(codec) - 1), std::byte{2}};
      const Bytes packed = compress(codec, plain);
      seeds.add({choice, packed});
      seeds.add({choice, packed, packed});
      if (codec == Codec::snappy) {  // as snappy-java frames it
        Writer framed;
        framed.raw(std::string_view("\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16));
        framed.integer(static_cast<std::int32_t>(packed.size()));
        framed.raw(packed);
        seeds.add({choice, framed.flatten()});
      }
    }
  }
}

void of_settings(const std::string& directory) {
  Seeds seeds(directory, "settings");
  std::ofstream dictionary(directory + "/settings.dict");
  std::string all;
  for (const Setting& setting : settings()) {
    const std::string line = fmt::format("{}={}\n", setting.name, setting.default_text);
    dictionary << '"' << setting.name << "\"\n";
    seeds.add({bytes_of(line)});
    all += setting.default_text.empty() ? "" : line;
  }
  seeds.add({bytes_of(all)});
  for (const KafkaSetting& setting : kafka_topic_settings()) {
    seeds.add({bytes_of(fmt::format("{}={}\n", setting.name, setting.default_value.value_or("")))});
  }
  seeds.add({bytes_of(
      "# a comment\r\n! another\n  node.id : 1\nlog.dirs\\\n  = a\\u00e9b\\tc\n\nlisteners=PLAINTEXT://:0\\")});
  seeds.add({bytes_of("log.dirs=a\tb\fc\rd\n")});
  seeds.add(
      {bytes_of("node.id=1\nlisteners=PLAINTEXT://[::1]:1,CLUSTER://h:2\ninter.broker.listener.name=CLUSTER\n"
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CLUSTER:PLAINTEXT\n"
                "controller.quorum.voters=1@h:2,2@h:3,3@h:4\n")});
}

}  // namespace

}  // namespace ottla

int main(int count, char** arguments) {
  if (count != 2) {
    fmt::print(stderr, "usage: fuzz_seeds DIRECTORY\n");
    return 2;
  }
  const std::string directory = arguments[1];
  ottla::of_messages(directory);
  ottla::of_codecs(directory);
  ottla::of_settings(directory);
  ottla::of_logs(directory);
  return 0;
}
