// spawn.h - starts a coroutine that nobody waits for; what escapes it is logged with its name.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <spdlog/spdlog.h>

#include <exception>

namespace hivemind {

namespace asio = boost::asio;

// `name` must be a literal.
template <class Executor>
void spawn(Executor&& executor, const char* name, asio::awaitable<void> coroutine) {
  asio::co_spawn(std::forward<Executor>(executor), std::move(coroutine), [name](std::exception_ptr escaped) {
    if (!escaped) return;
    try {
      std::rethrow_exception(escaped);
    } catch (const std::exception& error) {
      spdlog::error("coroutine failed name={} error={}", name, error.what());
    }
  });
}
}  // namespace hivemind
