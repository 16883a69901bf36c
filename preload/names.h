// names.h - which addresses this process got from which kind of host name.
// Invariant: an address is `other` only if, under the policy's present epoch, this process resolved it from names that
// are no LLM host and never from one that is. Everything doubtful - no room, a race, an older policy - is `unknown`,
// which redirects, and then the daemon has the last word.
// Lock-free and signal-safe: an entry is written once and only gains facts. Never evicts. All zero is the empty state.
#pragma once
#include <stdint.h>

#include "policy.h"

namespace hivemind {

class NameHints {
public:
  static constexpr uint32_t capacity = 512;
  static constexpr uint32_t probes = 8;

  // `name` is normalised; `verdict` is not `unknown`.
  void record(const uint8_t address[16], const char* name, HostVerdict verdict);

  HostKind kind(const uint8_t address[16], uint32_t epoch) const;

  // The LLM host name last resolved to `address`, NUL-terminated; empty when there is none that fits.
  void llm_name(const uint8_t address[16], char name[64]) const;

private:
  struct Entry {
    uint32_t state;      // empty, written, ready
    uint32_t name_lock;  // odd while the name is written
    uint64_t facts;      // epoch << 32 | resolved_other | resolved_llm
    uint8_t address[16];
    char name[64];
  };
  void learn(Entry& entry, const char* name, HostVerdict verdict);
  const Entry* find(const uint8_t address[16], uint32_t& probe) const;
  Entry entries_[capacity];
};
}  // namespace hivemind
