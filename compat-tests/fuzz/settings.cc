// A properties file and the settings in it: what is read, escaped and read again is the same, and whatever is wrong is
// told in one line.
#include <string>

#include "broker/properties.h"
#include "broker/topic_config.h"
#include "compat-tests/fuzz/fuzz.h"

namespace ottla {

namespace {

std::string escaped(std::string_view text) {
  std::string written;
  for (const char one : text) {
    constexpr std::string_view named = "\n\r\t\f";
    constexpr std::string_view letters = "nrtf";
    if (const auto at = named.find(one); at != std::string_view::npos) {
      written += '\\';
      written += letters[at];
    } else {
      written += std::string_view(" =:#!\\").contains(one) ? "\\" : "";
      written += one;
    }
  }
  return written;
}

void check_line(const Error& error) {
  must(error.code == ErrorCode::INVALID_CONFIG, "a setting that is wrong is an invalid setting");
  must(!error.message.empty() && !error.message.contains('\n'), "one line says what is wrong");
}

void check_topic(const std::vector<GivenSetting>& given) {
  static const Config broker = parse_config({}).value().config;
  TopicSettings settings;
  for (const GivenSetting& one : given) {
    settings[one.name] = one.value;
  }
  if (const auto checked = check_topic_settings(settings, broker); !checked) {
    must(checked.error().code == ErrorCode::INVALID_CONFIG && !checked.error().message.empty(), "the error says why");
  } else {
    must(parse_topic_config(settings, broker).has_value(), "settings that were checked can be used");
  }
}

}  // namespace

void fuzz(Input input) {
  const Bytes bytes = input.rest();
  const auto given = parse_properties(text_of(bytes), "file");
  if (!given) {
    check_line(given.error());
    return;
  }
  std::string text;
  for (const GivenSetting& one : *given) {
    text += escaped(one.name) + "=" + escaped(one.value) + "\n";
  }
  const auto again = parse_properties(text, "file");
  must(again && std::ranges::equal(*again, *given,
                                   [](const GivenSetting& left, const GivenSetting& right) {
                                     return left.name == right.name && left.value == right.value;
                                   }),
       "escaped and read again it is the same");
  const auto parsed = parse_config(*given);
  if (!parsed) {
    check_line(parsed.error());
  } else {
    must(parsed->config.log_dirs.size() == 1 && !parsed->config.client_listeners().empty(), "it can be served with");
    for (const std::string& warning : parsed->warnings) {
      must(!warning.contains('\n'), "a warning is one line");
    }
  }
  check_topic(*given);
}

}  // namespace ottla
