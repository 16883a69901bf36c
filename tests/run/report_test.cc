#include "preload/run/report.h"

#include <gtest/gtest.h>

#include <cstring>

namespace hivemind::run {
namespace {
TEST(Report, CountsAndTimesForPeople) {
  EXPECT_EQ(show_count(0), "0");
  EXPECT_EQ(show_count(9999), "9999");
  EXPECT_EQ(show_count(12345), "12.3 k");
  EXPECT_EQ(show_count(456789), "457 k");
  EXPECT_EQ(show_count(1'234'567), "1.23 M");
  EXPECT_EQ(show_time(400), "0.4 s");
  EXPECT_EQ(show_time(72'000), "1 min 12 s");
  EXPECT_EQ(show_time(7'500'000), "2 h 5 min");
}

TEST(Report, SummaryNamesTheBudgetOnlyWhenThereIsOne) {
  hm_summary summary{};
  summary.requests = 3;
  summary.retries = 1;
  summary.tokens_spent = 5;
  EXPECT_EQ(summary_text("n", summary, HM_NONE, 1500),
            "hivemind: n ran 1.5 s\n"
            "  requests  3\n"
            "  tokens    0 in, 0 out, 0 cached\n"
            "  waited    0.0 s in all\n"
            "  absorbed  1 retry\n"
            "  passed on 0 errors\n");
  EXPECT_NE(summary_text("n", summary, 100, 0).find("budget    5 of 100 tokens"), std::string::npos);
}

hm_process process_of(int pid, const char* comm, std::uint32_t tiers) {
  hm_process process{};
  process.pid = pid;
  process.tiers = tiers;
  std::strcpy(process.comm, comm);
  return process;
}

struct ProcessesText {
  std::vector<hm_process> processes;
  Program program = {};
  Choice choice = {Tier::preload, {}, {}, false};
  std::string text = {};
  bool has(const char* words) {
    text = processes_text(processes, 12, program, choice,
                          [](const std::string& name) { return name == "rg" ? "is a static program" : ""; });
    return text.find(words) != std::string::npos;
  }
};

TEST(Report, ProcessesSayWhatWentDirectAndWhy) {
  auto agent = process_of(12, "node", HM_PRELOADED);
  agent.captured = 4;
  agent.by_port = 2;
  agent.closed = 1;
  ProcessesText report{{agent}};
  EXPECT_TRUE(report.has("2 to ports that are not captured, 1 from a process that lets nobody look into it"))
      << report.text;
  EXPECT_FALSE(report.has("uncaptured")) << report.text;
}

TEST(Report, AnEmptyTableSaysSo) {
  const Choice choice{Tier::proxy, "asked for", {}, false};
  const auto text = processes_text({}, 12, {}, choice, [](const std::string&) { return std::string(); });
  EXPECT_NE(text.find("\n  nothing\n"), std::string::npos) << text;
}

TEST(Report, TheProgramItsTierAndWhatThatLeavesOut) {
  Program program;
  program.steps = {"/bin/x is a dynamic program (glibc)"};
  const auto text = program_text(program, {Tier::preload, "it loads the preload object", {}, false});
  EXPECT_EQ(
      text.find("hivemind: /bin/x is a dynamic program (glibc)\nhivemind: tier preload: it loads the preload object\n"
                "hivemind: it leaves out static and Go programs that it starts; --capture=ebpf or"),
      0u)
      << text;
}

TEST(Report, AProcessInTwoTablesIsOneRow) {
  auto in_kernel = process_of(12, "", HM_IN_KERNEL), preloaded = process_of(12, "node", HM_PRELOADED);
  in_kernel.captured = 3;
  preloaded.captured = 4;
  preloaded.by_name = 1;
  ProcessesText report{{in_kernel, preloaded, process_of(13, "", HM_IN_KERNEL)}};
  EXPECT_TRUE(report.has("12       node            preload+ebpf        7  1 to hosts that are no LLM endpoint\n"))
      << report.text;
  EXPECT_TRUE(report.has("(ended)         ebpf")) << report.text;
}

TEST(Report, TheCommandItself) {
  ProcessesText report{{process_of(13, "node", HM_PRELOADED)}};
  EXPECT_TRUE(report.has("(pid 12) never loaded the preload object")) << report.text;
  report.processes = {process_of(12, "node", HM_STARTED)};
  EXPECT_TRUE(report.has("(pid 12) never loaded the preload object")) << report.text;
  report.choice.tier = Tier::seccomp;
  EXPECT_FALSE(report.has("never loaded")) << "what did not connect needed no capture";
  report.choice.tier = Tier::preload;
  report.program.can_preload = false;
  report.program.why_not = "is a static program";
  EXPECT_TRUE(report.has("the command itself ran uncaptured: it is a static program")) << report.text;
}

TEST(Report, WhoCapturedThemAndWhoWasMissed) {
  ProcessesText report{{process_of(12, "node", HM_PRELOADED | HM_SUPERVISED), process_of(14, "rg", HM_STARTED),
                        process_of(15, "ping", HM_STARTED), process_of(16, "sh", HM_STARTED | HM_PRELOADED),
                        process_of(17, "go", HM_IN_KERNEL), process_of(18, "gh", HM_PROXIED)}};
  EXPECT_TRUE(report.has("preload+seccomp")) << report.text;
  EXPECT_TRUE(report.has("ebpf")) << report.text;
  EXPECT_TRUE(report.has("proxy")) << report.text;
  EXPECT_TRUE(report.has("everything: it is a static program")) << report.text;
  EXPECT_TRUE(report.has("everything: it did not load the preload object")) << report.text;
  EXPECT_TRUE(report.has("2 processes ran uncaptured; --capture=ebpf captures every process")) << report.text;
  report.processes.push_back(process_of(19, "hivemindd", HM_STARTED));
  EXPECT_TRUE(report.has("everything: it is HiveMind's own")) << report.text;
  EXPECT_TRUE(report.has("2 processes ran uncaptured")) << "and not one more: " << report.text;
  report.choice.tier = Tier::seccomp;
  EXPECT_FALSE(report.has("uncaptured")) << "children follow, also those that never connected: " << report.text;
}
}  // namespace
}  // namespace hivemind::run
