#include "policy.h"

#include "bytes.h"

namespace hivemind {
namespace {

// Runs `read` until no writer was seen during it; false when one always was. A writer that died half way leaves the
// epoch odd until the next daemon writes, so this must not wait.
template <typename Read>
bool read_still(const hm_policy& policy, uint32_t& epoch, Read read) {
  for (int attempt = 0; attempt < 16; ++attempt) {
    epoch = __atomic_load_n(&policy.epoch, __ATOMIC_ACQUIRE);
    if (epoch % 2 != 0) continue;
    read();
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (__atomic_load_n(&policy.epoch, __ATOMIC_RELAXED) == epoch) return true;
  }
  epoch |= 1;
  return false;
}

template <typename T>
T peek(const T& shared) {
  return __atomic_load_n(&shared, __ATOMIC_RELAXED);
}

// `pattern` ends at `pattern_size`; "*.x.y" stands for one or more labels before ".x.y".
bool host_matches(const char* pattern, size_t pattern_size, const char* name, size_t name_size) {
  const bool wild = pattern_size > 2 && peek(pattern[0]) == '*' && peek(pattern[1]) == '.';
  const size_t fixed = wild ? pattern_size - 1 : pattern_size;
  if (wild ? name_size <= fixed : name_size != fixed) return false;
  for (size_t i = 1; i <= fixed; ++i) {
    if (peek(pattern[pattern_size - i]) != name[name_size - i]) return false;
  }
  return true;
}
}  // namespace

bool captures_port(const hm_policy& policy, uint16_t port) {
  bool found = false;
  uint32_t epoch = 0;
  const bool still = read_still(policy, epoch, [&] {
    found = false;
    const uint32_t count = peek(policy.port_count);
    for (uint32_t i = 0; i < count && i < HM_PORT_COUNT; ++i) found |= peek(policy.ports[i]) == port;
  });
  return still && found;
}

uint32_t policy_epoch(const hm_policy& policy) { return __atomic_load_n(&policy.epoch, __ATOMIC_ACQUIRE); }

HostVerdict classify_host(const hm_policy& policy, const char* name) {
  const size_t name_size = length_of(name);
  HostVerdict verdict = {HostKind::unknown, 0};
  const bool still = read_still(policy, verdict.epoch, [&] {
    verdict.kind = HostKind::unknown;
    const size_t size = peek(policy.hosts_size);
    if (size == 0 || size > sizeof policy.hosts) return;
    verdict.kind = HostKind::other;
    for (size_t start = 0; start < size;) {
      size_t end = start;
      while (end < size && peek(policy.hosts[end]) != '\0') ++end;
      if (end > start && host_matches(policy.hosts + start, end - start, name, name_size)) verdict.kind = HostKind::llm;
      start = end + 1;
    }
  });
  if (!still) verdict.kind = HostKind::unknown;
  return verdict;
}

bool normalise_host(const char* name, char* to, size_t to_size) {
  size_t size = 0;
  size_t label = 0;  // where the last label starts
  for (; name[size] != '\0'; ++size) {
    if (size + 1 >= to_size || name[size] == ':') return false;
    const char c = name[size];
    to[size] = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    if (c == '.' && name[size + 1] != '\0') label = size + 1;
  }
  if (size > 0 && to[size - 1] == '.') --size;
  to[size] = '\0';
  // A last label that starts with a digit is an IPv4 address in one of its spellings: no top-level domain does.
  return size > 0 && !(to[label] >= '0' && to[label] <= '9');
}
}  // namespace hivemind
