// finding.h - one thing that was looked at on this machine, and what was found.
#pragma once
#include <string>

namespace hivemind::run {
struct Finding {
  enum class State { ok, note, broken };  // note: not to be had, and nothing is wrong with that
  std::string check;
  State state = State::ok;
  std::string said;
  std::string remedy;  // empty: none needed, or none known
};
}  // namespace hivemind::run
