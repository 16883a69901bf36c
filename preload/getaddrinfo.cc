// getaddrinfo: reads which addresses a host name has; the answer is the program's, untouched.
#include "bytes.h"
#include "endpoint.h"
#include "libc.h"
#include "policy.h"
#include "run.h"

namespace {
namespace abi = hivemind::abi;

void note_addresses(hivemind::Run& run, const char* node, const abi::Addrinfo* list) {
  constexpr int most = 64;
  char name[256];
  if (!hivemind::normalise_host(node, name, sizeof name)) return;
  const hivemind::HostVerdict verdict = hivemind::classify_host(run.table->policy, name);
  if (verdict.kind == hivemind::HostKind::unknown) return;
  hivemind::Endpoint last;
  for (int i = 0; i < most && list != nullptr; ++i, list = list->next) {
    hivemind::Endpoint endpoint;
    if (!hivemind::parse_endpoint(list->address, list->address_size, endpoint)) continue;
    // Without a socket type in the hints each address comes three times in a row.
    if (hivemind::equal_bytes(endpoint.address, last.address, sizeof last.address)) continue;
    run.names.record(endpoint.address, name, verdict);
    last = endpoint;
  }
}
}  // namespace

HM_HOOK int getaddrinfo(const char* node, const char* service, const abi::Addrinfo* hints, abi::Addrinfo** list) {
  const int result = hivemind::libc::getaddrinfo(node, service, hints, list);
  if (result != 0 || node == nullptr) return result;
  if (hints != nullptr && (hints->flags & abi::ai_numerichost) != 0) return result;
  if (hivemind::Run* const run = hivemind::current_run()) note_addresses(*run, node, *list);
  return result;
}
