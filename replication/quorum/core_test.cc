// What core.cc takes for granted of the installed library: who frees what, and the bytes of configurations.
#include "replication/quorum/core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "replication/quorum/configuration.h"
#include "replication/quorum/raft_types.h"

namespace ottla::quorum {
namespace {

// The default heap, with an eye on one pointer.
class Watch {
 public:
  explicit Watch(const void* pointer) : pointer_(pointer), heap_(*raft_heap_get()) {
    heap_.data = this;
    heap_.free = [](void* data, void* freed) {
      auto* watch = static_cast<Watch*>(data);
      watch->is_freed = watch->is_freed || freed == watch->pointer_;
      std::free(freed);
    };
    raft_heap_set(&heap_);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() { raft_heap_set_default(); }
  bool is_freed = false;

 private:
  const void* pointer_;
  raft_heap heap_;
};

// Commits of the library after 0.22.1 borrow it instead, under the same version number; core.cc would leak it then.
TEST(Core, the_library_takes_the_configuration_of_an_event) {
  raft one{};
  ASSERT_EQ(raft_init(&one, nullptr, nullptr, 1, "one"), 0);
  raft_event event{};
  event.type = RAFT_CONFIGURATION;
  event.configuration.index = 7;  // none such is pending: it has no use for it
  event.configuration.conf = to_raft(Configuration{{{2, "two", ServerRole::voter}}});
  const Watch watch(event.configuration.conf.servers);
  raft_update update{};
  EXPECT_EQ(raft_step(&one, &event, &update), 0);
  EXPECT_TRUE(watch.is_freed);
  raft_close(&one, nullptr);
}

// It frees the batch of an append that brings nothing new, and leaves to us that of one whose entries are to be
// written.
TEST(Core, the_library_frees_the_entries_that_are_not_to_be_written) {
  const Configuration quorum{{{1, "one", ServerRole::voter}, {2, "two", ServerRole::voter}}};
  Core core(2, "two", {}, 1);
  core.start(1, first_state(quorum));
  const AppendEntries append{1, {1, 1}, 1, {{1, EntryKind::command, share({std::byte{7}})}}};
  const auto fresh = core.receive(2, {1, 2, append});
  ASSERT_EQ(fresh.entries.size(), 1U);
  EXPECT_EQ(fresh.entries.front().bytes, append.entries.front().bytes);  // the same, not a copy
  EXPECT_TRUE(core.receive(3, {1, 2, append}).entries.empty());
}

TEST(Core, configurations_are_written_and_read_as_the_library_does) {
  const Configuration ours{{{1, "10.0.0.1:9093", ServerRole::voter}, {70'000, "", ServerRole::spare}, {3, "c", {}}}};
  const Bytes bytes = encode(ours);
  raft_configuration raw = to_raft(ours);
  raft_buffer theirs{};
  ASSERT_EQ(raft_configuration_encode(&raw, &theirs), 0);
  const auto* begin = static_cast<const std::byte*>(theirs.base);
  EXPECT_EQ(bytes, Bytes(begin, begin + theirs.len));
  EXPECT_EQ(*decode_configuration(bytes), ours);
  EXPECT_EQ(from_raft(raw), ours);
  raft_free(theirs.base);
  raft_configuration_close(&raw);
}

TEST(Core, a_configuration_that_is_cut_or_changed_is_refused_or_another_one) {
  const Configuration ours{{{1, "one", ServerRole::voter}, {2, "two", ServerRole::voter}}};
  const Bytes bytes = encode(ours);
  const std::size_t used = 1 + 8 + 2 * (8 + 4 + 1);
  for (std::size_t length = 0; length < used; ++length) {
    EXPECT_FALSE(decode_configuration(std::span(bytes).first(length))) << length;
  }
  Bytes twice = encode({{{1, "one", ServerRole::voter}, {1, "two", ServerRole::voter}}});
  EXPECT_FALSE(decode_configuration(twice));
  twice = encode({{{1, "one", ServerRole::voter}, {2, "one", ServerRole::voter}}});
  EXPECT_FALSE(decode_configuration(twice));
  twice = encode({{{1, "one", static_cast<ServerRole>(3)}}});
  EXPECT_FALSE(decode_configuration(twice));
}

}  // namespace
}  // namespace ottla::quorum
