#include "broker/properties.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>

namespace ottla {

namespace {

constexpr std::string_view blanks = " \t\f";

std::string_view without_leading_blanks(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of(blanks), line.size()));
}

bool ends_in_odd_backslashes(std::string_view line) {
  const auto last_other = line.find_last_not_of('\\');
  const std::size_t backslashes = line.size() - (last_other == std::string_view::npos ? 0 : last_other + 1);
  return backslashes % 2 == 1;
}

void append_utf8(std::string& text, std::uint32_t code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0U | (code >> 6U));
    text += static_cast<char>(0x80U | (code & 0x3FU));
  } else {
    text += static_cast<char>(0xE0U | (code >> 12U));
    text += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
    text += static_cast<char>(0x80U | (code & 0x3FU));
  }
}

std::optional<std::string> unescape(std::string_view raw) {
  std::string text;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\' || i + 1 == raw.size()) {
      text += raw[i];
      continue;
    }
    const char escaped = raw[++i];
    if (escaped == 'u') {
      std::uint32_t code = 0;
      const auto digits = raw.substr(i + 1, 4);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
      if (digits.size() != 4 || error != std::errc{} || end != digits.data() + 4) {
        return std::nullopt;
      }
      append_utf8(text, code);
      i += 4;
    } else {
      constexpr std::string_view letters = "tnrf";
      constexpr std::string_view meanings = "\t\n\r\f";
      const auto at = letters.find(escaped);
      text += at == std::string_view::npos ? escaped : meanings[at];
    }
  }
  return text;
}

// Where the name of a logical line ends: at the first separator that is not escaped.
std::size_t end_of_name(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '=' || line[i] == ':' || blanks.find(line[i]) != std::string_view::npos) {
      return i;
    }
  }
  return line.size();
}

Result<GivenSetting> parse_line(std::string_view line, const std::string& source) {
  const std::size_t name_end = end_of_name(line);
  std::string_view value = without_leading_blanks(line.substr(name_end));
  if (!value.empty() && (value.front() == '=' || value.front() == ':')) {
    value = without_leading_blanks(value.substr(1));
  }
  auto name = unescape(line.substr(0, name_end));
  auto text = unescape(value);
  if (!name || !text) {
    return failure(ErrorCode::INVALID_CONFIG, source + ": \\u is not followed by four hexadecimal digits");
  }
  return GivenSetting{.name = std::move(*name), .value = std::move(*text), .source = source};
}

}  // namespace

Result<std::vector<GivenSetting>> parse_properties(std::string_view text, std::string_view source) {
  std::vector<GivenSetting> settings;
  std::istringstream lines{std::string(text)};
  std::string line;
  std::string logical;
  bool continued = false;
  for (int number = 1, begin = 1; std::getline(lines, line); ++number) {
    if (!line.empty() && line.back() == '\r') {
      line.pop_back();
    }
    const std::string_view part = without_leading_blanks(line);
    if (!continued) {
      logical.clear();
      begin = number;
      if (part.empty() || part.front() == '#' || part.front() == '!') {
        continue;
      }
    }
    continued = ends_in_odd_backslashes(part);
    logical += part.substr(0, part.size() - (continued ? 1 : 0));
    if (continued && lines.peek() != std::char_traits<char>::eof()) {
      continue;
    }
    continued = false;
    auto setting = parse_line(logical, fmt::format("{}:{}", source, begin));
    if (!setting) {
      return std::unexpected(std::move(setting.error()));
    }
    settings.push_back(std::move(*setting));
  }
  return settings;
}

Result<std::vector<GivenSetting>> read_properties_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    return failure(ErrorCode::INVALID_CONFIG, "cannot read " + path);
  }
  return parse_properties(text.str(), path);
}

}  // namespace ottla
