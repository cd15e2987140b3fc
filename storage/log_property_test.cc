// Random operations on a log and on a model of it must agree in everything that can be asked.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <ostream>

#include "storage/log_test_fixture.h"

namespace ottla {
namespace {

struct Step {
  enum Kind : std::uint8_t { append, commit, truncate, delete_records, reopen_after_kill, reopen_after_stop };
  Kind kind;
  int number;  // what it means depends on the kind
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  static constexpr std::array names{"append", "commit", "truncate", "delete", "kill", "stop"};
  return out << names.at(step.kind) << ' ' << step.number;
}

rc::Gen<Step> any_step() {
  return rc::gen::build<Step>(
      rc::gen::set(&Step::kind, rc::gen::weightedElement<Step::Kind>({{8, Step::append},
                                                                      {4, Step::commit},
                                                                      {2, Step::truncate},
                                                                      {2, Step::delete_records},
                                                                      {1, Step::reopen_after_kill},
                                                                      {1, Step::reopen_after_stop}})),
      rc::gen::set(&Step::number, rc::gen::inRange(0, 1000)));
}

// A record is its offset's value and time; the model is the list of them, one batch each.
struct Record {
  std::string value;
  std::int64_t timestamp_ms;
};

class LogProperty : public LogFixture {
 public:
  void TestBody() override {}

  void run(const std::vector<Step>& steps) {
    config.segment_bytes = 500;
    open();
    for (const Step& step : steps) {
      take(step);
      compare(step.number);
    }
  }

 private:
  void take(const Step& step) {
    const auto count = static_cast<std::int64_t>(model_.size());
    switch (step.kind) {
      case Step::append: {
        const Record record{fmt::format("{}", step.number), now_ms + step.number};
        RC_ASSERT(
            append(make_batch({{.key = "k", .value = record.value, .timestamp_ms = record.timestamp_ms}})).has_value());
        model_.push_back(record);
        break;
      }
      case Step::commit:
        RC_ASSERT(commit().has_value());
        RC_ASSERT(log->durable_end_offset().value == count);
        break;
      case Step::truncate: {
        const std::int64_t to = start_ + step.number % (count - start_ + 1);
        RC_ASSERT(log->truncate_to(Offset{to}).has_value());
        model_.resize(static_cast<std::size_t>(to));
        epoch.value++;
        break;
      }
      case Step::delete_records:
        RC_ASSERT(commit().has_value());
        start_ += step.number % (count - start_ + 1);
        log->advance_log_start(Offset{start_});
        RC_ASSERT(log->remove_deleted_segments(log->log_start_offset()).has_value());
        break;
      case Step::reopen_after_kill:
        kill();
        open({.recovery_point = {},
              .log_start_offset = Offset{start_},
              .cleaned_to = {},
              .clean_end = {},
              .durable_mark = {}});
        break;
      case Step::reopen_after_stop:
        LogHints hints = close();
        hints.log_start_offset = Offset{start_};
        kill();
        open(hints);
        break;
    }
  }

  void compare(int number) {
    const auto count = static_cast<std::int64_t>(model_.size());
    RC_ASSERT(log->log_start_offset().value == start_);
    RC_ASSERT(log->log_end_offset().value == count);
    for (const DamagedRange& range : log->damaged()) {
      RC_FAIL(range.what);
    }
    const std::int64_t from = start_ + number % (count - start_ + 1);
    std::vector<std::string> expected;
    for (auto at = static_cast<std::size_t>(from); at < model_.size(); ++at) {
      expected.push_back(model_[at].value);
    }
    RC_ASSERT(values(from) == expected);
    compare_times(now_ms + number, count);
    compare_times(now_ms + number, from);
    RC_ASSERT(!log->slice(Offset{count + 1}, Offset{count + 1}, 1, true).has_value());
    RC_ASSERT(start_ == 0 || !log->slice(Offset{start_ - 1}, Offset{count}, 1, true).has_value());
  }

  // Below `limit`: an end of a batch, as a high watermark is.
  void compare_times(std::int64_t timestamp_ms, std::int64_t limit) {
    TimestampAndOffset first;
    TimestampAndOffset greatest;
    for (auto at = static_cast<std::size_t>(start_); at < static_cast<std::size_t>(limit); ++at) {
      const TimestampAndOffset here{model_[at].timestamp_ms, Offset{static_cast<std::int64_t>(at)}, {}};
      first = first.offset.value < 0 && here.timestamp_ms >= timestamp_ms ? here : first;
      greatest = here.timestamp_ms > greatest.timestamp_ms ? here : greatest;
    }
    const auto found = log->offset_for_timestamp(timestamp_ms, Offset{limit});
    RC_ASSERT(found.has_value());
    RC_ASSERT(found->offset == first.offset);
    const auto newest = log->max_timestamp(Offset{limit});
    RC_ASSERT(newest.has_value());
    RC_ASSERT(newest->offset == greatest.offset);
  }

  std::vector<Record> model_;
  std::int64_t start_ = 0;
};

RC_GTEST_PROP(LogPropertyTest, log_and_model_agree_after_any_operations, ()) {
  const auto steps = *rc::gen::container<std::vector<Step>>(any_step());
  LogProperty log;
  log.run(steps);
}

}  // namespace
}  // namespace ottla
