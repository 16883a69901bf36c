// launcher.h - commands that only start another one (env, nice, timeout ...): what they start is what matters.
#pragma once
#include <string>
#include <vector>

namespace hivemind::run {
// The words of the command that `words` start in the end, with launchers and what is theirs taken away: `words`
// themselves when they start with none, empty when a launcher starts nothing (`env` alone).
std::vector<std::string> without_launchers(std::vector<std::string> words);
}  // namespace hivemind::run
