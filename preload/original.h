// original.h - what a captured connection looks like to its program: the addresses a native one would have.
#pragma once
#include <stdint.h>

#include "abi.h"
#include "endpoint.h"
#include "run.h"

namespace hivemind {

// The destination that `peer` - what the kernel tells of a connected socket - stands for; false when it is no token of
// this run.
bool find_original(const Run& run, const abi::Sockaddr& peer, uint32_t size, Endpoint& original);

// Puts `endpoint` where getpeername or getsockname filled `room` bytes.
void tell(const Endpoint& endpoint, void* name, uint32_t room);
}  // namespace hivemind
