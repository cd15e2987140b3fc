#include "compat-tests/librdkafka/records.h"

#include <boost/beast/core/detail/base64.hpp>
#include <boost/json.hpp>
#include <fstream>
#include <stdexcept>

namespace compat {

namespace {

namespace base64 = boost::beast::detail::base64;
namespace json = boost::json;

MaybeBytes decoded(const json::value& text) {
  if (text.is_null()) {
    return std::nullopt;
  }
  const auto& encoded = text.as_string();
  std::string bytes(base64::decoded_size(encoded.size()), '\0');
  bytes.resize(base64::decode(bytes.data(), encoded.data(), encoded.size()).first);
  return bytes;
}

json::value encoded(const MaybeBytes& bytes) {
  if (!bytes) {
    return nullptr;
  }
  std::string text(base64::encoded_size(bytes->size()), '\0');
  text.resize(base64::encode(text.data(), bytes->data(), bytes->size()));
  return json::value_from(text);
}

Record record_of(const json::value& line) {
  Record record{.partition = line.at("partition").to_number<std::int32_t>(),
                .key = decoded(line.at("key")),
                .value = decoded(line.at("value")),
                .headers = {}};
  for (const auto& header : line.at("headers").as_array()) {
    record.headers.emplace_back(header.at(0).as_string(), decoded(header.at(1)));
  }
  return record;
}

}  // namespace

std::vector<Record> read_records(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    throw std::runtime_error("cannot read " + path);
  }
  std::vector<Record> records;
  for (std::string line; std::getline(file, line);) {
    records.push_back(record_of(json::parse(line)));
  }
  return records;
}

void write_records(const std::string& path, const std::vector<Record>& records) {
  std::ofstream file(path);
  for (const auto& record : records) {
    json::array headers;
    for (const auto& [name, value] : record.headers) {
      headers.push_back(json::array{json::value_from(name), encoded(value)});
    }
    file << json::object{{"partition", record.partition},
                         {"key", encoded(record.key)},
                         {"value", encoded(record.value)},
                         {"headers", std::move(headers)}}
         << '\n';
  }
  if (!file.flush()) {
    throw std::runtime_error("cannot write " + path);
  }
}

}  // namespace compat
