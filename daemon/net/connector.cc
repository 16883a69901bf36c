#include "net/connector.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <vector>

#include "hivemind/token_table.h"

namespace hivemind {

namespace {
// How long the address the agent chose may stay silent while the name has others (happy eyeballs, RFC 8305, waits 250
// ms).
constexpr Duration first_address_patience = 1s;

struct ConnectDeadline final : Deadlines::Entry {
  explicit ConnectDeadline(tcp::socket& s) : socket(s) {}
  void expire() override {
    expired = true;
    error_code ignored;
    socket.cancel(ignored);
  }
  tcp::socket& socket;
  bool expired = false;
};

bool is_token_address(const asio::ip::address& address) {
  if (address.is_v4()) return hm_is_token(address.to_v4().to_uint());
  return address.to_v6().is_v4_mapped() &&
         hm_is_token(asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_uint());
}

asio::awaitable<Result<StreamPtr>> connect_one(const tcp::endpoint& endpoint, TimePoint until, Deadlines& deadlines,
                                               CancelPoint& cancel) {
  if (cancel.requested()) co_return error_code(asio::error::operation_aborted);
  // A token leads to one of our own listeners: whatever names one as an upstream would have us serve ourselves.
  if (is_token_address(endpoint.address())) co_return error_code(asio::error::address_family_not_supported);
  tcp::socket socket(co_await asio::this_coro::executor);
  ConnectDeadline deadline(socket);
  deadline.expires_at = until;
  deadlines.watch(deadline);
  CancelPoint::Scope scope(cancel, [&socket] {
    error_code ignored;
    socket.cancel(ignored);
  });
  auto [ec] = co_await socket.async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
  if (ec) co_return deadline.expired ? error_code(asio::error::timed_out) : ec;
  error_code ignored;
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  co_return std::make_unique<Stream>(std::move(socket), deadlines);
}
}  // namespace

asio::awaitable<std::vector<tcp::endpoint>> resolve(const std::string& name, std::uint16_t port, CancelPoint& cancel) {
  if (cancel.requested()) co_return std::vector<tcp::endpoint>{};
  tcp::resolver resolver(co_await asio::this_coro::executor);
  CancelPoint::Scope scope(cancel, [&resolver] { resolver.cancel(); });
  auto [ec, found] = co_await resolver.async_resolve(name, std::to_string(port), asio::as_tuple(asio::use_awaitable));
  std::vector<tcp::endpoint> endpoints;
  if (!ec)
    for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

asio::awaitable<Result<StreamPtr>> connect_to(const Destination& destination, Duration timeout, Deadlines& deadlines,
                                              CancelPoint& cancel) {
  std::vector<tcp::endpoint> endpoints;
  error_code ec;
  const auto host_address =
      asio::ip::make_address(destination.address.empty() ? destination.host : destination.address, ec);
  const bool named = static_cast<bool>(ec);
  if (destination.address.empty()) {
    const tcp::endpoint original(destination.original.address(), destination.port);
    const bool has_others = named && !destination.host.empty() && !original.address().is_loopback();
    auto first = co_await connect_one(
        original, Clock::now() + (has_others ? std::min(timeout, first_address_patience) : timeout), deadlines, cancel);
    if (first || !has_others || cancel.requested()) co_return first;
    endpoints = co_await resolve(destination.host, destination.port, cancel);
    std::erase(endpoints, original);
    endpoints.push_back(original);  // once more, with all the time there is
  } else if (!named) {
    endpoints.emplace_back(host_address, destination.port);
  } else {
    endpoints = co_await resolve(destination.address, destination.port, cancel);
    if (endpoints.empty()) co_return error_code(asio::error::host_not_found);
  }
  Result<StreamPtr> last = error_code(asio::error::host_not_found);
  for (const auto& endpoint : endpoints) {
    if (cancel.requested()) co_return error_code(asio::error::operation_aborted);
    last = co_await connect_one(endpoint, Clock::now() + timeout, deadlines, cancel);
    if (last) break;
  }
  co_return last;
}
}  // namespace hivemind
