// learned_state.h - the scheduler's memory between daemons: two small files in the state directory, 0600. One holds
// what it learned and spent, replaced as a whole; the other the salt of account hashes, without which no account of an
// earlier daemon would be recognised.
// Invariant: a reader sees one whole version. Only the daemon that holds the lock writes.
#pragma once
#include <filesystem>
#include <string>

namespace hivemind {

class LearnedState {
public:
  explicit LearnedState(const std::filesystem::path& directory);

  // The same in every daemon of this directory; a new one where none can be read or kept.
  std::string salt();
  // Empty when there is none. It may be anything: the scheduler knows its own.
  std::string load() const;
  // Does nothing when `bytes` were stored last. Trouble is logged once and costs only the memory.
  void store(const std::string& bytes);

private:
  std::filesystem::path state_file_, salt_file_;
  std::string stored_;
  bool complained_ = false;
};
}  // namespace hivemind
