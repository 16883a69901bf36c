// say.h - what hivemind-run tells its user, on stderr.
// Invariant: while an agent has the terminal nothing is written to it; what is said then is kept until the end.
#pragma once
#include <string_view>

namespace hivemind::run {
void say(std::string_view sentence);     // "hivemind-run: SENTENCE\n", in one write
void print_text(std::string_view text);  // as it is
void agent_has_terminal(bool whether);   // false: says now what was kept
}  // namespace hivemind::run
