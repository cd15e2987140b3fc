// What the driver does to keep C-Raft 0.22.1 from going wrong. Two are about safety, the others about nodes that stall.
// Each has a test that fails without it. Later commits of the library mend the first only.
#pragma once

#include <vector>

#include "replication/quorum/types.h"

namespace ottla::quorum {

// Whether each is in force. Only tests switch one off (DriverForTests in driver.h).
struct Guards {
  bool no_claims_about_old_terms = true;
  bool changes_come_first = true;
  bool commit_only_what_was_sent = true;
  bool late_rejections_are_void = true;
  bool anchor_at_own_snapshot = true;
  bool denials_tell_the_term = true;
  bool deadlines_lie_ahead = true;
  bool own_entry_before_changes = true;
  bool late_votes_are_void = true;
};

// SAFETY. The core answers an append or a snapshot of an old term with the current term and a last log index that it
// never set. Should the node that asked lead again in the current term, it would count garbage as durable, and commit
// without a majority. So: an answer to an old term claims nothing.
void claim_nothing_about_old_term(AppendEntriesResult& answer, Term asked_in, Term current);

// The core takes the index of the first new entry of an append for that of the change entry in it: the configuration
// stays uncommitted for ever, or is kept although its entry was truncated. So: a change is always the first entry of
// the append that the core sees.
std::vector<AppendEntries> split_before_changes(const AppendEntries& append);

// The core's commit index goes back when an old append tells a commit index beyond its own last entry. So: an append
// tells no more than it carries.
void commit_only_what_was_sent(AppendEntries& append);

// The core takes a late rejection of what the follower has long confirmed for news; its count of entries in flight
// underflows, and the follower gets empty appends until the leader changes. So: such a rejection tells only that the
// follower is there.
bool is_void_rejection(const AppendEntriesResult& result, LogIndex confirmed);
AppendEntriesResult sign_of_life(const AppendEntriesResult& result);

// The core rejects an append that begins before its own trimmed log, though all of that is committed here, and the
// leader steps back one entry at each heartbeat. So: such an append begins at our snapshot.
void anchor_at(AppendEntries& append, Position snapshot);

// The core denies a pre-vote with the candidate's own term, so that a candidate with the longest log and an old term
// never learns the new one, and nobody is ever elected. So: a denial tells our term.
void tell_term(RequestVoteResult& answer, Term current);

// The core's deadline stays in the past once a server is spare: a busy loop. So: one that does not lie behind the last
// tick is put off by a heartbeat.
TimeMs deadline_after(TimeMs last_tick_ms, TimeMs core_deadline_ms, unsigned heartbeat_ms);

// SAFETY. The core lets a leader change the quorum before any entry of its own term is committed. Then a change that an
// earlier leader has left uncommitted on a minority can still win, with a majority that does not meet ours (Ongaro,
// "bug in single-server membership changes", raft-dev 2015): two configurations, and a committed entry lost. So: a
// leader begins with a barrier, though the core sees no need for one, and changes nothing before that is committed. A
// sole voter needs none: there is nobody else to win. (Driver::lead, Driver::may_change.)

// The core asks whether an answer to a pre-vote is one before it asks whether it stands for election at all. The flag
// is a candidate's; a follower has a byte of the address of a string there. So an answer that comes late may take a
// follower, and always takes a leader, to a term that nobody is in, and the quorum loses its leader; which of the two
// a follower does is the allocator's choice. So: the core gets answers to votes while it is a candidate.
// (Driver::receive.)

}  // namespace ottla::quorum
