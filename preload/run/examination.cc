#include "preload/run/examination.h"

#include "preload/run/capture.h"
#include "preload/run/json_text.h"
#include "preload/run/machine.h"
#include "preload/run/uncovered.h"

namespace hivemind::run {
namespace {
std::string pair(const char* name, const std::string& value) { return json_text(name) + ":" + json_text(value); }

const char* name_of(Finding::State state) {
  return state == Finding::State::ok ? "ok" : state == Finding::State::note ? "note" : "broken";
}

template <class T, class Show>
std::string list(const std::vector<T>& all, Show show) {
  std::string text = "[";
  for (const auto& one : all) text += (text.size() > 1 ? "," : "") + show(one);
  return text + "]";
}

std::string look_at_program(const std::vector<std::string>& command, const ProcessEnvironment& environment) {
  const auto found = find_program(command, environment);
  if (const auto* problem = std::get_if<CommandProblem>(&found))
    return "{" + pair("command", command[0]) + "," + pair("problem", problem->sentence) + "}";
  const auto& program = std::get<Program>(found);
  const auto choice = choose_tier(program, [&](Tier tier) { return why_not_here(tier, environment); }, {});
  return "{" + pair("command", command[0]) + ",\"steps\":" + list(program.steps, json_text) + "," +
         pair("tier", name_of(choice.tier)) + "," + pair("reason", choice.reason) + "," +
         pair("not_covered", choice.not_covered) + ",\"uncovered\":" +
         list(what_stays_uncovered(program, choice),
              [](const Uncovered& one) {
                return "{" + pair("what", one.what) + "," + pair("remedy", one.remedy) + "}";
              }) +
         "}";
}
}  // namespace

std::string examine(const std::vector<std::string>& command, const ProcessEnvironment& environment) {
  return "{\"findings\":" +
         list(look_at_machine(environment),
              [](const Finding& finding) {
                return "{" + pair("check", finding.check) + "," + pair("state", name_of(finding.state)) + "," +
                       pair("said", finding.said) + "," + pair("remedy", finding.remedy) + "}";
              }) +
         ",\"program\":" + (command.empty() ? "null" : look_at_program(command, environment)) + "}\n";
}
}  // namespace hivemind::run
