#include "core/window_headers.h"

#include <cstdio>

#include "dialect_fixture.h"

namespace hivemind {
namespace {
using Lines = std::vector<std::string>;
const std::string date = "date: Fri, 20 Nov 2026 10:03:07 GMT\r\n";  // 1795168987

// "0.83 of 5 h, ends in 100 s, rejected" of each.
Lines windows(const char* dialect, const std::string& fields, int status = 200) {
  Lines out;
  const auto head = response_head(status, date + fields);
  for (const auto& report : dialect_by_name(dialect)->read_limits(head.head)) {
    if (!report.use) continue;
    char text[120];
    std::snprintf(text, sizeof text, "%.2f of %.1f h", report.use->used,
                  std::chrono::duration<double>(report.window).count() / 3600);
    std::string line = text;
    if (report.reset_after)
      line += ", ends in " +
              std::to_string(std::chrono::duration_cast<std::chrono::seconds>(*report.reset_after).count()) + " s";
    if (report.use->model_only) line += ", this model";
    if (report.use->rejected) line += ", rejected";
    out.push_back(line);
  }
  return out;
}
std::string unified(const std::string& name, const std::string& value) {
  return "Anthropic-RateLimit-Unified-" + name + ": " + value + "\r\n";
}

TEST(WindowHeaders, OfAClaudeSubscription) {
  const auto fields = unified("status", "allowed_warning") + unified("representative-claim", "five_hour") +
                      unified("reset", "1795169087") + unified("5h-status", "allowed_warning") +
                      unified("5h-utilization", "0.83") + unified("5h-reset", "1795169087") +
                      unified("7d-utilization", "0.4") + unified("7d-reset", "1795268987") +
                      unified("7d_oi-utilization", "1.01") + unified("fallback-percentage", "0.5") +
                      unified("overage-utilization", "0.2");
  EXPECT_EQ(windows("anthropic", fields), (Lines{"0.83 of 5.0 h, ends in 100 s", "0.40 of 168.0 h, ends in 100000 s",
                                                 "1.01 of 168.0 h, this model"}));
  EXPECT_EQ(windows("anthropic", ""), Lines{});
}

TEST(WindowHeaders, ARejectionNamesItsWindow) {
  const auto fields = unified("status", "rejected") + unified("5h-status", "rejected") +
                      unified("5h-utilization", "1.0") + unified("5h-reset", "1795169087");
  EXPECT_EQ(windows("anthropic", fields, 429), Lines{"1.00 of 5.0 h, ends in 100 s, rejected"});
  EXPECT_EQ(windows("anthropic", fields, 200), Lines{"1.00 of 5.0 h, ends in 100 s"}) << "served on credits";
  const auto claim = [](const char* name) {
    return unified("status", "rejected") + unified("representative-claim", name) + unified("reset", "1795169087");
  };
  EXPECT_EQ(windows("anthropic", claim("seven_day"), 429), Lines{"1.00 of 168.0 h, ends in 100 s, rejected"});
  EXPECT_EQ(windows("anthropic", claim("seven_day_overage_included"), 429),
            Lines{"1.00 of 168.0 h, ends in 100 s, this model, rejected"});
  EXPECT_EQ(windows("anthropic", claim("who_knows"), 429), Lines{"1.00 of 5.0 h, ends in 100 s, rejected"});
  EXPECT_EQ(windows("anthropic", claim("five_hour") + unified("5h-utilization", "0.99"), 429),
            Lines{"0.99 of 5.0 h, ends in 100 s, rejected"});
}

TEST(WindowHeaders, OfCodex) {
  const std::string primary =
      "x-codex-primary-used-percent: 42\r\nx-codex-primary-window-minutes: 300\r\n"
      "x-codex-primary-reset-at: 1795169087\r\n";
  const std::string secondary =
      "x-codex-secondary-used-percent: 100\r\nx-codex-secondary-window-minutes: 10080\r\n"
      "x-codex-secondary-reset-after-seconds: 7200\r\n";
  EXPECT_EQ(windows("chatgpt", primary + secondary),
            (Lines{"0.42 of 5.0 h, ends in 100 s", "1.00 of 168.0 h, ends in 7200 s"}));
  EXPECT_EQ(windows("chatgpt", primary + secondary, 429)[1], "1.00 of 168.0 h, ends in 7200 s, rejected");
  EXPECT_EQ(windows("chatgpt",
                    "x-codex-active-limit: bengalfox\r\nx-codex-bengalfox-primary-used-percent: 7\r\n"
                    "x-codex-other-primary-used-percent: 99\r\n"),
            Lines{"0.07 of 5.0 h, this model"});
  EXPECT_EQ(windows("openai", primary), Lines{}) << "its own are buckets";
}

TEST(WindowHeaders, WhatCannotBeIsNotSaid) {
  for (const char* share : {"nan", "-0.5", "inf", "", "eleven", "83", "1e400"})
    EXPECT_EQ(windows("anthropic", unified("5h-utilization", share)), Lines{}) << share;
  for (const char* length : {"0h", "h", "five", "1s", "999999999999d", "-5h"})
    EXPECT_EQ(windows("anthropic", unified(std::string(length) + "-utilization", "0.5")), Lines{}) << length;
  for (const char* reset : {"32503680000", "nan", "-1", "never"})  // the first: in the year 3000
    EXPECT_EQ(windows("anthropic", unified("5h-utilization", "0.5") + unified("5h-reset", reset)),
              Lines{"0.50 of 5.0 h"})
        << reset;
  EXPECT_EQ(windows("chatgpt", "x-codex-primary-used-percent: 5\r\nx-codex-primary-window-minutes: 0\r\n"),
            Lines{"0.05 of 5.0 h"});
  EXPECT_EQ(windows("chatgpt", "x-codex-primary-used-percent: 900\r\n"), Lines{});
  std::string many;
  for (int i = 1; i < 60; ++i) many += unified(std::to_string(i) + "h-utilization", "0.5");
  EXPECT_EQ(windows("anthropic", many).size(), 8u);
}
}  // namespace
}  // namespace hivemind
