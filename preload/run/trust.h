// trust.h - which variables make the programs of a run trust our roots, and the patience HiveMind wants of them.
// Invariant: a variable that replaces a program's roots is only set to a superset of what the program had; what the
// user set is merged, never lost, and what cannot be read is left alone.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "preload/run/bundle.h"
#include "preload/run/process_environment.h"

namespace hivemind::run {
struct Trust {
  std::vector<std::pair<std::string, std::string>> assignments;  // the most important first
  std::vector<std::string> remarks;                              // sentences for the user
};
// `system_bundle`: empty when there is none. Only a bundle that cannot be written is a problem.
Result<Trust> make_trust(const ProcessEnvironment& environment, const BundleStore& bundles,
                         const std::string& system_bundle);
std::string find_system_bundle();
}  // namespace hivemind::run
