// perfetto.h - decisions as Chrome's JSON, which ui.perfetto.dev and chrome://tracing draw: a process per run, a lane
// per agent and request at once, in which a request waits, runs, waits again and ends.
#pragma once
#include <boost/json/value.hpp>

#include <string>

namespace hivemind::ctl {

// Of what GET /decisions and GET /runs answer. The clock begins with the oldest decision.
std::string perfetto_text(const boost::json::value& decisions, const boost::json::value& runs);
}  // namespace hivemind::ctl
