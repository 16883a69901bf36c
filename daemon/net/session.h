// session.h - one captured connection, from its first byte to its end: what it is, and who carries it.
#pragma once
#include "core/http_head.h"
#include "core/sniff.h"
#include "net/run.h"
#include "net/services.h"

namespace hivemind {

class Session {
public:
  Session(Services& services, RunPtr run, tcp::socket socket, OriginalDestination original);
  ~Session();
  Session(const Session&) = delete;
  // `ahead`: its first bytes, read already.
  asio::awaitable<void> serve(std::string ahead = {});
  // The connection is one to a proxy: it says itself, by CONNECT, where it wants to go.
  asio::awaitable<void> serve_proxied();

private:
  asio::awaitable<void> serve_tls(const ClientHello& hello, std::string ahead);
  asio::awaitable<void> serve_plain(std::string ahead);
  // Requests on a connection that is ours. `host` is fixed by SNI; empty: each request's Host tells (plain HTTP).
  asio::awaitable<void> serve_http(std::string host, std::string buffer);
  asio::awaitable<bool> serve_request(const RequestHead& head, std::string_view raw_head, const std::string& host,
                                      std::string& buffer);
  asio::awaitable<bool> answer_proxied(std::string status, std::string more_headers, std::string_view why);
  asio::awaitable<void> tunnel_to(std::string host, std::string ahead);
  asio::awaitable<Result<StreamPtr>> dial(std::string host);
  // An answer of ours to what cannot be served; the connection ends.
  asio::awaitable<void> refuse(int status, std::string reason);
  asio::awaitable<void> linger();  // reads what still comes, for a while, and closes
  asio::awaitable<void> end_after_answer();

  Services& services_;
  RunPtr run_;
  std::shared_ptr<const Config> config_;
  Stream client_;
  OriginalDestination original_;
  std::string executable_;
  StreamPtr early_;  // to the original destination, opened because the client says nothing; or null
};
}  // namespace hivemind
