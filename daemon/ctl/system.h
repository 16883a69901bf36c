// system.h - hivemindctl system: capture for programs that nobody prefixes with hivemind-run.
// `enable` starts a daemon of a user of its own and captures a cgroup, or some users; `disable` undoes everything, also
// after a crash in the middle of either (system_journal.h). Root's business.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace hivemind::ctl {
struct SystemWish {
  std::string cgroup;                // directory; empty: the uppermost
  std::vector<std::string> users;    // whose processes, names or numbers; empty: everybody's
  std::string as = "hivemind";       // whom the daemon belongs to; made if there is no such user
  bool install_ca = false;           // also into the system's store of roots
  std::filesystem::path root = "/";  // where /etc, /run, /usr and /var are
};
// Throw std::runtime_error: what to change. Each says what it did. The exit status.
int enable_system(const SystemWish& wish);
int disable_system(const SystemWish& wish);
// The daemon renews its root from time to time: brings what enable_system spread up to date. Once a day will do.
int refresh_system(const SystemWish& wish);
int show_system(const SystemWish& wish);
}  // namespace hivemind::ctl
