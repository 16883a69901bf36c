// snapshot_json.h - the daemon's state as JSON, the contract of /status and /runs with hivemindctl and with scripts.
// Durations are seconds (keys end in _s), run ids 16 hexadecimal digits, what is not known null. Every text is valid
// UTF-8 whatever a client sent. Keys are added, never renamed.
#pragma once
#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "control/control_server.h"
#include "core/snapshot.h"

namespace hivemind {

boost::json::object status_json(const DaemonInfo& info, const Snapshot& snapshot);
boost::json::object run_json(const RunSnapshot& run);
boost::json::array runs_json(const std::vector<RunSnapshot>& runs);
boost::json::array decisions_json(const std::vector<DecisionSnapshot>& decisions);

// "requests", "input_tokens", ...
std::string dimension_key(Dimension dimension);
// 16 hexadecimal digits.
std::string run_id_text(std::uint64_t id);
// `text` with a '?' for each byte that is not part of valid UTF-8.
std::string valid_utf8(std::string_view text);
}  // namespace hivemind
