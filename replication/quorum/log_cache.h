// The replicated log as far as it is not trimmed, in memory: what followers may still need.
#pragma once

#include <deque>

#include "replication/quorum/types.h"

namespace ottla::quorum {

class LogCache {
 public:
  // Empty, and begins at `first`.
  void reset(LogIndex first) {
    first_ = first;
    entries_.clear();
  }
  // REQUIRES: first is in the log or right behind it. What was there from `first` on goes.
  void write(LogIndex first, const std::vector<Entry>& entries) {
    entries_.resize(first - first_);
    entries_.insert(entries_.end(), entries.begin(), entries.end());
  }
  void drop_before(LogIndex index) {
    while (first_ < index && !entries_.empty()) {
      entries_.pop_front();
      ++first_;
    }
  }

  [[nodiscard]] LogIndex first() const { return first_; }
  [[nodiscard]] LogIndex last() const { return first_ + entries_.size() - 1; }
  [[nodiscard]] bool has(LogIndex index) const { return index >= first_ && index <= last(); }
  [[nodiscard]] const Entry& at(LogIndex index) const { return entries_[index - first_]; }

 private:
  LogIndex first_ = 1;
  std::deque<Entry> entries_;
};

}  // namespace ottla::quorum
