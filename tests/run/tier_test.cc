#include "preload/run/tier.h"

#include <gtest/gtest.h>

namespace hivemind::run {
namespace {
Program dynamic_program() { return {}; }
Program static_program() {
  Program program;
  program.can_preload = false;
  program.why_not = "is a static program";
  return program;
}
Program setuid_program() {
  Program program = static_program();
  program.why_not = "is setuid, so the loader ignores LD_PRELOAD";
  program.elevated = true;
  return program;
}

// The tiers named in `there` can be had.
WhyNot only(const std::string& there) {
  return [there](Tier tier) {
    return there.find(name_of(tier)) != std::string::npos ? "" : std::string(name_of(tier)) + " is missing";
  };
}

TEST(Tier, NamesAreUnique) {
  for (const Tier tier : {Tier::preload, Tier::seccomp, Tier::ebpf, Tier::proxy, Tier::none})
    EXPECT_EQ(tier_named(name_of(tier)), tier);
  EXPECT_EQ(tier_named("auto"), std::nullopt);
  EXPECT_EQ(tier_named(""), std::nullopt);
}

TEST(Tier, Choice) {
  const std::string all = "preload seccomp ebpf proxy";
  const struct {
    const char* name;
    Program program;
    std::string there;
    std::optional<Tier> wish;
    Tier want;
    bool covered, preload_beside;
  } cases[] = {
      {"dynamic: preload, whatever else there is", dynamic_program(), all, {}, Tier::preload, true, false},
      {"dynamic without the object: eBPF", dynamic_program(), "seccomp ebpf proxy", {}, Tier::ebpf, true, false},
      {"dynamic without object and helper: rather nothing",
       dynamic_program(),
       "seccomp proxy",
       {},
       Tier::none,
       false,
       false},
      {"dynamic, nothing at all", dynamic_program(), "", {}, Tier::none, false, false},
      {"static: eBPF before seccomp", static_program(), all, {}, Tier::ebpf, true, true},
      {"static without the helper: seccomp", static_program(), "preload seccomp proxy", {}, Tier::seccomp, true, true},
      {"static, without the object too", static_program(), "seccomp", {}, Tier::seccomp, true, false},
      {"static: proxy last", static_program(), "preload proxy", {}, Tier::proxy, true, true},
      {"static: only what it starts", static_program(), "preload", {}, Tier::preload, false, false},
      {"static, nothing at all", static_program(), "", {}, Tier::none, false, false},
      {"setuid: eBPF", setuid_program(), all, {}, Tier::ebpf, true, true},
      {"setuid: never seccomp", setuid_program(), "preload seccomp proxy", {}, Tier::preload, false, false},
      {"asked: seccomp for a dynamic one", dynamic_program(), all, Tier::seccomp, Tier::seccomp, true, true},
      {"asked: eBPF alone", static_program(), all, Tier::ebpf, Tier::ebpf, true, false},
      {"asked and missing", static_program(), "preload seccomp", Tier::ebpf, Tier::none, false, false},
      {"asked: seccomp for setuid", setuid_program(), all, Tier::seccomp, Tier::none, false, false},
      {"asked: preload for a static one", static_program(), all, Tier::preload, Tier::preload, false, false},
      {"asked: proxy", dynamic_program(), all, Tier::proxy, Tier::proxy, true, false},
      {"asked: none", dynamic_program(), all, Tier::none, Tier::none, true, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto choice = choose_tier(c.program, only(c.there), c.wish);
    EXPECT_EQ(choice.tier, c.want) << name_of(choice.tier);
    EXPECT_EQ(choice.not_covered.empty(), c.covered) << choice.not_covered;
    EXPECT_EQ(choice.preload_beside, c.preload_beside);
    EXPECT_FALSE(choice.reason.empty());
  }
}

TEST(Tier, SaysWhatIsMissingAndWhatItCosts) {
  EXPECT_EQ(
      choose_tier(static_program(), only("preload"), {}).reason,
      "it is a static program; no ebpf: ebpf is missing; no seccomp: seccomp is missing; no proxy: proxy is missing");
  EXPECT_EQ(
      choose_tier(static_program(), only("preload seccomp"), {}).reason,
      "it is a static program; sudo and other setuid programs gain no rights inside (root's own run excepted), and "
      "static programs hear an address of ours from getpeername");
  EXPECT_EQ(choose_tier(static_program(), only(""), Tier::ebpf).not_covered,
            "--capture=ebpf cannot be had: ebpf is missing");
}

TEST(Tier, PreloadAsksForNothingElse) {
  const auto choice = choose_tier(dynamic_program(),
                                  [](Tier tier) {
                                    EXPECT_EQ(tier, Tier::preload);
                                    return std::string();
                                  },
                                  {});
  EXPECT_EQ(choice.tier, Tier::preload);
}
}  // namespace
}  // namespace hivemind::run
