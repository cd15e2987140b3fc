#include "storage/fault_node.h"

#include <algorithm>

namespace ottla {

namespace {

void put(Bytes& into, std::span<const std::byte> bytes, std::size_t position) {
  into.resize(std::max(into.size(), position + bytes.size()));
  std::ranges::copy(bytes, into.begin() + static_cast<std::ptrdiff_t>(position));
}

std::span<const std::byte> sector_of(const Bytes& bytes, std::size_t sector) {
  const std::size_t begin = std::min(bytes.size(), sector * fault_sector_bytes);
  return std::span(bytes).subspan(begin, std::min(fault_sector_bytes, bytes.size() - begin));
}

bool one_in(std::uint64_t chances, std::mt19937_64& random) { return random() % chances == 0; }

void apply_to(std::map<std::string, std::shared_ptr<FaultDisk::Node>>& entries,
              const FaultDisk::Node::EntryChange& change) {
  if (!change.removed.empty()) {
    entries.erase(change.removed);
  }
  if (!change.added.empty()) {
    entries[change.added] = change.node;
  }
}

}  // namespace

void FaultDisk::Node::write(std::span<const std::byte> bytes, std::int64_t position) {
  if (bytes.empty()) {
    return;
  }
  const auto begin = static_cast<std::size_t>(position);
  // A gap left behind the old end is as unsynced as the bytes.
  const std::size_t first = std::min(begin, live.size()) / fault_sector_bytes;
  put(live, bytes, begin);
  for (std::size_t sector = first; sector * fault_sector_bytes < begin + bytes.size(); ++sector) {
    dirty_sectors.insert(sector);
  }
}

void FaultDisk::Node::resize(std::int64_t size) {
  const auto wanted = static_cast<std::size_t>(size);
  const std::size_t before = live.size();
  live.resize(wanted);
  std::erase_if(dirty_sectors, [wanted](std::size_t sector) { return sector * fault_sector_bytes >= wanted; });
  for (std::size_t sector = before / fault_sector_bytes; wanted > before && sector * fault_sector_bytes < wanted;
       ++sector) {
    dirty_sectors.insert(sector);
  }
}

void FaultDisk::Node::sync() {
  for (const std::size_t sector : dirty_sectors) {
    put(durable, sector_of(live, sector), sector * fault_sector_bytes);
  }
  durable.resize(live.size());
  dirty_sectors.clear();
}

void FaultDisk::Node::fail_to_sync(FailedSync how, std::mt19937_64& random) {
  switch (how) {
    case FailedSync::kept_dirty:
      return;
    case FailedSync::kept_clean:
      break;
    case FailedSync::dropped:
      live = durable;
      break;
    case FailedSync::mixed:
      for (const std::size_t sector : dirty_sectors) {
        if (one_in(2, random)) {
          put(durable, sector_of(live, sector), sector * fault_sector_bytes);
        }
      }
      break;
  }
  dirty_sectors.clear();
}

void FaultDisk::Node::forget_cached() {
  Bytes read_back = durable;
  read_back.resize(live.size());
  for (const std::size_t sector : dirty_sectors) {
    put(read_back, sector_of(live, sector), sector * fault_sector_bytes);
  }
  live = std::move(read_back);
}

void FaultDisk::Node::apply(EntryChange change) {
  apply_to(entries, change);
  unsynced.push_back(std::move(change));
}

void FaultDisk::Node::sync_entries() {
  durable_entries = entries;
  unsynced.clear();
}

std::shared_ptr<FaultDisk::Node> FaultDisk::Node::copy() const {
  auto made = std::make_shared<Node>();
  made->is_directory = is_directory;
  made->live = made->durable = live;
  for (const auto& [name, node] : entries) {
    made->entries[name] = node->copy();
  }
  made->durable_entries = made->entries;
  return made;
}

std::shared_ptr<FaultDisk::Node> FaultDisk::Node::surviving(std::mt19937_64& random) const {
  auto made = std::make_shared<Node>();
  made->is_directory = is_directory;
  if (is_directory) {
    for (const auto& [name, node] : surviving_entries(random)) {
      made->entries[name] = node->surviving(random);
    }
    made->durable_entries = made->entries;
  } else {
    made->live = made->durable = surviving_bytes(random);
  }
  return made;
}

std::int64_t FaultDisk::Node::bytes_below() const {
  auto bytes = static_cast<std::int64_t>(live.size());
  for (const auto& [name, node] : entries) {
    bytes += node->bytes_below();
  }
  return bytes;
}

FaultDisk::Node::Entries FaultDisk::Node::surviving_entries(std::mt19937_64& random) const {
  Entries kept = durable_entries;
  const bool in_order = one_in(2, random);  // a journal: the first changes, and none behind them
  const std::size_t first_lost = random() % (unsynced.size() + 1);
  for (std::size_t i = 0; i < unsynced.size(); ++i) {
    if (in_order ? i < first_lost : one_in(2, random)) {
      apply_to(kept, unsynced[i]);
    }
  }
  return kept;
}

Bytes FaultDisk::Node::surviving_bytes(std::mt19937_64& random) const {
  if (dirty_sectors.empty() && live.size() == durable.size()) {
    return durable;
  }
  enum : std::uint8_t { nothing, everything, subset };
  const auto fate = one_in(4, random) ? nothing : one_in(3, random) ? everything : subset;
  if (fate != subset) {
    return fate == nothing ? durable : live;
  }
  const std::size_t low = std::min(live.size(), durable.size());
  const std::size_t high = std::max(live.size(), durable.size());
  const std::size_t size = one_in(3, random) ? low : one_in(2, random) ? high : low + random() % (high - low + 1);
  Bytes kept = durable;
  const std::size_t had = kept.size();
  kept.resize(std::max(size, had));
  const bool recycled = one_in(4, random);  // else what was never written reads as zeros
  bool block_survives = false;
  std::size_t block = std::numeric_limits<std::size_t>::max();
  bool torn = false;
  for (const std::size_t sector : dirty_sectors) {
    if (sector * fault_sector_bytes / fault_block_bytes != block) {
      block = sector * fault_sector_bytes / fault_block_bytes;
      block_survives = one_in(2, random);
      torn = one_in(4, random);
    }
    if (torn ? one_in(2, random) : block_survives) {
      put(kept, sector_of(live, sector), sector * fault_sector_bytes);
    } else if (recycled && sector * fault_sector_bytes >= had) {
      put(kept, sector_of(live, random() % (sector + 1)), sector * fault_sector_bytes);
    }
  }
  kept.resize(size);
  return kept;
}

}  // namespace ottla
