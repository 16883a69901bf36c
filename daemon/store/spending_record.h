// spending_record.h - what budgets have spent and set aside, written before a request goes out, so that they hold when
// the daemon is killed. Two files in the state directory, 0600, written in turn: one of them is always whole.
// Invariant: what load() returns is the newest record that was written to its end.
// Not synced: it outlives the daemon, not the machine.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "net/unique_fd.h"

namespace hivemind {

class SpendingRecord {
public:
  explicit SpendingRecord(const std::filesystem::path& directory);

  // Empty when there is none.
  std::string load();
  // Trouble is logged once: then a daemon that dies forgets what it spent since the learned state was stored.
  void store(const std::string& bytes);

private:
  std::filesystem::path files_[2];
  UniqueFd open_[2];
  std::uint64_t last_ = 0;  // the newest record's number
  bool complained_ = false;
};
}  // namespace hivemind
