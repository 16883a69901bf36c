// run.h - one hivemind-run as the daemon serves it: its listener, its token table, what it has carried.
#pragma once
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <memory>

#include "core/scheduler.h"
#include "hivemind/handover.h"
#include "net/token_table.h"

namespace hivemind {

struct Run {
  hm_hello hello{};
  TokenTable table;
  boost::asio::ip::tcp::acceptor listener;
  std::uint64_t passed = 0;  // requests and tunnels carried without scheduling
  RunId id() const { return hello.run_id; }
};
using RunPtr = std::shared_ptr<Run>;  // its connections keep it
}  // namespace hivemind
