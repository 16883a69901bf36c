#include "names.h"

#include "bytes.h"

namespace hivemind {
namespace {
enum EntryState : uint32_t { entry_empty = 0, entry_written = 1, entry_ready = 2 };
constexpr uint64_t resolved_other = 1, resolved_llm = 2;

uint32_t hash(const uint8_t address[16]) {
  uint32_t h = 2166136261u;
  for (int i = 0; i < 16; ++i) h = (h ^ address[i]) * 16777619u;
  return h ^ h >> 15;
}
}  // namespace

void NameHints::record(const uint8_t address[16], const char* name, HostVerdict verdict) {
  const uint32_t start = hash(address);
  for (uint32_t i = 0; i < probes; ++i) {
    Entry& entry = entries_[(start + i) % capacity];
    uint32_t state = __atomic_load_n(&entry.state, __ATOMIC_ACQUIRE);
    if (state == entry_empty &&
        __atomic_compare_exchange_n(&entry.state, &state, entry_written, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
      copy_bytes(entry.address, address, sizeof entry.address);
      learn(entry, name, verdict);
      __atomic_store_n(&entry.state, entry_ready, __ATOMIC_RELEASE);
      return;
    }
    if (state == entry_ready && equal_bytes(entry.address, address, sizeof entry.address)) {
      return learn(entry, name, verdict);
    }
  }
}

void NameHints::learn(Entry& entry, const char* name, HostVerdict verdict) {
  const bool llm = verdict.kind == HostKind::llm;
  uint64_t old = __atomic_load_n(&entry.facts, __ATOMIC_RELAXED);
  uint64_t now = 0;
  do {
    const uint64_t kept = old >> 32 == verdict.epoch ? resolved_other | resolved_llm : resolved_llm;
    now = uint64_t{verdict.epoch} << 32 | (old & kept) | (llm ? resolved_llm : resolved_other);
  } while (!__atomic_compare_exchange_n(&entry.facts, &old, now, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
  if (!llm) return;

  uint32_t lock = __atomic_load_n(&entry.name_lock, __ATOMIC_ACQUIRE);
  const size_t size = length_of(name) + 1;
  if (lock % 2 != 0 || size > sizeof entry.name) return;
  if (!__atomic_compare_exchange_n(&entry.name_lock, &lock, lock + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
    return;
  __atomic_thread_fence(__ATOMIC_RELEASE);  // no byte of the name is seen before the odd lock
  for (size_t i = 0; i < size; ++i) __atomic_store_n(&entry.name[i], name[i], __ATOMIC_RELAXED);
  __atomic_store_n(&entry.name_lock, lock + 2, __ATOMIC_RELEASE);
}

// The next entry for `address` at or after `probe`: two threads that met the same new address may both have made one.
const NameHints::Entry* NameHints::find(const uint8_t address[16], uint32_t& probe) const {
  const uint32_t start = hash(address);
  while (probe < probes) {
    const Entry& entry = entries_[(start + probe++) % capacity];
    const uint32_t state = __atomic_load_n(&entry.state, __ATOMIC_ACQUIRE);
    if (state == entry_empty) return nullptr;
    if (state == entry_ready && equal_bytes(entry.address, address, sizeof entry.address)) return &entry;
  }
  return nullptr;
}

HostKind NameHints::kind(const uint8_t address[16], uint32_t epoch) const {
  HostKind kind = HostKind::unknown;
  uint32_t probe = 0;
  while (const Entry* entry = find(address, probe)) {
    const uint64_t facts = __atomic_load_n(&entry->facts, __ATOMIC_ACQUIRE);
    if (facts & resolved_llm) return HostKind::llm;
    if (facts & resolved_other && facts >> 32 == epoch) kind = HostKind::other;
  }
  return kind;
}

void NameHints::llm_name(const uint8_t address[16], char name[64]) const {
  name[0] = '\0';
  uint32_t probe = 0;
  while (const Entry* entry = find(address, probe)) {
    const uint32_t lock = __atomic_load_n(&entry->name_lock, __ATOMIC_ACQUIRE);
    if (lock == 0 || lock % 2 != 0) continue;
    for (size_t i = 0; i < sizeof entry->name; ++i) name[i] = __atomic_load_n(&entry->name[i], __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (__atomic_load_n(&entry->name_lock, __ATOMIC_RELAXED) == lock) return;
    name[0] = '\0';
  }
}
}  // namespace hivemind
