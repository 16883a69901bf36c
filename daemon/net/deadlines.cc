#include "net/deadlines.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hivemind {

Deadlines::Deadlines(asio::io_context& loop) : timer_(loop) { spawn(loop, "deadlines", sweep()); }

asio::awaitable<void> Deadlines::sweep() {
  while (!stopped_) {
    timer_.expires_after(sweep_interval);
    auto [ec] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (ec) break;
    const auto now = Clock::now();
    // expire() may unlink its own entry, never another.
    for (auto it = entries_.begin(); it != entries_.end();) {
      Entry& entry = *it++;
      if (entry.expires_at > now) continue;
      entry.expires_at = never;
      entry.expire();
    }
  }
}
}  // namespace hivemind
