// exchange.h - one generation: admitted by the scheduler, sent, retried while nothing of it reached the client.
// Invariants: the client gets at most one response head; once a byte of a response went to it no other attempt is made;
// every request submitted to the scheduler is settled exactly once, whoever leaves first.
#pragma once
#include <string>

#include "core/dialect.h"
#include "net/message_reader.h"
#include "net/response_relay.h"
#include "net/run.h"

namespace hivemind {

class Exchange {
public:
  // `head` borrows from `raw_head`; all references outlive the exchange. `agent`: who asks, in a run of many agents.
  Exchange(Services& services, Run& run, Stream& client, const Destination& destination, const Dialect& dialect,
           const RequestHead& head, std::string_view raw_head, Body body, std::string agent);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  // True: the client's connection can carry another request.
  asio::awaitable<bool> serve();

private:
  enum class Attempt { answered, again, client_gone };
  asio::awaitable<Attempt> attempt();
  asio::awaitable<Attempt> attempt_on(Stream& upstream, bool reused, bool& stale, bool& reusable);
  asio::awaitable<Attempt> deliver(ResponseRelay& relay, ResponseReader& reader, std::string held, bool scheduled);
  // Tells the scheduler; `again`, or answers with what there is: `held`, else an error of ours or a reset.
  asio::awaitable<Attempt> failed(const Failure& failure, const Usage& usage, ResponseRelay* relay,
                                  ResponseReader* reader, std::string held);
  asio::awaitable<error_code> send(Stream& upstream);
  Attempt left(const Usage& usage);
  bool keeps_alive(const ResponseRelay& relay) const;

  Services& services_;
  Run& run_;
  Stream& client_;
  const Destination& destination_;
  const Dialect& dialect_;
  const RequestHead& head_;
  std::string_view raw_head_;
  std::shared_ptr<const Config> config_;
  Body body_;
  std::string agent_;
  CancelPoint cancel_;
  RequestId request_ = 0;
  bool keep_alive_ = false, settled_ = false;
  std::string session_;  // for the log
};
}  // namespace hivemind
