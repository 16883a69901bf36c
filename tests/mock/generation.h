// generation.h - one attempt to generate, from the request that was read to the last byte or the fault.
// Invariant: whatever way it ends, the model's slot is given back and statistics and log are told once.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "sim/provider/dialect.h"
#include "tests/mock/generation_request.h"
#include "tests/mock/http_message.h"
#include "tests/mock/log_entry.h"
#include "tests/mock/simulator.h"

namespace hivemind::mock {
using namespace provider;

class Generation {
public:
  Generation(Simulator& simulator, Connection& connection, const Request& request, Api api, LogEntry& entry);
  ~Generation();
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;
  // False: the connection is over.
  boost::asio::awaitable<bool> run();

private:
  boost::asio::awaitable<bool> refuse(Fault fault);
  boost::asio::awaitable<bool> fail_before_head();
  boost::asio::awaitable<bool> answer_sized();
  boost::asio::awaitable<bool> answer_stream();
  boost::asio::awaitable<bool> break_stream(std::size_t index);
  boost::asio::awaitable<bool> send(std::string content);  // as one chunk
  boost::asio::awaitable<bool> send_head(std::string first);
  boost::asio::awaitable<bool> wait_for_content();
  Answer plan() const;
  Circumstances circumstances() const;
  std::string headers(const Fault& fault);
  void produce(std::int64_t tokens);
  std::size_t breaking_index() const;

  Simulator& simulator_;
  Connection& connection_;
  const Request& request_;
  const Api api_;
  const Dialect& dialect_;
  LogEntry& entry_;
  const TimePoint arrived_ = Clock::now();
  const std::string number_;
  std::optional<GenerationRequest> asked_;
  Verdict verdict_;
  std::vector<LimitState> limits_;  // as of its arrival: what a gateway knows when it lets it pass
  Answer answer_;
  std::int64_t produced_ = 0;
  bool fault_met_ = false;  // what verdict_ holds has happened
};

// The credential a request carries, or "anonymous".
std::string account_of(const Request& request);
// An organisation's id, always the same for one account.
std::string organization_of(Api api, const std::string& account);
}  // namespace hivemind::mock
