// uncovered.h - what stays uncaptured of a command under its tier, and what to do about it. Words only.
#pragma once
#include <string>
#include <vector>

#include "preload/run/tier.h"

namespace hivemind::run {
struct Uncovered {
  std::string what, remedy;
};
std::vector<Uncovered> what_stays_uncovered(const Program& program, const Choice& choice);
}  // namespace hivemind::run
