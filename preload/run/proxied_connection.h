// proxied_connection.h - a CONNECT to the run's listener while there is no daemon: answered and carried in a process of
// its own, because names must be looked up and nothing here may wait.
#pragma once
#include "preload/run/run_table.h"
#include "preload/run/unique_fd.h"

namespace hivemind::run {
// Takes the connection, if it reached the listener as one does that reaches a proxy and the run has one; the process
// ends with it, and outlives us if need be.
bool carry_proxied(UniqueFd& client, RunTable& table);
}  // namespace hivemind::run
