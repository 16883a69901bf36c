#include "preload/run/tier.h"

#include <array>
#include <utility>

namespace hivemind::run {
namespace {
constexpr std::array names{"preload", "seccomp", "ebpf", "proxy", "none"};

const char* price_of(Tier tier) {
  switch (tier) {
    case Tier::seccomp:
      return "; sudo and other setuid programs gain no rights inside (root's own run excepted), and static programs "
             "hear an address of ours from getpeername";
    case Tier::proxy:
      return "; only clients that honour HTTPS_PROXY are captured";
    default:
      return "";
  }
}

// Why a tier that can be had does not suit this program; empty: it does.
std::string unsuited(Tier tier, const Program& program) {
  if (tier == Tier::seccomp && program.elevated) return "it would lose the privileges it was given, and not work";
  if (tier == Tier::proxy && program.elevated) return "programs with privileges of their own ignore their environment";
  return {};
}

Choice choose_asked(const Program& program, const WhyNot& why_not, Tier wish) {
  const std::string asked = std::string("--capture=") + name_of(wish);
  Choice choice{wish, "asked for by " + asked + price_of(wish), {}, false};
  if (wish == Tier::none) return choice;
  auto why = why_not(wish);
  if (why.empty()) why = unsuited(wish, program);
  if (!why.empty()) {
    const std::string problem = asked + " cannot be had: " + why;
    return {Tier::none, problem, problem, false};
  }
  // Dynamic programs lose less by the object: it also sees to getpeername.
  choice.preload_beside = wish == Tier::seccomp && why_not(Tier::preload).empty();
  if (wish == Tier::preload && !program.can_preload)
    choice.not_covered = program.why_not + ": it runs uncaptured, only programs it starts may be captured";
  return choice;
}

Choice choose_best(const Program& program, const WhyNot& why_not) {
  const auto no_preload = why_not(Tier::preload);
  if (program.can_preload) {
    if (no_preload.empty()) return {Tier::preload, "it loads the preload object", {}, false};
    // An installation that is broken is not made up for by a tier that has a price.
    const auto no_ebpf = why_not(Tier::ebpf);
    if (no_ebpf.empty()) return {Tier::ebpf, no_preload, {}, false};
    return {Tier::none, no_preload + "; no ebpf: " + no_ebpf, no_preload, false};
  }
  std::string others;
  for (const Tier tier : {Tier::ebpf, Tier::seccomp, Tier::proxy}) {
    auto why = unsuited(tier, program);
    if (why.empty()) why = why_not(tier);
    if (why.empty()) return {tier, "it " + program.why_not + price_of(tier), {}, no_preload.empty()};
    others.append("; no ").append(name_of(tier)).append(": ").append(why);
  }
  if (!no_preload.empty()) return {Tier::none, "it " + program.why_not + others, no_preload, false};
  return {Tier::preload, "it " + program.why_not + others,
          program.why_not + ": it runs uncaptured, only programs it starts may be captured", false};
}
}  // namespace

const char* name_of(Tier tier) { return names[static_cast<std::size_t>(tier)]; }

std::optional<Tier> tier_named(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (name == names[i]) return static_cast<Tier>(i);
  return {};
}

Choice choose_tier(const Program& program, const WhyNot& why_not, std::optional<Tier> wish) {
  return wish ? choose_asked(program, why_not, *wish) : choose_best(program, why_not);
}
}  // namespace hivemind::run
