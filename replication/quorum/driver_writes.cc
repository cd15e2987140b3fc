// Writes become durable.
#include <fmt/format.h>

#include "replication/quorum/driver.h"

namespace ottla::quorum {

// The oldest write under way, which is the one that must have finished.
std::optional<Driver::Pending> Driver::finish(WriteId id, Effects& effects) {
  if (is_broken_) {
    return std::nullopt;
  }
  if (pending_.empty() || pending_.front().id != id) {
    broken(fmt::format("write {} is reported, {} is due", id, pending_.empty() ? 0 : pending_.front().id), effects);
    return std::nullopt;
  }
  Pending write = std::move(pending_.front());
  pending_.pop_front();
  return write;
}

void Driver::written(TimeMs now_ms, WriteId id, Effects& effects) {
  const auto write = finish(id, effects);
  if (!write) {
    return;
  }
  if (write->kind == Pending::Kind::entries) {
    entries_written(*write, now_ms, effects);
  } else if (write->kind == Pending::Kind::installed_snapshot) {
    snapshot_installed(*write, now_ms, effects);
  } else {
    broken(fmt::format("write {} is a snapshot that was taken, and comes without its image", id), effects);
  }
  settle(now_ms, effects);
}

void Driver::entries_written(const Pending& write, TimeMs now_ms, Effects& effects) {
  const bool is_void = is_installing_ || write.last < write.first || write.last <= core_.last_stored();
  if (!is_void) {
    follow(core_.entries_persisted(now_ms, write.last), now_ms, effects);
  }
}

void Driver::snapshot_installed(const Pending& write, TimeMs now_ms, Effects& effects) {
  is_installing_ = false;
  restore(write.snapshot, effects);
  follow(core_.snapshot_installed(now_ms, write.snapshot), now_ms, effects);
}

void Driver::snapshot_taken(TimeMs now_ms, WriteId id, const SharedBytes& image, Effects& effects) {
  auto write = finish(id, effects);
  if (!write) {
    return;
  }
  if (write->kind != Pending::Kind::taken_snapshot) {
    broken(fmt::format("write {} is no snapshot that was taken", id), effects);
    return;
  }
  is_taking_ = false;
  if (!is_installing_) {  // else a newer one follows this one, and the core must not hear of it
    write->snapshot.image = image;
    snapshot_ = std::move(write->snapshot);
    log_.drop_before(write->keep_from);
    follow(core_.snapshot_taken(now_ms, *snapshot_, settings_.entries_behind_snapshot), now_ms, effects);
  }
  settle(now_ms, effects);
}

void Driver::restore(const Snapshot& snapshot, Effects& effects) {
  snapshot_ = snapshot;
  applied_ = snapshot.last.index;
  configuration_ = snapshot.configuration;
  configuration_index_ = snapshot.configuration_index;
  effects.emplace_back(Restore{snapshot});
}

}  // namespace ottla::quorum
