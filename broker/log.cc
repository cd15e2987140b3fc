#include "broker/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "protocol/printable.h"

namespace ottla {

namespace {

// One line each, whatever names clients give themselves.
class PrintableText : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& line) override {
    const std::string text = printable({message.payload.data(), message.payload.size()});
    line.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<PrintableText>();
  }
};

}  // namespace

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("ottla", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<PrintableText>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %*");
    made->set_formatter(std::move(formatter));
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *instance;
}

bool FewLines::may_tell(const std::string& subject, std::chrono::steady_clock::time_point now) {
  if (now - minute_began_ >= std::chrono::minutes(1)) {
    minute_began_ = now;
    told_.clear();
  }
  if (told_.size() >= subjects_max && !told_.contains(subject)) {
    return false;
  }
  return ++told_[subject] <= per_minute;
}

}  // namespace ottla
