// report.h - what --summary and --explain print. Words only: everything is given.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "hivemind/handover.h"
#include "hivemind/token_table.h"
#include "preload/run/program.h"
#include "preload/run/tier.h"

namespace hivemind::run {
std::string summary_text(const std::string& name, const hm_summary& summary, std::int64_t token_budget,
                         std::uint64_t took_ms);
std::string program_text(const Program& program, const Choice& choice);
// `what_is` says of a command's name what kind of program it is, for those that were seen starting and not after:
// "is a static program", or nothing.
std::string processes_text(const std::vector<hm_process>& processes, int agent_pid, const Program& program,
                           const Choice& choice, const std::function<std::string(const std::string&)>& what_is);

std::string show_count(std::uint64_t count);  // "950", "12.3 k", "4.56 M"
std::string show_time(std::uint64_t ms);      // "0.4 s", "1 min 12 s", "2 h 5 min"
}  // namespace hivemind::run
