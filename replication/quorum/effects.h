// What a driver wants done. A list of effects is carried out in order; the writes among them are queued and go on while
// the driver goes on.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "replication/quorum/core.h"
#include "replication/quorum/types.h"

namespace ottla::quorum {

// Writes are numbered from 1 and become durable in that order. Each is reported once, by its number.
using WriteId = std::uint64_t;

// Both durable before the next effect is carried out and before the next input: a vote that is forgotten is given
// twice.
struct StoreVote {
  Term term = 0;
  ServerId voted_for = 0;
  friend bool operator==(const StoreVote&, const StoreVote&) = default;
};

// One write: entries of index `first` and above go, then these are appended. Report: written().
struct WriteEntries {
  WriteId id = 0;
  LogIndex first = 0;
  std::vector<Entry> entries;
};

// From a leader. One write: the snapshot is durable first, and only then, all at once as far as a reader can tell, it
// is the snapshot and the whole log is gone. Until then the old log stays: it holds what this server has acknowledged.
// Report: written().
struct WriteSnapshot {
  WriteId id = 0;
  Snapshot snapshot;
};

// The state machine's image as of now, after the entries applied so far, becomes the image of this snapshot. One write:
// the snapshot durable, then entries before `keep_from` dropped. A crash between the two does no harm.
// Report: snapshot_taken().
struct TakeSnapshot {
  WriteId id = 0;
  Snapshot snapshot;  // lacks the image
  LogIndex keep_from = 0;
};

// May be lost, doubled, late or out of order.
struct Send {
  Message message;
};

// Committed: will be in every server's log for ever. In order and without gaps; barriers and changes come too, and mean
// nothing to the state machine.
struct Apply {
  LogIndex index = 0;
  Entry entry;
};

// The state machine is what this image says, whatever it was. The next Apply is the one after it.
struct Restore {
  Snapshot snapshot;
};

struct Leadership {
  State state = State::follower;
  Term term = 0;
  ServerId leader = 0;  // of this term; 0: not known
  // On the leader: all that was there when it was elected is committed and applied here. Until then it must not answer
  // for the state machine.
  bool is_settled = false;
  friend bool operator==(const Leadership&, const Leadership&) = default;
};

struct LeadershipChanged {
  Leadership leadership;
};

// Something that cannot be has happened: a broken rule of Raft, of the library or of those who carry out effects. The
// driver does nothing any more; the process should end, and start again from its disk.
struct Broken {
  std::string why;
};

using Effect =
    std::variant<StoreVote, WriteEntries, WriteSnapshot, TakeSnapshot, Send, Apply, Restore, LeadershipChanged, Broken>;
using Effects = std::vector<Effect>;

}  // namespace ottla::quorum
