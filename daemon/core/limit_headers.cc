#include "core/limit_headers.h"

#include <algorithm>

#include "core/calendar_time.h"
#include "core/duration_text.h"
#include "core/window_headers.h"

namespace hivemind {
namespace {

// A whole number; "-1" and the like are placeholders, not limits.
std::optional<std::int64_t> count(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  const auto number = parse_number(*text);
  if (!number || *number > 1e15) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

struct HeaderNames {
  std::string_view limit, remaining, reset;
};

// Fills limit, remaining and reset; nullopt when the head has neither of the first two.
std::optional<LimitReport> read(const ResponseHead& head, const HeaderNames& names) {
  LimitReport report;
  report.limit = count(head.find(names.limit));
  report.remaining = count(head.find(names.remaining));
  if (!report.limit && !report.remaining) return std::nullopt;
  const auto date = head.find("date");
  if (const auto reset = head.find(names.reset))
    report.reset_after = parse_delay(*reset, (date ? parse_http_date(*date) : std::nullopt).value_or(0));
  return report;
}

struct Family {
  HeaderNames names;
  Dimension dimension;
  Duration window;  // zero: as the profile says
};

constexpr Family openai_families[] = {
    {{"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"},
     Dimension::requests,
     0s},
    {{"x-ratelimit-limit-req-minute", "x-ratelimit-remaining-req-minute", "x-ratelimit-reset-req-minute"},
     Dimension::requests,
     60s},
    {{"x-ratelimit-limit-requests-day", "x-ratelimit-remaining-requests-day", "x-ratelimit-reset-requests-day"},
     Dimension::requests,
     24h},
    {{"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"}, Dimension::tokens, 60s},
    {{"x-ratelimit-limit-tokens-minute", "x-ratelimit-remaining-tokens-minute", "x-ratelimit-reset-tokens-minute"},
     Dimension::tokens,
     60s},
    {{"x-ratelimit-limit-project-tokens", "x-ratelimit-remaining-project-tokens", "x-ratelimit-reset-project-tokens"},
     Dimension::tokens,
     60s},
};
// Where a dimension is named twice, the first counts: Priority Tier and fast mode have limits of their own, which are
// given beside the ordinary ones.
#define HM_ANTHROPIC(stem) \
  { stem "-limit", stem "-remaining", stem "-reset" }
constexpr Family anthropic_families[] = {
    {HM_ANTHROPIC("anthropic-ratelimit-requests"), Dimension::requests, 60s},
    {HM_ANTHROPIC("anthropic-ratelimit-input-tokens"), Dimension::input_tokens, 60s},
    {HM_ANTHROPIC("anthropic-ratelimit-output-tokens"), Dimension::output_tokens, 60s},
    {HM_ANTHROPIC("anthropic-priority-input-tokens"), Dimension::input_tokens, 60s},
    {HM_ANTHROPIC("anthropic-priority-output-tokens"), Dimension::output_tokens, 60s},
    {HM_ANTHROPIC("anthropic-fast-input-tokens"), Dimension::input_tokens, 60s},
    {HM_ANTHROPIC("anthropic-fast-output-tokens"), Dimension::output_tokens, 60s},
};
constexpr Family anthropic_tokens{HM_ANTHROPIC("anthropic-ratelimit-tokens"), Dimension::tokens, 60s};
#undef HM_ANTHROPIC

constexpr HeaderNames plain_families[] = {
    {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"},
    {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"},
};

// A plain limit does not say over what time it runs: the shortest usual window that its reset fits in.
Duration window_holding(Duration reset) {
  for (const Duration window : {Duration(1s), Duration(60s), Duration(1h)})
    if (reset <= window) return window;
  return 24h;
}

std::optional<LimitReport> read_plain(const ResponseHead& head) {
  for (const auto& names : plain_families) {
    auto report = read(head, names);
    if (!report || !report->reset_after) continue;
    report->window = window_holding(*report->reset_after);
    report->bucket = false;
    return report;
  }
  return std::nullopt;
}

}  // namespace

std::vector<LimitReport> read_openai_limits(const ResponseHead& head, const LimitHeaderProfile& profile) {
  std::vector<LimitReport> reports;
  for (const auto& family : openai_families) {
    auto report = read(head, family.names);
    if (!report) continue;
    report->dimension = family.dimension;
    report->window = family.window == 0s ? profile.request_window : family.window;
    report->bucket = profile.bucket;
    // The first of its kind counts, unless another one is tighter (project limits inside the organisation's).
    const auto same = std::find_if(reports.begin(), reports.end(), [&](const LimitReport& other) {
      return other.dimension == report->dimension && other.window == report->window;
    });
    if (same == reports.end())
      reports.push_back(*report);
    else if (report->remaining && same->remaining && *report->remaining < *same->remaining)
      *same = *report;
  }
  if (reports.empty())
    if (const auto plain = read_plain(head)) reports.push_back(*plain);
  if (profile.codex) read_codex_windows(head, reports);
  return reports;
}

std::vector<LimitReport> read_anthropic_limits(const ResponseHead& head) {
  std::vector<LimitReport> reports;
  const auto add = [&](const Family& family) {
    auto report = read(head, family.names);
    if (!report) return;
    report->dimension = family.dimension;
    report->granularity = family.dimension == Dimension::requests ? 1 : 1000;  // remaining tokens are rounded
    reports.push_back(*report);
  };
  for (const auto& family : anthropic_families) {
    const auto same = [&](const LimitReport& other) { return other.dimension == family.dimension; };
    if (std::none_of(reports.begin(), reports.end(), same)) add(family);
  }
  // The most restrictive limit in force: it often only repeats one of the others.
  const auto repeats = [&, limit = count(head.find(anthropic_tokens.names.limit))](const LimitReport& other) {
    return other.limit == limit;
  };
  if (std::none_of(reports.begin(), reports.end(), repeats)) add(anthropic_tokens);
  read_unified_windows(head, reports);
  return reports;
}

}  // namespace hivemind
