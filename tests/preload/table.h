// table.h - a token table in ordinary memory, for the tests of what works on one.
#pragma once
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "hivemind/token_table.h"

namespace hivemind {

inline std::unique_ptr<hm_table> empty_table() { return std::make_unique<hm_table>(); }

inline void set_policy(hm_policy& policy, std::initializer_list<uint16_t> ports,
                       std::initializer_list<std::string_view> hosts) {
  policy.epoch += 2;
  policy.port_count = 0;
  for (const uint16_t port : ports) policy.ports[policy.port_count++] = port;
  policy.hosts_size = 0;
  for (const std::string_view host : hosts) {
    std::memcpy(policy.hosts + policy.hosts_size, host.data(), host.size());
    policy.hosts_size += static_cast<uint32_t>(host.size());
    policy.hosts[policy.hosts_size++] = '\0';
  }
}
}  // namespace hivemind
