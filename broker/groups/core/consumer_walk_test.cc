// What must hold of a group of the new protocol whatever happens is checked at every step; what must come about, when
// the faults stop. OTTLA_SEED=n replays one seed; OTTLA_STEPS=n walks longer. A failure prints its seed.
#include <gtest/gtest.h>

#include "broker/groups/core/test_consumer_walk.h"

namespace ottla::groups {
namespace {

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::stoull(text) : otherwise;
}

constexpr int steps_per_seed = 2'000;

TEST(ConsumerWalk, promises_hold_whatever_happens) {
  const auto only = number_from_environment("OTTLA_SEED", 0);
  const auto steps = number_from_environment("OTTLA_STEPS", 200'000);
  const auto last = only != 0 ? only : std::max<std::uint64_t>(1, steps / steps_per_seed);
  for (std::uint64_t seed = only != 0 ? only : 1; seed <= last; ++seed) {
    ASSERT_EQ(ConsumerWalk(seed, Mutant::none).run(steps_per_seed), "") << "seed " << seed;
  }
}

class ConsumerBroken : public testing::TestWithParam<Mutant> {};

TEST_P(ConsumerBroken, rule_is_noticed) {
  constexpr std::uint64_t seeds = 300;
  std::uint64_t seed = 1;
  while (seed <= seeds && ConsumerWalk(seed, GetParam()).run(steps_per_seed).empty()) {
    ++seed;
  }
  EXPECT_LE(seed, seeds);
}

INSTANTIATE_TEST_SUITE_P(Rules, ConsumerBroken,
                         testing::Values(Mutant::generation_unchecked, Mutant::static_member_not_fenced,
                                         Mutant::sessions_do_not_expire, Mutant::release_not_awaited,
                                         Mutant::answered_before_written, Mutant::revocation_awaited_for_ever,
                                         Mutant::topics_not_watched, Mutant::leaver_keeps_partitions,
                                         Mutant::assignment_epoch_unchecked));

}  // namespace
}  // namespace ottla::groups
