// reach.h - what a native connect would meet, found out without sending a packet or leaving a descriptor.
// Each answer may be `unknown` (a sandbox, an old kernel): then we redirect, which is what we are for.
#pragma once
#include <stdint.h>

#include "endpoint.h"

namespace hivemind {

enum class Answer { no, yes, unknown };

// Whether a socket of this network namespace listens where a connect to `to`, an address of this machine, would end.
Answer is_listened_on(const Endpoint& to);

// Whether the kernel has a route to `to`. A host without IPv6 has none to an IPv6 address, and the program counts on
// hearing that at once.
Answer has_route(const Endpoint& to);

// The address a connection to `to` would come from; false when there is no telling.
bool find_source(const Endpoint& to, Endpoint& source);
}  // namespace hivemind
