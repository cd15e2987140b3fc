// Power cuts under all kinds of writes to a quorum's store, against a model.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "broker/quorum/test_store.h"
#include "replication/quorum/driver.h"

namespace ottla {
namespace {

using namespace quorum;

// All of a state, to be compared.
std::string describe(const StoredState& state) {
  std::string text = fmt::format("term {} vote {}", state.term, state.voted_for);
  if (state.snapshot) {
    text += fmt::format(" snapshot {}/{} {} servers {} image {}", state.snapshot->last.index, state.snapshot->last.term,
                        state.snapshot->configuration_index, state.snapshot->configuration.servers.size(),
                        state.snapshot->image->size());
  }
  text += fmt::format(" log {}:", state.first_index);
  for (const Entry& entry : state.entries) {
    text += fmt::format(" {}/{}", entry.term, entry.bytes->size());
  }
  return text;
}

// One write at a time, whatever a server of a quorum may want; after each disk call the power is cut a few times, and
// what comes back must be the state before or after the write, or, of entries that are appended, some of them.
class PowerCuts {
 public:
  explicit PowerCuts(std::uint64_t seed) : random_(seed), disk_(new_disk()), store_(open_store(*disk_)) {
    EXPECT_TRUE(store_.format(voters_));
    before_ = *store_.load();
  }

  void step() {
    switch (random_() % 8) {
      case 0:
        vote();
        break;
      case 1:
      case 2:
        write_over();
        break;
      case 3:
        take();
        break;
      case 4:
        install();
        break;
      default:
        append();
        break;
    }
  }
  int tried = 0;

 private:
  LogIndex last() const { return before_.first_index + before_.entries.size() - 1; }
  LogIndex snapshot_index() const { return before_.snapshot ? before_.snapshot->last.index : 1; }

  void vote() {
    after_ = before_;
    after_.term += 1;
    after_.voted_for = random_() % 4;
    run(StoreVote{after_.term, after_.voted_for});
  }
  void append() { write_from(last() + 1); }
  void write_over() {
    if (last() > snapshot_index()) {
      vote();  // another leader, of a new term
      write_from(snapshot_index() + 1 + random_() % (last() - snapshot_index()));
    }
  }
  void write_from(LogIndex first) {
    WriteEntries write{.first = first};
    for (auto count = 1 + random_() % 4; count > 0; --count) {
      write.entries.push_back({before_.term, EntryKind::command, share(some_bytes())});
    }
    after_ = before_;
    after_.entries.resize(first - after_.first_index);
    after_.entries.insert(after_.entries.end(), write.entries.begin(), write.entries.end());
    appends_ = first == last() + 1;
    run(write);
    appends_ = false;
  }
  void take() {
    if (last() <= snapshot_index()) {
      return;
    }
    const LogIndex index = snapshot_index() + 1 + random_() % (last() - snapshot_index());
    const Term term = before_.entries[index - before_.first_index].term;
    const LogIndex keep_from = before_.first_index + random_() % (index + 2 - before_.first_index);
    after_ = before_;
    after_.snapshot = snapshot(index, term);
    after_.entries.erase(after_.entries.begin(),
                         after_.entries.begin() + static_cast<std::ptrdiff_t>(keep_from - after_.first_index));
    after_.first_index = keep_from;
    in_between_ = before_;
    in_between_->snapshot = after_.snapshot;
    run(TakeSnapshot{.snapshot = *after_.snapshot, .keep_from = keep_from});
    in_between_.reset();
  }
  void install() {
    after_ = before_;
    after_.snapshot = snapshot(last() + 1 + random_() % 5, before_.term);
    after_.entries.clear();
    after_.first_index = after_.snapshot->last.index + 1;
    run(WriteSnapshot{.snapshot = *after_.snapshot});
  }
  // Mostly less than a block of the disk.
  Bytes some_bytes() { return Bytes(random_() % (random_() % 8 == 0 ? 6000 : 200), std::byte{'x'}); }
  Snapshot snapshot(LogIndex index, Term term) { return {{index, term}, 1, voters_, share(some_bytes())}; }

  void run(const auto& write) {
    disk_->before_change = [this](std::string_view what) {
      for (std::uint64_t seed = 0; seed < 4; ++seed, ++tried) {
        judge(*disk_->after_power_cut(seed + random_()), what);
      }
    };
    EXPECT_TRUE(store_.write(write));
    disk_->before_change = nullptr;
    EXPECT_EQ(describe(*store_.load()), describe(after_));
    before_ = after_;
    judge(*disk_->after_power_cut(random_()), "done");
  }

  void judge(Disk& survivor, std::string_view what) {
    const auto state = open_store(survivor).load();
    ASSERT_TRUE(state) << what << ": " << state.error().message;
    const std::string found = describe(*state);
    bool is_right =
        found == describe(before_) || found == describe(after_) || (in_between_ && found == describe(*in_between_));
    StoredState part = before_;
    for (std::size_t i = before_.entries.size(); appends_ && i < after_.entries.size(); ++i) {
      part.entries.push_back(after_.entries[i]);
      is_right = is_right || found == describe(part);
    }
    EXPECT_TRUE(is_right) << what << "\nbefore " << describe(before_) << "\nafter  " << describe(after_) << "\nfound  "
                          << found;
    Driver driver(1, "server-1", {}, 1);
    Effects effects;
    driver.start(1000, *state, effects);
    EXPECT_FALSE(driver.is_broken()) << what << " " << found;
  }

  const Configuration voters_{{self, {2, "server-2", ServerRole::voter}, {3, "server-3", ServerRole::voter}}};
  std::mt19937_64 random_;
  std::unique_ptr<FaultDisk> disk_;
  QuorumStore store_;
  StoredState before_;
  StoredState after_;
  std::optional<StoredState> in_between_;
  bool appends_ = false;
};

TEST(QuorumStore, a_power_cut_leaves_what_was_written_or_what_is_being_written) {
  int tried = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    PowerCuts cuts(seed);
    for (int i = 0; i < 30 && !testing::Test::HasFailure(); ++i) {
      cuts.step();
    }
    tried += cuts.tried;
  }
  EXPECT_GT(tried, 2000);
}

}  // namespace
}  // namespace ottla
