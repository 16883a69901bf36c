#include "preload/run/report.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "preload/run/uncovered.h"

namespace hivemind::run {
namespace {
std::string line(const char* label, const std::string& text) {
  char head[32];
  std::snprintf(head, sizeof head, "  %-10s", label);
  return head + text + "\n";
}
std::string plural(std::uint64_t count, const char* one, const char* many) {
  return show_count(count) + " " + (count == 1 ? one : many);
}

const std::string not_captured = "none";

std::string tiers_of(const hm_process& process) {
  std::string names;
  const auto add = [&](std::uint32_t bit, Tier tier) {
    if ((process.tiers & bit) != 0) names += (names.empty() ? "" : "+") + std::string(name_of(tier));
  };
  add(HM_PRELOADED, Tier::preload);
  add(HM_SUPERVISED, Tier::seccomp);
  add(HM_IN_KERNEL, Tier::ebpf);
  add(HM_PROXIED, Tier::proxy);
  return names.empty() ? not_captured : names;
}

// Each process once: the kernel's table and the preload object's have entries of their own.
std::vector<hm_process> merged(const std::vector<hm_process>& processes) {
  std::vector<hm_process> all;
  for (const auto& process : processes) {
    const auto known = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.pid == process.pid; });
    if (known == all.end()) {
      all.push_back(process);
      continue;
    }
    if (known->comm[0] == '\0') std::copy(std::begin(process.comm), std::end(process.comm), known->comm);
    known->tiers |= process.tiers;
    for (const auto counter :
         {&hm_process::captured, &hm_process::by_name, &hm_process::by_port, &hm_process::by_socket, &hm_process::full,
          &hm_process::refused, &hm_process::restored, &hm_process::closed})
      (*known).*counter += process.*counter;
  }
  return all;
}

// What would have captured processes that this run missed.
std::string remedy() {
  return "--capture=ebpf captures every process of a run, --capture=seccomp all that are not setuid "
         "(`hivemindctl doctor` says what they need here)";
}
}  // namespace

std::string show_count(std::uint64_t count) {
  char text[32];
  const auto scaled = [&](double divisor, char unit) {
    const double value = static_cast<double>(count) / divisor;
    std::snprintf(text, sizeof text, value < 10 ? "%.2f %c" : value < 100 ? "%.1f %c" : "%.0f %c", value, unit);
  };
  if (count < 10'000)
    std::snprintf(text, sizeof text, "%llu", static_cast<unsigned long long>(count));
  else if (count < 1'000'000)
    scaled(1e3, 'k');
  else if (count < 1'000'000'000)
    scaled(1e6, 'M');
  else
    scaled(1e9, 'G');
  return text;
}

std::string show_time(std::uint64_t ms) {
  char text[48];
  const auto total = ms / 1000;
  if (ms < 60'000)
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(ms) / 1000);
  else if (total < 3600)
    std::snprintf(text, sizeof text, "%llu min %llu s", static_cast<unsigned long long>(total / 60),
                  static_cast<unsigned long long>(total % 60));
  else
    std::snprintf(text, sizeof text, "%llu h %llu min", static_cast<unsigned long long>(total / 3600),
                  static_cast<unsigned long long>(total / 60 % 60));
  return text;
}

std::string summary_text(const std::string& name, const hm_summary& summary, std::int64_t token_budget,
                         std::uint64_t took_ms) {
  std::string text = "hivemind: " + name + " ran " + show_time(took_ms) + "\n";
  text += line("requests",
               show_count(summary.requests) +
                   (summary.passed == 0 ? "" : ", and " + show_count(summary.passed) + " others passed through"));
  text += line("tokens", show_count(summary.input_tokens) + " in, " + show_count(summary.output_tokens) + " out, " +
                             show_count(summary.cached_tokens) + " cached");
  text += line("waited", show_time(summary.waited_ms) + " in all");
  text += line("absorbed", plural(summary.retries, "retry", "retries"));
  text += line("passed on", plural(summary.errors, "error", "errors"));
  if (summary.refused != 0) text += line("refused", plural(summary.refused, "request", "requests") + " by HiveMind");
  if (token_budget >= 0)
    text += line("budget", show_count(summary.tokens_spent) + " of " +
                               show_count(static_cast<std::uint64_t>(token_budget)) + " tokens");
  return text;
}

std::string program_text(const Program& program, const Choice& choice) {
  std::string text;
  for (const auto& step : program.steps) text += "hivemind: " + step + "\n";
  text += "hivemind: tier " + std::string(name_of(choice.tier)) + ": " + choice.reason + "\n";
  for (const auto& one : what_stays_uncovered(program, choice))
    text += "hivemind: it leaves out " + one.what + "; " + one.remedy + "\n";
  return text;
}

std::string processes_text(const std::vector<hm_process>& processes, int agent_pid, const Program& program,
                           const Choice& choice, const std::function<std::string(const std::string&)>& what_is) {
  std::string text = "hivemind: what was captured, process by process\n";
  char row[256];
  std::snprintf(row, sizeof row, "  %-8s %-15s %-8s %8s  %s\n", "pid", "command", "tier", "captured",
                "direct, and why");
  text += row;
  const bool follows_children = choice.tier == Tier::seccomp || choice.tier == Tier::ebpf;
  unsigned missed = 0;
  for (const auto& process : merged(processes)) {
    std::string direct;
    const auto add = [&](std::uint32_t count, const char* why) {
      if (count != 0) direct += (direct.empty() ? "" : ", ") + std::to_string(count) + " " + why;
    };
    add(process.by_name, "to hosts that are no LLM endpoint");
    add(process.by_port, "to ports that are not captured");
    add(process.by_socket, "on sockets that cannot be redirected");
    add(process.full, "for want of a free slot");
    add(process.refused, "to local servers that do not listen");
    add(process.closed, "from a process that lets nobody look into it");
    if (process.restored != 0)
      add(process.restored, process.restored == 1 ? "exec with a scrubbed environment put back"
                                                  : "execs with a scrubbed environment put back");
    auto tiers = tiers_of(process);
    if (tiers == not_captured && std::string_view(process.comm).starts_with("hivemind")) {
      direct = "everything: it is HiveMind's own";
    } else if (tiers == not_captured && follows_children) {
      tiers = name_of(choice.tier);
    } else if (tiers == not_captured) {
      ++missed;
      const auto kind = what_is(process.comm);
      direct = "everything: it " + (kind.empty() ? "did not load the preload object" : kind);
    }
    std::snprintf(row, sizeof row, "  %-8d %-15s %-8s %8u  ", process.pid,
                  process.comm[0] == '\0' ? "(ended)" : process.comm, tiers.c_str(), process.captured);
    text += row + (direct.empty() ? "-" : direct) + "\n";
  }
  if (processes.empty()) text += "  nothing\n";
  if (processes.size() >= HM_PROCESS_COUNT)
    text += "  and more: only the first " + std::to_string(HM_PROCESS_COUNT) + " processes are listed\n";
  const bool took = std::any_of(processes.begin(), processes.end(), [&](const hm_process& process) {
    return process.pid == agent_pid && tiers_of(process) != not_captured;
  });
  const bool by_preload = choice.tier == Tier::preload;
  if (by_preload && !took && program.can_preload)
    text += "  the command itself (pid " + std::to_string(agent_pid) +
            ") never loaded the preload object: it ran uncaptured\n";
  if (by_preload && !program.can_preload) text += "  the command itself ran uncaptured: it " + program.why_not + "\n";
  if (missed != 0) text += "  " + plural(missed, "process", "processes") + " ran uncaptured; " + remedy() + "\n";
  return text;
}
}  // namespace hivemind::run
