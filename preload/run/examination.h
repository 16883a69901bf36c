// examination.h - what `hivemindctl doctor` asks of us: what would happen to a command here, found out by the very code
// that makes it happen.
#pragma once
#include <string>
#include <vector>

#include "preload/run/process_environment.h"

namespace hivemind::run {
// JSON for hivemindctl: {"findings": [{"check","state","said","remedy"}], "program": null or {"command","steps","tier",
// "reason","not_covered","uncovered": [{"what","remedy"}]}}. State: "ok", "note" (not to be had, and nothing is broken)
// or "broken". `command` may be empty. Starts no daemon and changes nothing but missing folders of our own.
std::string examine(const std::vector<std::string>& command, const ProcessEnvironment& environment);
}  // namespace hivemind::run
