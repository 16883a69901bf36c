// A connection to the run's listener by somebody who was told that it is a proxy (HTTPS_PROXY).
#include <openssl/crypto.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/authority.h"
#include "core/dialect.h"
#include "net/connector.h"
#include "net/message_reader.h"
#include "net/session.h"

namespace hivemind {
namespace {
constexpr Duration proxy_answer_time = 10s;

bool same_secret(std::string_view said, std::string_view wanted) {
  return said.size() == wanted.size() && CRYPTO_memcmp(said.data(), wanted.data(), wanted.size()) == 0;
}

std::string comm_of(const std::string& executable) { return executable.substr(executable.rfind('/') + 1); }

void set_address(OriginalDestination& destination, const tcp::endpoint& endpoint) {
  const auto six = endpoint.address().is_v6()
                       ? endpoint.address().to_v6()
                       : asio::ip::make_address_v6(asio::ip::v4_mapped, endpoint.address().to_v4());
  const auto bytes = six.to_bytes();
  std::copy(bytes.begin(), bytes.end(), destination.address.begin());
  destination.family = endpoint.address().is_v6() ? AF_INET6 : AF_INET;
}
}  // namespace

asio::awaitable<bool> Session::answer_proxied(std::string status, std::string more_headers, std::string_view why) {
  spdlog::info("refused proxy request status={} pid={}", status, original_.pid);
  const std::string text = "HiveMind: " + std::string(why) + "\n";
  const std::string answer =
      "HTTP/1.1 " + status + "\r\n" + more_headers +
      "Content-Type: text/plain\r\nConnection: close\r\nX-HiveMind: refused\r\nContent-Length: " +
      std::to_string(text.size()) + "\r\n\r\n" + text;
  const auto ec = co_await client_.write_all(answer, Clock::now() + proxy_answer_time);
  if (!ec) {
    co_await linger();
  }
  co_return false;
}

asio::awaitable<void> Session::serve_proxied() {
  std::string bytes;
  const auto size =
      co_await read_head(client_, bytes, services_, Clock::now() + config_->head_timeout, config_->head_timeout);
  if (!size) co_return client_.reset();
  const auto head = parse_request_head(std::string_view(bytes).substr(0, *size));
  if (!head) {
    co_await answer_proxied("400 Bad Request", {}, head.error().message());
    co_return;
  }
  if (!same_secret(head->find("proxy-authorization").value_or(""), run_->proxy_authorization)) {
    co_await answer_proxied("407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=\"HiveMind\"\r\n",
                            "this proxy serves the run that it belongs to, and nobody else");
    co_return;
  }
  const auto wanted = head->method == "CONNECT" ? parse_authority(head->target) : std::nullopt;
  if (!wanted) {
    co_await answer_proxied(head->method == "CONNECT" ? "400 Bad Request" : "501 Not Implemented", {},
                            "this proxy takes CONNECT host:port and nothing else");
    co_return;
  }
  original_.port = wanted->port;
  original_.name = wanted->host;
  executable_ = executable_of(original_.pid);
  run_->table.count_proxied(original_.pid, comm_of(executable_));
  const auto* configured = find_override(*config_, wanted->host);
  if (!configured || configured->address.empty()) {
    CancelPoint cancel;
    const auto found = co_await resolve(wanted->host, wanted->port, cancel);
    if (found.empty()) {
      co_await answer_proxied("502 Bad Gateway", {}, wanted->host + " has no address");
      co_return;
    }
    set_address(original_, found.front());
  }
  const auto ec =
      co_await client_.write_all("HTTP/1.1 200 Connection established\r\n\r\n", Clock::now() + config_->head_timeout);
  if (ec) co_return client_.reset();
  bytes.erase(0, *size);
  co_await serve(std::move(bytes));
}
}  // namespace hivemind
