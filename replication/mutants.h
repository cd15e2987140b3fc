// Rules broken on purpose, one at a time, so that tests and the simulator show that they would notice. Only a build
// with OTTLA_MUTANTS (the library ottla_replication_mutants) has them, chosen at run time; in the broker `mutant(...)`
// is the constant false and what depends on it is compiled away.
//
//   if (replica.durable_end_offset < candidate && !mutant(Mutant::high_watermark_ignores_a_member)) ...
#pragma once

namespace ottla {

// The numbers stay: they are what a simulator's command line names.
enum class Mutant {
  none = 0,
  high_watermark_on_log_end = 1,        // counts what is written, not what is synced
  high_watermark_ignores_a_member = 2,  // a majority would do
  alter_partition_reply_unchecked = 3,  // applied without comparing epochs and pending change (KAFKA-12686)
  pending_expand_not_counted = 4,       // the joiner does not hold the high watermark back
  no_truncation_on_new_epoch = 5,
  truncate_to_high_watermark = 6,            // as Kafka did before KIP-101
  one_round_of_truncation = 7,               // KIP-101 only: no second round for an epoch unknown here
  fetch_epoch_unchecked = 8,                 // no CurrentLeaderEpoch
  diverging_fetch_counts = 9,                // updates the follower's state (KAFKA-13141)
  high_watermark_from_diverging_reply = 10,  // KAFKA-14704
  expand_before_epoch_start = 11,            // a joiner behind the start of the leader's epoch (KAFKA-7128)
  expand_without_broker_epoch = 12,          // leader and controller: a joiner of an earlier incarnation (KIP-903)
  leader_acks_before_sync = 13,
  shrink_used_before_commit = 14,
  rollback_on_timeout = 15,           // of a pending ISR change
  high_watermark_under_min_isr = 16,  // KIP-966's strict rule left out
  elr_survives_storage_loss = 17,     // also a change of min.insync.replicas
  epoch_entry_not_synced = 18,        // or dropped when empty
  truncation_not_synced = 19,
  segment_entry_not_synced = 20,  // the directory entry of a new segment
  clean_marker_kept = 21,         // not deleted at start
  sync_error_ignored = 22,
  recovery_truncates_damage = 23,        // in the middle of a log, and the replica stays in the ISR
  elects_anyone = 24,                    // controller: a fenced broker, or one outside the ISR
  generation_unchecked = 25,             // a late fetch reply or disk completion
  late_alter_partition_reply = 26,       // a success that answers an older change
  logs_compared_once = 27,               // KIP-279 only: by the first fetch of an epoch; no epoch is checked on any
  refusal_keeps_partition_epoch = 28,    // a copy of a refused AlterPartition may be accepted later
  low_watermark_ignores_followers = 29,  // DeleteRecords is acknowledged by the leader alone
  expand_with_what_is_deleted = 30,      // a joiner that still has it
  // The controller's own.
  election_keeps_leader_epoch = 31,
  change_keeps_partition_epoch = 32,
  partition_epoch_unchecked = 33,       // of an AlterPartition
  fenced_stays_in_isr = 34,             //
  other_directory_unnoticed = 35,       // at a registration (KAFKA-14139)
  page_cache_trusted_after_crash = 36,  // flush.messages above 1, unclean stop, and the ISR unchanged
  inactive_joins_isr = 37,              // fenced or shutting down (KIP-841)
  reassignment_ends_early = 38,         // with one new replica in sync (KAFKA-15665)
  min_isr_change_unheard = 39,
};

#ifdef OTTLA_MUTANTS
// One at a time, for the whole process; single-threaded tests set it.
inline Mutant active_mutant = Mutant::none;
inline bool mutant(Mutant which) { return active_mutant == which; }
#else
consteval bool mutant(Mutant /*which*/) { return false; }
#endif

}  // namespace ottla
