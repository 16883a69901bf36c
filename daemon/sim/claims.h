// claims.h - what else the scheduler is said to do, each claim with the figures that bear it out or not.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "sim/experiment.h"

namespace hivemind::sim {

// One agent of forty calls at once beside nine small ones.
struct FanOut {
  std::string estimates;  // how the scheduler misjudges them
  Row fcfs, fair;
};
// A policy on the kind of load that its own paper is about.
struct OwnLoad {
  std::string measure;
  Row fcfs, own;
};
struct Claims {
  std::vector<FanOut> fan_outs;
  std::vector<OwnLoad> loads;
  std::vector<Row> budgets;
  std::vector<Row> rows() const;
};

Claims play_claims(const std::filesystem::path& folder, std::uint64_t seeds, unsigned threads);
std::string as_text(const Claims& claims);
}  // namespace hivemind::sim
