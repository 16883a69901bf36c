// tier.h - how the command of a run is captured, and why so. Decides only: what can be had here is asked of the caller.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "preload/run/program.h"

namespace hivemind::run {
enum class Tier { preload, seccomp, ebpf, proxy, none };
const char* name_of(Tier tier);
std::optional<Tier> tier_named(std::string_view name);

// Why a tier cannot be had on this machine, for this user; empty: it can. Asked only when the answer matters.
using WhyNot = std::function<std::string(Tier)>;

struct Choice {
  Tier tier = Tier::none;
  std::string reason;  // for people
  // Why the command stays uncaptured, empty: it is captured. A sentence of its own with Tier::none, else what follows
  // the command's name.
  std::string not_covered;
  bool preload_beside = false;  // the dynamic programs of the run also get the preload object
};
// `wish`: the tier asked for by name; nullopt: --capture=auto.
Choice choose_tier(const Program& program, const WhyNot& why_not, std::optional<Tier> wish);
}  // namespace hivemind::run
