#include "original.h"

#include "bytes.h"
#include "slots.h"

namespace hivemind {

bool find_original(const Run& run, const abi::Sockaddr& peer, uint32_t size, Endpoint& original) {
  Endpoint token;
  hm_slot slot;
  if (!parse_endpoint(&peer, size, token) || !token.is_v4() || !hm_is_token(token.v4())) return false;
  if (token.port != run.table->listener_port || !find_slot(*run.table, token.v4(), slot)) return false;
  original.family = token.family;
  original.port = slot.port;
  copy_bytes(original.address, slot.address, sizeof original.address);
  original.scope_id = original.is_link_local() ? slot.scope_id : 0;  // as the kernel does
  return slot.family == token.family;
}

void tell(const Endpoint& endpoint, void* name, uint32_t room) {
  abi::Sockaddr address;
  const uint32_t size = write_sockaddr(endpoint, address);
  copy_bytes(name, &address, room < size ? room : size);
}
}  // namespace hivemind
