// hivemind-sim: what would this fleet do on this account?
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "sim/options.h"
#include "sim/paper.h"
#include "sim/plot.h"
#include "sim/report.h"
#include "sim/scenario_file.h"
#include "sim/variants.h"

namespace {
using namespace hivemind::sim;

std::vector<Case> cases_of(const CommandLine& line) {
  std::vector<Case> cases;
  const auto policies_to_play = line.command == CommandLine::Command::compare ? policies() : line.policies;
  for (const auto& file : line.files) {
    const auto scenario = load_scenario(file, line.settings);
    if (line.direct) {
      cases.push_back(direct(scenario, line.client));
      continue;
    }
    for (const auto& policy : policies_to_play.empty() ? std::vector<std::string>{""} : policies_to_play) {
      if (line.without.empty()) cases.push_back(scheduled(scenario, policy, "", line.client));
      for (const auto& primitive : line.without) cases.push_back(scheduled(scenario, policy, primitive, line.client));
    }
  }
  return cases;
}

std::string in_form(const std::vector<Row>& rows, CommandLine::Form form) {
  if (form == CommandLine::Form::json) return as_json(rows);
  return form == CommandLine::Form::csv ? as_csv(rows) : as_table(rows);
}

void write(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  if (!out.flush()) throw std::runtime_error(file + " cannot be written");
}

// One case is best seen as lanes of its first seed, several as bars.
void plot(const std::string& file, const std::vector<Case>& cases, const std::vector<Row>& rows) {
  if (file.empty()) return;
  if (cases.size() != 1) return write(file, survival_plot(rows));
  auto variant = cases.front().variant;
  variant.spans = true;
  const auto& scenario = cases.front().scenario;
  write(file, lanes_plot(scenario, Simulation(scenario, variant, 1).run(),
                         scenario.name + ", " + cases.front().policy + ", seed 1"));
}

int serve(const CommandLine& line) {
  if (line.command == CommandLine::Command::paper) {
    const auto paper = play_paper(find_scenarios(line.scenarios), line.seeds, line.threads);
    const auto text = line.form == CommandLine::Form::table ? as_text(paper) : in_form(paper.rows(), line.form);
    std::fputs(text.c_str(), stdout);
    plot(line.plot, {}, paper.rows());
    return 0;
  }
  auto cases = cases_of(line);
  if (line.command == CommandLine::Command::compare)
    for (auto& one : cases) one.compared_to_ideal = one.scenario.agent_count() <= 200;
  const auto rows = play(cases, line.seeds, line.threads);
  std::fputs(in_form(rows, line.form).c_str(), stdout);
  plot(line.plot, cases, rows);
  return 0;
}
}  // namespace

int main(int argc, char** argv) {
  int status = 0;
  const auto line = parse_command_line(argc, argv, status);
  if (!line) return status;
  try {
    return serve(*line);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hivemind-sim: %s\n", error.what());
    return 1;
  }
}
