#include "control/snapshot_json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace hivemind {
namespace {
namespace json = boost::json;

// To the thousandth: more digits than that tell nothing. Whole numbers without an exponent.
json::value rounded(double number) {
  const double thousandths = std::round(number * 1000);
  if (std::fmod(thousandths, 1000) == 0 && std::abs(number) < 1e15) return std::llround(number);
  return thousandths / 1000;
}
json::value seconds(Duration duration) { return rounded(std::chrono::duration<double>(duration).count()); }
json::value seconds(const std::optional<Duration>& duration) {
  return duration ? seconds(*duration) : json::value(nullptr);
}

json::object limit_json(const LimitSnapshot& limit) {
  return {
      {"dimension", dimension_key(limit.dimension)}, {"limit", limit.limit},   {"available", rounded(limit.available)},
      {"window_s", seconds(limit.window)},           {"source", limit.source}, {"cooldown_s", seconds(limit.cooldown)}};
}

json::object window_json(const WindowSnapshot& window) {
  return {{"window_s", seconds(window.length)},    {"model_only", window.model_only},
          {"used", rounded(window.used)},          {"rejected", window.rejected},
          {"resets_s", seconds(window.resets_in)}, {"exhausted_s", seconds(window.exhausted_in)},
          {"paced_s", seconds(window.paced_for)}};
}

json::object pool_json(const PoolSnapshot& pool) {
  json::array limits, windows;
  for (const auto& window : pool.windows) windows.push_back(window_json(window));
  for (const auto& limit : pool.limits) limits.push_back(limit_json(limit));
  return {{"provider", valid_utf8(pool.provider)},
          {"account", valid_utf8(pool.account)},
          {"model_class", valid_utf8(pool.model_class)},
          {"window", rounded(pool.window)},
          {"in_flight", pool.in_flight},
          {"waiting", pool.waiting},
          {"breaker", pool.breaker},
          {"rate_limited", pool.rate_limited},
          {"overloads", pool.overloads},
          {"faults", pool.faults},
          {"cached_prefixes", pool.cached_prefixes},
          {"following", pool.following},
          {"went_ahead", pool.went_ahead},
          {"limits", std::move(limits)},
          {"windows", std::move(windows)}};
}

// Only what says something of this kind of reason.
json::object reason_json(const Reason& why) {
  json::object object{{"kind", to_string(why.kind)}, {"freed_by", freed_by(why)}, {"in_s", seconds(why.in)}};
  if (why.ahead > 0) object["ahead"] = why.ahead;
  if (why.kind == ReasonKind::limit || why.kind == ReasonKind::concurrency) {
    object["dimension"] = dimension_key(why.dimension);
    object["limit"] = rounded(why.limit);
    object["need"] = rounded(why.need);
  }
  if (why.kind == ReasonKind::leader) object["request"] = why.request;
  if (why.kind == ReasonKind::leader || why.kind == ReasonKind::cache_ends) object["tokens"] = rounded(why.need);
  if (why.kind == ReasonKind::budget) {
    object["limit"] = rounded(why.limit);
    object["available"] = rounded(why.available);
    object["need"] = rounded(why.need);
  }
  if (why.kind == ReasonKind::limit) {
    object["available"] = rounded(why.available);
    object["window_s"] = seconds(why.window);
  }
  if (why.kind == ReasonKind::window || why.kind == ReasonKind::pace) {
    object["window_s"] = seconds(why.window);
    object["available"] = rounded(why.available);
  }
  if (why.kind == ReasonKind::acceleration) {
    object["limit"] = rounded(why.limit);
    object["available"] = rounded(why.available);
  }
  if (why.kind == ReasonKind::backoff || why.kind == ReasonKind::failed) {
    object["status"] = why.status;
    object["failure"] = to_string(why.failure);
  }
  return object;
}

json::object waiting_json(const WaitingSnapshot& waiting) {
  return {{"request", waiting.request},
          {"run", run_id_text(waiting.run)},
          {"agent", valid_utf8(waiting.agent)},
          {"model", valid_utf8(waiting.model)},
          {"priority", waiting.priority},
          {"waited_s", seconds(waiting.waited)},
          {"reason", valid_utf8(waiting.reason)},
          {"why", reason_json(waiting.why)},
          {"expected_s", seconds(waiting.expected)}};
}

json::object info_json(const DaemonInfo& info) {
  return {
      {"pid", info.pid},
      {"version", info.version},
      {"uptime_s", seconds(info.uptime)},
      {"config_file", valid_utf8(info.config_file)},
      {"log_file", valid_utf8(info.log_file)},
      {"root_bundle", valid_utf8(info.root_bundle)},
      {"certificates_expire", info.certificates_expire ? json::value(info.certificates_expire) : json::value(nullptr)},
      {"connections", info.connections},
      {"draining", info.draining}};
}

// Length of the UTF-8 sequence at the front of `text`, 0 when it is not valid.
std::size_t sequence(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = at(0);
  const std::size_t size = first < 0x80                    ? 1
                           : first >= 0xC2 && first < 0xE0 ? 2
                           : first >= 0xE0 && first < 0xF0 ? 3
                           : first >= 0xF0 && first < 0xF5 ? 4
                                                           : 0;
  if (size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what lies above U+10FFFF.
  if (size >= 3) {
    const unsigned second = at(1);
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
        (first == 0xF4 && second > 0x8F))
      return 0;
  }
  return size;
}
}  // namespace

json::object run_json(const RunSnapshot& run) {
  json::array agents;
  for (const auto& agent : run.agents) {
    agents.push_back(json::object{{"agent", valid_utf8(agent.agent)},
                                  {"waiting", agent.waiting},
                                  {"in_flight", agent.in_flight},
                                  {"requests", agent.requests}});
  }
  return {{"id", run_id_text(run.id)},
          {"parent", run.parent ? json::value(run_id_text(run.parent)) : json::value(nullptr)},
          {"name", valid_utf8(run.name)},
          {"priority", run.priority},
          {"weight", rounded(run.weight)},
          {"waiting", run.waiting},
          {"in_flight", run.in_flight},
          {"requests", run.requests},
          {"retries", run.retries},
          {"errors", run.errors},
          {"refused", run.refused},
          {"input_tokens", run.input_tokens},
          {"output_tokens", run.output_tokens},
          {"cached_tokens", run.cached_tokens},
          {"tokens_spent", run.tokens_spent},
          {"tokens_reserved", run.tokens_reserved},
          {"token_budget", run.token_budget ? json::value(*run.token_budget) : json::value(nullptr)},
          {"waited_s", seconds(run.waited)},
          {"agents", std::move(agents)}};
}

json::array runs_json(const std::vector<RunSnapshot>& runs) {
  json::array all;
  for (const auto& run : runs) all.push_back(run_json(run));
  return all;
}

json::array decisions_json(const std::vector<DecisionSnapshot>& decisions) {
  json::array all;
  for (const auto& decision : decisions) {
    all.push_back(json::object{{"number", decision.number},
                               {"ago_s", seconds(decision.ago)},
                               {"kind", decision.kind},
                               {"request", decision.request},
                               {"run", run_id_text(decision.run)},
                               {"agent", valid_utf8(decision.agent)},
                               {"attempts", decision.attempts},
                               {"waited_s", seconds(decision.waited)},
                               {"reason", valid_utf8(decision.reason)},
                               {"why", reason_json(decision.why)}});
  }
  return all;
}

json::object status_json(const DaemonInfo& info, const Snapshot& snapshot) {
  json::array pools, queue, budgets;
  for (const auto& pool : snapshot.pools) pools.push_back(pool_json(pool));
  for (const auto& waiting : snapshot.queue) queue.push_back(waiting_json(waiting));
  for (const auto& budget : snapshot.budgets) {
    budgets.push_back(json::object{{"name", valid_utf8(budget.name)},
                                   {"limit", budget.limit},
                                   {"spent", budget.spent},
                                   {"reserved", budget.reserved}});
  }
  return {{"daemon", info_json(info)},
          {"pools", std::move(pools)},
          {"runs", runs_json(snapshot.runs)},
          {"budgets", std::move(budgets)},
          {"queue", std::move(queue)}};
}

std::string dimension_key(Dimension dimension) {
  std::string key = to_string(dimension);
  std::replace(key.begin(), key.end(), ' ', '_');
  return key;
}

std::string run_id_text(std::uint64_t id) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(id));
  return text.data();
}

std::string valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = sequence(text);
    if (size == 0) {
      valid += '?';
      text.remove_prefix(1);
    } else {
      valid += text.substr(0, size);
      text.remove_prefix(size);
    }
  }
  return valid;
}
}  // namespace hivemind
