// token_table.h - a run's shared token table (hivemind/token_table.h) as the daemon uses it.
// Invariant: a mapped table had the right size, magic, version and owner; nothing read from it is trusted to stay in
// bounds or to stay the same, because the agent's processes write to it: every read is a bounded copy.
// Truncating the file under a mapping is the one thing its owner can do to us (SIGBUS); who can, could also kill us.
#pragma once
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/errors.h"
#include "hivemind/token_table.h"
#include "net/unique_fd.h"

namespace hivemind {

// Where a captured connection was going. A copy: the slot may change after it is released.
struct OriginalDestination {
  std::array<std::uint8_t, 16> address{};  // network order; IPv4 as ::ffff:a.b.c.d
  std::uint16_t port = 0;
  int family = 0;  // AF_INET or AF_INET6: of the caller's sockaddr
  std::uint32_t scope_id = 0;
  std::int32_t pid = 0;
  std::string name;         // host name the process resolved to the address, or empty
  std::uint32_t flags = 0;  // enum hm_slot_flag
  std::uint32_t slot = 0;   // for release()
  bool in_kernel = false;   // of the run's table in the kernel
};

class TokenTable {
public:
  TokenTable() = default;  // maps nothing: accept() finds nothing
  // Maps the table in `file`, which must belong to `owner` and be the table of run `run_id`. The descriptor may be
  // closed afterwards.
  static Result<TokenTable> map(const UniqueFd& file, uid_t owner, std::uint64_t run_id);

  // The table at the start of what is mapped there, which becomes ours: `size` bytes.
  static Result<TokenTable> adopt(hm_table* mapped, std::size_t size, uid_t owner, std::uint64_t run_id);

  // The connection that reached us at `token` (host order), made ours: LIVE becomes ACCEPTED. nullopt when no live
  // connection has that token: it is stale, was never one, or somebody else accepted it.
  std::optional<OriginalDestination> accept(std::uint32_t token);
  // Frees a slot that accept() gave us, at the end of its connection.
  void release(std::uint32_t slot);
  // Frees the accepted slots whose daemon or relay has died. Returns how many.
  std::size_t release_orphans();
  // What preload shall capture from now on. Returns how many hosts did not fit (their names are then not captured);
  // of ports, the first HM_PORT_COUNT are taken.
  std::size_t write_policy(std::span<const std::uint16_t> ports, std::span<const std::string> hosts);

  std::uint16_t listener_port() const;
  // The Proxy-Authorization that opens the listener to CONNECT (hivemind/proxy.h); empty: nobody may.
  std::string proxy_authorization() const;
  // For --explain: one more connection that process `pid` asked the proxy for.
  void count_proxied(std::int32_t pid, std::string_view comm);
  explicit operator bool() const { return table_ != nullptr; }

private:
  struct Unmap {
    std::size_t size;
    void operator()(hm_table* table) const noexcept;
  };
  TokenTable(hm_table* table, std::size_t size) : table_(table, Unmap{size}) {}
  std::unique_ptr<hm_table, Unmap> table_;
};
}  // namespace hivemind
