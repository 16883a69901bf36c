// system_journal.h - what `hivemindctl system enable` changed, so that all of it can be undone.
// Invariant: a change is in the journal, on disk, before it is made; undoing what was not made does nothing. So whoever
// dies in whatever moment, undo_all() leaves the machine as it was. The journal lies where only root writes.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace hivemind::ctl {
class SystemJournal {
public:
  explicit SystemJournal(std::filesystem::path file) : file_(std::move(file)) {}
  bool exists() const;

  // Makes what does not exist; what exists stays, and is not undone. Throw std::runtime_error.
  void make_directory(const std::filesystem::path& directory, mode_t mode, uid_t owner = 0, gid_t group = 0);
  void write_file(const std::filesystem::path& file, const std::string& text);  // refuses to replace somebody's file
  // Other text for a file that write_file wrote. False: it had that already, or was not written.
  bool rewrite_file(const std::filesystem::path& file, const std::string& text) const;
  void make_user(const std::string& name);
  // Runs a program in the background that says "ready" on the descriptor it is told by @READY@. Throws with what it
  // said.
  void start(const std::vector<std::string>& words, const std::vector<std::string>& environment,
             const std::filesystem::path& log);
  // A daemon will be running whose pid is in that file: it is to be ended.
  void expect_daemon(const std::filesystem::path& pid_file);
  // `words`, once what is recorded after this is undone.
  void run_at_the_end(const std::vector<std::string>& words);

  // The process that start() made, if it runs; else 0.
  pid_t running() const;
  // The last first. What could not be undone is told in the sentences returned, and stays in the journal.
  std::vector<std::string> undo_all();

private:
  void record(const std::vector<std::string>& words) const;
  std::vector<std::vector<std::string>> entries() const;
  std::filesystem::path file_;
};
}  // namespace hivemind::ctl
