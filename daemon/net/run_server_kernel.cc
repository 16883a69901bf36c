// What was captured in the kernel: a listener of both families, a table that also finds connections by their source.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "net/run_server.h"

namespace hivemind {
namespace {
void reset(tcp::socket& socket) {
  spdlog::info("refused connection reason=no live token");
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}
}  // namespace

std::optional<std::string> RunServer::begin_kernel(const RunPtr& run, HandedEntrance handed) {
  run->kernel =
      std::make_unique<KernelEntrance>(KernelEntrance{tcp::acceptor(services_.loop), std::move(handed.table)});
  int family = AF_INET6;
  socklen_t size = sizeof family;
  ::getsockopt(handed.listener.get(), SOL_SOCKET, SO_DOMAIN, &family, &size);
  error_code ec;
  run->kernel->listener.assign(family == AF_INET6 ? tcp::v6() : tcp::v4(), handed.listener.get(), ec);
  if (ec) return "the listener of what is captured in the kernel cannot be used: " + ec.message();
  handed.listener.release();
  run->kernel->listener.non_blocking(true, ec);
  run->kernel->table.tokens().release_orphans();
  return std::nullopt;
}

asio::awaitable<void> RunServer::accept_kernel(RunPtr run) {
  asio::steady_timer pause(services_.loop);
  auto& listener = run->kernel->listener;
  while (listener.is_open()) {
    tcp::endpoint source;  // asked for here: a socket that was reset cannot tell any more
    auto [ec, socket] = co_await listener.async_accept(source, asio::as_tuple(asio::use_awaitable));
    if (!ec) {
      admit_kernel(run, std::move(socket), source);
    } else if (ec != asio::error::operation_aborted && ec != asio::error::connection_aborted) {
      spdlog::warn("accept paused run={:016x} error={}", run->id(), ec.message());
      pause.expires_after(100ms);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }
}

void RunServer::accept_rest_kernel(const RunPtr& run) {
  for (;;) {
    error_code ec;
    tcp::endpoint source;
    auto socket = run->kernel->listener.accept(source, ec);
    if (ec) break;
    admit_kernel(run, std::move(socket), source);
  }
}

void RunServer::admit_kernel(const RunPtr& run, tcp::socket socket, const tcp::endpoint& source) {
  error_code ec;
  const auto local = socket.local_endpoint(ec);
  if (ec) return;
  auto original = run->kernel->table.accept(local, source);
  if (!original) return reset(socket);
  spawn(services_.loop, "session", serve(services_, run, std::move(socket), std::move(*original)));
}
}  // namespace hivemind
