#include "broker/core.h"

#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <future>

#include "broker/one_shot.h"

namespace ottla {
namespace {

using std::chrono::milliseconds;

class CoreTest : public testing::Test {
 protected:
  CoreTest() { core.start(); }
  ~CoreTest() override { core.stop_and_join(); }

  void run(const std::function<void()>& action) {
    std::promise<void> done;
    asio::post(core.io, [&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }
  template <class T>
  T run(Awaitable<T> coroutine) {
    return asio::co_spawn(core.io, std::move(coroutine), asio::use_future).get();
  }

  Core core{0};
};

TEST_F(CoreTest, timers_fire_in_the_order_of_their_deadlines) {
  std::promise<std::string> fired;
  std::string order;
  run([&] {
    core.after(milliseconds(30), [&] { fired.set_value(order + "c"); });
    core.after(milliseconds(10), [&] { order += "a"; });
    core.after(milliseconds(20), [&] { order += "b"; });
  });
  EXPECT_EQ(fired.get_future().get(), "abc");
}

TEST_F(CoreTest, a_cancelled_timer_does_not_fire) {
  std::promise<bool> ended;
  bool fired = false;
  run([&] {
    const auto key = core.after(milliseconds(5), [&] { fired = true; });
    core.after(milliseconds(20), [&] { ended.set_value(fired); });
    core.cancel(key);
  });
  EXPECT_FALSE(ended.get_future().get());
}

TEST_F(CoreTest, endings_of_a_turn_run_after_what_was_ready) {
  std::string order;
  std::promise<void> ended;
  run([&] {
    asio::post(core.io, [&] { order += "2"; });
    core.at_end_of_turn([&] {
      order += "e";
      ended.set_value();
    });
    order += "1";
  });
  ended.get_future().wait();
  EXPECT_EQ(order, "12e");
}

TEST_F(CoreTest, a_one_shot_wakes_its_waiter_from_another_thread) {
  const auto shot = std::make_shared<OneShot<int>>();
  std::jthread other([shot] { shot->complete(7); });
  EXPECT_EQ(run(shot->wait()), 7);
}

TEST_F(CoreTest, the_first_completion_wins) {
  const auto shot = std::make_shared<OneShot<int>>();
  EXPECT_TRUE(shot->complete(1));
  EXPECT_FALSE(shot->complete(2));
  EXPECT_EQ(run(shot->wait()), 1);
}

}  // namespace
}  // namespace ottla
