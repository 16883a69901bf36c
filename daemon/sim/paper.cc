#include "sim/paper.h"

#include <stdexcept>

#include "sim/scenario_file.h"
#include "sim/variants.h"

namespace hivemind::sim {
namespace {
const std::vector<std::string> paper_scenarios{"micro-5",   "micro-10", "micro-20",     "micro-50",
                                               "replay-11", "stress",   "latency-spike"};
// Where each primitive has something to do; the first is the one that the paper takes apart.
const std::vector<std::string> ablation_scenarios{"replay-11", "stress", "micro-20", "outage", "priorities", "budget"};
const std::vector<std::string> clients{"none", "sdk", "jitter"};
const std::vector<std::string> enforcements{"bucket", "per-second"};

Row take(std::vector<Row>& rows, std::size_t& next) { return std::move(rows[next++]); }
}  // namespace

std::filesystem::path find_scenarios(const std::string& chosen) {
  namespace fs = std::filesystem;
  if (!chosen.empty()) return chosen;
  std::error_code ec;
  const auto program = fs::read_symlink("/proc/self/exe", ec).parent_path();
  for (const auto& folder : {program / "../../examples/scenarios", program / "../../../examples/scenarios",
                             program / "../share/hivemind/scenarios", fs::path("examples/scenarios")})
    if (fs::is_directory(folder, ec)) return folder.lexically_normal();
  throw std::runtime_error("the shipped scenarios are not beside this program; name their folder with --scenarios");
}

Paper play_paper(const std::filesystem::path& folder, std::uint64_t seeds, unsigned threads) {
  std::vector<Case> cases;
  Paper paper;
  paper.seeds = seeds;
  for (const auto& name : paper_scenarios) {
    const auto file = folder / (name + ".toml");
    const auto scenario = load_scenario(file, {});
    paper.scenarios.push_back({name, scenario.about, scenario.published, scenario.agent_count(), {}, {}});
    for (const auto& client : clients) cases.push_back(direct(scenario, client));
    cases.push_back(scheduled(scenario, "", "", ""));
    for (const auto& how : enforcements) {
      auto other = load_scenario(file, {"provider.enforce=" + how});
      other.name += " (" + how + ")";
      cases.push_back(scheduled(std::move(other), "", "", ""));
    }
  }
  for (const auto& name : ablation_scenarios) {
    const auto scenario = load_scenario(folder / (name + ".toml"), {});
    cases.push_back(scheduled(scenario, "", "", ""));
    for (const auto& primitive : primitives()) cases.push_back(scheduled(scenario, "", primitive, ""));
  }

  auto rows = play(cases, seeds, threads);
  std::size_t next = 0;
  for (auto& scenario : paper.scenarios) {
    for (std::size_t i = 0; i < clients.size(); ++i) scenario.direct.push_back(take(rows, next));
    for (std::size_t i = 0; i <= enforcements.size(); ++i) scenario.ours.push_back(take(rows, next));
  }
  while (next < rows.size()) {
    auto& ablation = paper.ablations.emplace_back();
    ablation.whole = take(rows, next);
    for (std::size_t i = 0; i < primitives().size(); ++i) ablation.without.push_back(take(rows, next));
  }
  paper.claims = play_claims(folder, seeds, threads);
  return paper;
}

std::vector<Row> Paper::rows() const {
  std::vector<Row> all;
  for (const auto& scenario : scenarios) {
    all.insert(all.end(), scenario.direct.begin(), scenario.direct.end());
    all.insert(all.end(), scenario.ours.begin(), scenario.ours.end());
  }
  for (const auto& ablation : ablations) {
    all.push_back(ablation.whole);
    all.insert(all.end(), ablation.without.begin(), ablation.without.end());
  }
  const auto more = claims.rows();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}
}  // namespace hivemind::sim
