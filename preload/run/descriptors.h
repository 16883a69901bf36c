// descriptors.h - the descriptors our parent gave us are the agent's, not ours.
#pragma once
#include <vector>

namespace hivemind::run {
// Descriptors from 3 on that are open now.
std::vector<int> open_descriptors();
// Where stdin, stdout or stderr was closed puts /dev/null, close-on-exec: nothing of ours is then taken for stderr,
// and the agent still finds them closed.
void fill_standard_descriptors();
void close_from(int first);
}  // namespace hivemind::run
