// run.h - one hivemind-run as the daemon serves it: its listener, its token table, what it has carried.
#pragma once
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <memory>
#include <string>

#include "core/scheduler.h"
#include "hivemind/handover.h"
#include "net/kernel_table.h"
#include "net/token_table.h"

namespace hivemind {

// By which the connections come that were captured in the kernel.
struct KernelEntrance {
  boost::asio::ip::tcp::acceptor listener;  // both families
  KernelTable table;
};

struct Run {
  hm_hello hello{};
  TokenTable table;
  boost::asio::ip::tcp::acceptor listener;
  std::string proxy_authorization = {};  // what CONNECT must bring; empty: the listener is no proxy
  std::uint64_t passed = 0;              // requests and tunnels carried without scheduling
  RunId id() const { return hello.run_id; }

  std::unique_ptr<KernelEntrance> kernel = {};  // null: the run has no eBPF capture
  // At the end of a connection that one of the tables named.
  void release(const OriginalDestination& original) {
    (original.in_kernel && kernel ? kernel->table.tokens() : table).release(original.slot);
  }
};
using RunPtr = std::shared_ptr<Run>;  // its connections keep it
}  // namespace hivemind
