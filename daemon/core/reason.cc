#include "core/reason.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/seconds.h"

namespace hivemind {
namespace {
std::string what_failed(const Reason& reason) {
  return reason.status > 0 ? std::to_string(reason.status) : to_string(reason.failure);
}
std::string breaker_words(const char* name, const std::string& in) {
  return in.empty() ? std::string("breaker (") + name + "): waits for its probe"
                    : std::string("breaker open (") + name + "), probe in " + in;
}
std::string own_words(const Reason& reason) {
  const std::string in = reason.in ? in_words(*reason.in) : "";
  char text[160];
  switch (reason.kind) {
    case ReasonKind::next:
      return "goes next";
    case ReasonKind::cooldown:
      return "rate limited, nothing goes out for " + in;
    case ReasonKind::overload:
      return breaker_words("overload", in);
    case ReasonKind::fault:
      return breaker_words("fault", in);
    case ReasonKind::quota:
      return "quota exhausted: one request at a time";
    case ReasonKind::concurrency:
      std::snprintf(text, sizeof text, "concurrency %.0f of %.0f in flight%s", reason.need, reason.limit,
                    reason.learning ? ", learning the limits" : "");
      return text;
    case ReasonKind::limit:
      std::snprintf(text, sizeof text, "%s%s: %.0f of %.0f left, %.0f needed, in %s", to_string(reason.dimension),
                    per_window(reason.window).c_str(), std::max(0.0, std::floor(reason.available)), reason.limit,
                    std::ceil(reason.need), in.c_str());
      return text;
    case ReasonKind::window:
      return "the " + window_name(reason.window) + " window is used up" + (in.empty() ? "" : ", next look in " + in);
    case ReasonKind::pace:
      std::snprintf(text, sizeof text, "%s window: %.0f %% left, spread until it ends, in %s",
                    window_name(reason.window).c_str(), 100 * reason.available, in.c_str());
      return text;
    case ReasonKind::acceleration:
      std::snprintf(text, sizeof text, "traffic grows by half in 15 min: %.0f of %.0f tokens left, in %s",
                    std::max(0.0, reason.available), reason.limit, in.c_str());
      return text;
    case ReasonKind::hold:
      return "slots are held for agents between turns, for " + in;
    case ReasonKind::leader:
      std::snprintf(text, sizeof text,
                    "request %llu writes %.0f tokens of its prompt into the cache, waits for that %s",
                    static_cast<unsigned long long>(reason.request), reason.need, in.c_str());
      return text;
    case ReasonKind::cache_ends:
      std::snprintf(text, sizeof text, "before its turn: %.0f tokens of its prompt are cached for only %s", reason.need,
                    in.c_str());
      return text;
    case ReasonKind::backoff:
      return "backing off after " + what_failed(reason) + ", " + in;
    case ReasonKind::budget:
      std::snprintf(text, sizeof text, "token budget: %.0f of %.0f left, %.0f needed", std::max(0.0, reason.available),
                    reason.limit, reason.need);
      return text;
    case ReasonKind::deadline:
      return "waited as long as it may";
    case ReasonKind::draining:
      return "the daemon is shutting down";
    case ReasonKind::closed:
      return "its run has ended";
    case ReasonKind::queue_full:
      return "the queue is full";
    case ReasonKind::too_large:
      return "larger than its limit ever allows";
    case ReasonKind::failed:
      return "passed on: " + what_failed(reason);
    case ReasonKind::left:
      return "its client left";
    case ReasonKind::done:
      return "done";
  }
  return "?";
}
}  // namespace

std::string per_window(Duration window) {
  if (window >= 20h) return " per day";
  if (window > 2min) return " per " + in_words(window);
  return window <= 1s ? " per second" : " per minute";
}

std::string window_name(Duration window) {
  const double hours = in_seconds(window) / 3600;
  char text[32];
  if (hours >= 48)
    std::snprintf(text, sizeof text, "%.0f-day", hours / 24);
  else if (hours >= 1)
    std::snprintf(text, sizeof text, "%.0f-hour", hours);
  else
    std::snprintf(text, sizeof text, "%.0f-minute", hours * 60);
  return text;
}

const char* to_string(ReasonKind kind) {
  static constexpr const char* names[] = {
      "next",     "cooldown",     "overload",   "fault",     "quota",      "concurrency", "limit",  "window",
      "pace",     "acceleration", "hold",       "leader",    "cache_ends", "backoff",     "budget", "deadline",
      "draining", "closed",       "queue_full", "too_large", "failed",     "left",        "done"};
  return names[static_cast<std::size_t>(kind)];
}

std::string in_words(const Reason& reason) {
  return reason.ahead > 0 ? std::to_string(reason.ahead) + " ahead; " + own_words(reason) : own_words(reason);
}

const char* freed_by(const Reason& reason) {
  if (reason.ahead > 0) return "those ahead of it";
  switch (reason.kind) {
    case ReasonKind::overload:
    case ReasonKind::fault:
      return reason.in ? "time" : "the probe's answer";
    case ReasonKind::quota:
    case ReasonKind::concurrency:
      return reason.in ? "time" : "the end of a request";
    case ReasonKind::leader:
      return "its leader's first content";
    case ReasonKind::budget:
      return "a refund";
    case ReasonKind::cooldown:
    case ReasonKind::limit:
    case ReasonKind::window:
    case ReasonKind::pace:
    case ReasonKind::acceleration:
    case ReasonKind::hold:
    case ReasonKind::backoff:
      return "time";
    default:
      return "nothing";
  }
}

std::string in_words(Duration d) {
  char text[32];
  const double s = std::max(0.0, in_seconds(d));
  if (s < 1)
    std::snprintf(text, sizeof text, "%.0f ms", s * 1e3);
  else if (s < 120)
    std::snprintf(text, sizeof text, "%.1f s", s);
  else
    std::snprintf(text, sizeof text, "%.0f min", s / 60);
  return text;
}
}  // namespace hivemind
