// routes.h - what is answered besides generations: the endpoints clients ask on the same hosts, and the simulator's own
// pages under /__mock.
#pragma once
#include <optional>
#include <string>

#include "tests/mock/generation_request.h"
#include "tests/mock/http_message.h"
#include "tests/mock/log_entry.h"
#include "tests/mock/simulator.h"

namespace hivemind::mock {

// The generation API a request is for, by method and the end of its path.
std::optional<Api> generation_api(const Request& request);
// A complete response for anything else; 404 where no provider has a page. Fills the entry's status.
std::string answer_other(const Request& request, LogEntry& entry);
// /__mock/...: stats, reset, script, echo, body, upgrade. False: the connection is over.
boost::asio::awaitable<bool> answer_own(Simulator& simulator, Connection& connection, const Request& request);
}  // namespace hivemind::mock
