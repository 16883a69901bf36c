// waiter.h - a coroutine parked until somebody wakes it. At most one at a time; waking nobody is harmless.
// wake() lets the event loop resume the coroutine; resume() does so on the spot, for callers that hold no state the
// coroutine could pull away. Event-loop thread only.
#pragma once
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>

#include "core/errors.h"

namespace hivemind {

namespace asio = boost::asio;

class Waiter {
public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  // A coroutine still parked is destroyed with its frame.
  ~Waiter() = default;

  bool waiting() const { return handler_.has_value(); }
  asio::awaitable<error_code> wait() {
    error_code result;
    asio::use_awaitable_t<> token;
    co_await asio::async_initiate<asio::use_awaitable_t<>, void()>(
        [](Handler handler, Waiter* self, error_code* into) {
          self->handler_.emplace(std::move(handler));
          self->result_ = into;
        },
        token, this, &result);
    co_return result;
  }
  void wake(error_code ec = {}) {
    if (!handler_) return;
    Handler handler = take(ec);
    auto executor = asio::get_associated_executor(handler);
    asio::post(executor, std::move(handler));
  }
  void resume(error_code ec = {}) {
    if (handler_) take(ec)();
  }

private:
  using Handler = asio::async_result<asio::use_awaitable_t<>, void()>::handler_type;
  Handler take(error_code ec) {
    *result_ = ec;
    Handler handler = std::move(*handler_);
    handler_.reset();
    return handler;
  }
  std::optional<Handler> handler_;
  error_code* result_ = nullptr;
};
}  // namespace hivemind
