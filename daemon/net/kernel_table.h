// kernel_table.h - a run's token table in the kernel (hivemind/ebpf.h) as the daemon uses it.
// Invariant: what is mapped is the value of a BPF map, which nobody can shorten under us; and the agent's processes
// cannot write to it.
#pragma once
#include <boost/asio/ip/tcp.hpp>

#include <optional>

#include "hivemind/ebpf.h"
#include "net/token_table.h"

namespace hivemind {

class KernelTable {
public:
  // As TokenTable::map. The daemon itself is never captured from now on.
  static Result<KernelTable> map(const UniqueFd& map, uid_t owner, std::uint64_t run_id);

  // The connection that came from `source` to `local`, made ours. nullopt when it is no live one.
  std::optional<OriginalDestination> accept(const boost::asio::ip::tcp::endpoint& local,
                                            const boost::asio::ip::tcp::endpoint& source);
  TokenTable& tokens() { return tokens_; }
  bool is_shared() const { return kernel_->shared != 0; }  // by many agents
  // QUIC to this address is refused from now on, so that its clients come by TCP.
  void add_llm_address(const boost::asio::ip::address& address);

private:
  void name_process(std::uint32_t index, std::int32_t pid);
  KernelTable(hm_kernel_table* kernel, TokenTable tokens) : kernel_(kernel), tokens_(std::move(tokens)) {}
  hm_kernel_table* kernel_;  // tokens_ has the mapping
  TokenTable tokens_;
};
}  // namespace hivemind
