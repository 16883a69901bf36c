// turns.h - how long a loop that never has to wait may keep the event loop to itself.
// Between two peers on a fast path every call moves bytes at once; without this nobody else would be served meanwhile.
// Usage, after bytes were moved: if (turns.over(bytes)) { co_await next_turn(); }
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>

namespace hivemind {

namespace asio = boost::asio;

class Turns {
public:
  bool over(std::size_t bytes) {
    moved_ += bytes;
    if (moved_ < quantum) return false;
    moved_ = 0;
    return true;
  }

private:
  static constexpr std::size_t quantum = 512 * 1024;
  std::size_t moved_ = 0;
};

// Resumes after everything that is ready now.
inline asio::awaitable<void> next_turn() { co_await asio::post(asio::use_awaitable); }
}  // namespace hivemind
