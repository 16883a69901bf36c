// policy.h - reads what the daemon wants captured. Pure.
// The daemon may rewrite the policy while we read (sequence lock): a reader that keeps meeting a writer gets "nothing
// is captured" and "nothing is known", never half an old and half a new policy.
#pragma once
#include <stdint.h>

#include "hivemind/token_table.h"

namespace hivemind {

bool captures_port(const hm_policy& policy, uint16_t port);

// The policy's epoch when it holds still, else an odd number. Verdicts on names are valid for one epoch.
uint32_t policy_epoch(const hm_policy& policy);

enum class HostKind { unknown, other, llm };
struct HostVerdict {
  HostKind kind;
  uint32_t epoch;  // of the policy that was asked
};
// `name` is lower case, without a final dot.
HostVerdict classify_host(const hm_policy& policy, const char* name);

// Lower case, without the final dot, into `to`. False for what is no host name: empty, too long, a numeric address.
bool normalise_host(const char* name, char* to, size_t to_size);
}  // namespace hivemind
