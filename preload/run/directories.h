// directories.h - where a user's daemon, runs and bundles live. Both folders are the user's own and closed to others.
#pragma once
#include <string>

#include "preload/run/process_environment.h"
#include "preload/run/result.h"

namespace hivemind::run {
struct Directories {
  std::string runtime, state;  // absolute
};
// Made when missing.
Result<Directories> open_directories(const ProcessEnvironment& environment);

// Where merged bundles lie. Root's children may become other users and keep the environment, so root's lie where
// everybody can read and only root can write, unless a state directory was named.
Result<std::string> bundle_directory(const Directories& directories, const ProcessEnvironment& environment);

// `path` and what is missing above it, 0700; refuses what belongs to or is open to somebody else.
Result<std::string> own_directory(const std::string& path);
std::string home_directory(const ProcessEnvironment& environment);
std::string absolute_path(const std::string& path);
}  // namespace hivemind::run
