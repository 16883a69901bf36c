// proxy.h - the proxy tier: programs that honour HTTPS_PROXY are told that the run's listener is one
// (hivemind/proxy.h).
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "hivemind/token_table.h"
#include "preload/run/process_environment.h"

namespace hivemind::run {
// Why this tier cannot be had, empty: it can. The user's own proxy is left alone; one of a run around this one is ours.
std::string why_no_proxy(const ProcessEnvironment& environment);
// From now on the run's listener answers CONNECT to who knows the secret, which only the table and the run have.
void open_proxy(hm_table& table);
// What its programs are given. What the user wants reached without a proxy stays so; this machine is added.
std::vector<std::pair<std::string, std::string>> proxy_assignments(const hm_table& table,
                                                                   const ProcessEnvironment& environment);
}  // namespace hivemind::run
