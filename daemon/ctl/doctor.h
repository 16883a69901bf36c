// doctor.h - `hivemindctl doctor`: what of HiveMind works on this machine, and what would happen to a command. The
// programs that do it are asked themselves (hivemind-run --examine, hivemindd --examine), so no answer is a guess.
#pragma once
#include <boost/json/object.hpp>

#include <string>
#include <vector>

namespace hivemind::ctl {

// {"good": bool, "findings": [...], "program": null or {...}}; `command` may be empty. A program that cannot be asked
// is a finding, too.
boost::json::object examine(const std::vector<std::string>& command);
// The same of what the two programs said; an answer that is no JSON is a finding.
boost::json::object diagnosis(const std::string& said_by_run, const std::string& said_by_daemon);
std::string doctor_text(const boost::json::object& diagnosis, bool styled);
}  // namespace hivemind::ctl
