// examination.h - what `hivemindctl doctor` asks the daemon's own code: is the configuration valid, are the
// certificates. Reads files only; starts nothing and changes nothing.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "control/directories.h"

namespace hivemind {

struct Finding {
  enum class State { ok, note, broken };  // note: not yet there, and nothing is wrong with that
  std::string check;
  State state = State::ok;
  std::string said, remedy;
};

Finding examine_config(const Directories& directories);
// `now_unix`: seconds since 1970. A daemon that starts replaces what has expired; one that runs should have.
Finding examine_certificates(const std::filesystem::path& certificates, std::int64_t now_unix, bool daemon_runs);
bool daemon_runs(const Directories& directories);  // somebody holds its lock
// {"findings": [{"check","state","said","remedy"}]}, one line.
std::string examination_json(const std::vector<Finding>& findings);
}  // namespace hivemind
