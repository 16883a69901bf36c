// paper.h - the seven scenarios and the ablation of HiveMind's paper (arXiv 2604.17111), played with our scheduler,
// with the clients that vendors ship, and with providers that count in other ways.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "sim/claims.h"

namespace hivemind::sim {

struct PaperScenario {
  std::string name, about;
  Published published;
  int agents = 0;
  std::vector<Row> direct;  // 0 retries; 2 with Retry-After; 10 with full jitter
  std::vector<Row> ours;    // the paper's window; a token bucket; the limit enforced per second
};
struct Ablation {
  Row whole;                 // nothing switched off
  std::vector<Row> without;  // each primitive in turn
};
struct Paper {
  std::uint64_t seeds = 0;
  std::vector<PaperScenario> scenarios;
  std::vector<Ablation> ablations;  // the paper's own scenario first
  Claims claims;
  std::vector<Row> rows() const;
};

// The folder of the shipped scenarios: `chosen`, else beside the program as built or as installed. Throws
// std::runtime_error.
std::filesystem::path find_scenarios(const std::string& chosen);
Paper play_paper(const std::filesystem::path& folder, std::uint64_t seeds, unsigned threads);
std::string as_text(const Paper& paper);

std::string ablation_text(const Paper& paper);
// Its 95 % interval overlaps ours.
bool as_published(double share, int agents, const Row& row);
}  // namespace hivemind::sim
