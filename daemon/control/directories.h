// directories.h - where the user's daemon keeps its files (hivemind/environment.h has the names and the variables).
// Invariant: after prepare(), runtime and state are directories of ours, 0700, reached through no symbolic link that
// somebody else could have planted.
#pragma once
#include <filesystem>
#include <string>

namespace hivemind {

struct Directories {
  std::filesystem::path runtime;      // sockets, locks, token tables
  std::filesystem::path state;        // CA, log, bundles
  std::filesystem::path config_file;  // may not exist
  bool config_named = false;          // by HIVEMIND_CONFIG: then it must exist

  std::filesystem::path control_socket() const;
  std::filesystem::path handover_socket() const;
  std::filesystem::path daemon_lock() const;
  std::filesystem::path runs() const;
  std::filesystem::path certificates() const;
  std::filesystem::path root_bundle() const;
  std::filesystem::path log_file() const;
};

// From the environment of this process; touches nothing. Throws std::runtime_error when no home directory is known.
Directories find_directories();
// Makes them. Throws std::runtime_error: one sentence that says what to change.
void prepare(const Directories& directories);
// Makes `directory` and its missing parents, private to us. Throws as prepare() does.
void make_private_directory(const std::filesystem::path& directory);
}  // namespace hivemind
