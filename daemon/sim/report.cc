#include "sim/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

namespace hivemind::sim {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + '"';
}

// The shortest text that reads back as the same number to nine digits.
std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}
std::string number(const std::optional<double>& value) { return value ? number(*value) : "null"; }

struct Key {
  const char* name;
  std::function<std::string(const Row&)> value;  // as JSON
};

const std::vector<Key>& keys() {
  static const std::vector<Key> all{
      {"scenario", [](const Row& r) { return quoted(r.scenario); }},
      {"policy", [](const Row& r) { return quoted(r.policy); }},
      {"without", [](const Row& r) { return quoted(r.without); }},
      {"client", [](const Row& r) { return quoted(r.client); }},
      {"seeds", [](const Row& r) { return std::to_string(r.seeds); }},
      {"agents", [](const Row& r) { return std::to_string(r.agents); }},
      {"dead", [](const Row& r) { return std::to_string(r.dead); }},
      {"dead_low", [](const Row& r) { return number(r.dead_low); }},
      {"dead_high", [](const Row& r) { return number(r.dead_high); }},
      {"wasted_tokens", [](const Row& r) { return number(r.wasted_tokens); }},
      {"makespan", [](const Row& r) { return number(r.makespan); }},
      {"makespan_ratio", [](const Row& r) { return number(r.makespan_ratio); }},
      {"upstream_429_share", [](const Row& r) { return number(r.upstream_429_share); }},
      {"wait_p50", [](const Row& r) { return number(r.wait_p50); }},
      {"wait_p99", [](const Row& r) { return number(r.wait_p99); }},
      {"jain", [](const Row& r) { return number(r.jain); }},
      {"utilisation", [](const Row& r) { return number(r.utilisation); }},
  };
  return all;
}

std::string or_dash(const std::optional<double>& value, const std::function<std::string(double)>& shown) {
  return value ? shown(*value) : "-";
}
}  // namespace

std::string decimal(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}
std::string percent(double share, int digits) { return decimal(100 * share, digits) + " %"; }

std::string columns(const std::vector<std::vector<std::string>>& lines, std::size_t left) {
  std::vector<std::size_t> widths;
  for (const auto& line : lines) {
    widths.resize(std::max(widths.size(), line.size()));
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string text;
  for (const auto& line : lines) {
    std::string row;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string padding(widths[i] - line[i].size(), ' ');
      if (i > 0) row += "  ";
      row += i < left ? line[i] + padding : padding + line[i];
    }
    text += row.erase(row.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

std::string as_table(const std::vector<Row>& rows) {
  const bool budgets =
      std::any_of(rows.begin(), rows.end(), [](const Row& r) { return r.overshoots + r.over_budget > 0; });
  const bool compared = std::any_of(rows.begin(), rows.end(), [](const Row& r) { return r.late.has_value(); });
  const bool deadlines = std::any_of(rows.begin(), rows.end(), [](const Row& r) { return r.on_time.has_value(); });
  std::vector<std::vector<std::string>> lines{{"scenario", "policy", "without", "client", "dead", "95 %",
                                               "wasted tokens", "makespan", "÷ bound", "429s", "after 2 min",
                                               "wait p50", "p99", "Jain", "used", "completion"}};
  lines.front()[8] = "/ bound";
  const bool cached = std::any_of(rows.begin(), rows.end(), [](const Row& r) { return r.cached; });
  if (cached) lines.front().push_back("input tokens");
  if (deadlines) lines.front().push_back("on time");
  if (budgets) lines.front().insert(lines.front().end(), {"stopped", "overshot"});
  if (compared) lines.front().insert(lines.front().end(), {"after GPS"});
  for (const auto& r : rows) {
    lines.push_back({r.scenario, r.policy, r.without.empty() ? "-" : r.without, r.client,
                     std::to_string(r.dead) + " of " + std::to_string(r.agents),
                     decimal(100 * r.dead_low, 1) + "-" + percent(r.dead_high), decimal(r.wasted_tokens, 0),
                     decimal(r.makespan, 1) + " s", or_dash(r.makespan_ratio, [](double v) { return decimal(v, 3); }),
                     percent(r.upstream_429_share, 2),
                     or_dash(r.warm_429_share, [](double v) { return percent(v, 2); }), decimal(r.wait_p50, 2) + " s",
                     decimal(r.wait_p99, 2) + " s", decimal(r.jain, 3),
                     or_dash(r.utilisation, [](double v) { return percent(v); }), decimal(r.completion, 1) + " s"});
    if (cached) lines.back().push_back(decimal(r.input, 0));
    if (deadlines) lines.back().push_back(or_dash(r.on_time, [](double v) { return percent(v); }));
    if (budgets) lines.back().insert(lines.back().end(), {std::to_string(r.over_budget), std::to_string(r.overshoots)});
    if (compared) lines.back().push_back(r.late ? decimal(r.late->requests, 1) : "-");
  }
  auto text = columns(lines, 4);
  for (const auto& r : rows) {
    if (r.died_of.empty()) continue;
    text += r.scenario + ' ' + r.policy + (r.without.empty() ? "" : " without " + r.without) + ", client " + r.client +
            ": ";
    for (const auto& [count, cause] : r.died_of)
      text += (&cause == &r.died_of.front().second ? "" : ", ") + std::to_string(count) +
              (&cause == &r.died_of.front().second ? " died of " : " of ") + cause;
    text += '\n';
  }
  return text;
}

std::string as_json(const std::vector<Row>& rows) {
  std::string text = "[";
  for (const auto& row : rows) {
    text += text.size() > 1 ? ",\n {" : "\n {";
    for (const auto& key : keys())
      text += (&key == &keys().front() ? "\"" : ", \"") + std::string(key.name) + "\": " + key.value(row);
    text += '}';
  }
  return text + "\n]\n";
}

std::string as_csv(const std::vector<Row>& rows) {
  std::string text;
  for (const auto& key : keys()) text += (text.empty() ? "" : ",") + std::string(key.name);
  text += '\n';
  for (const auto& row : rows) {
    for (const auto& key : keys()) {
      auto value = key.value(row);
      if (value == "null") value.clear();
      if (value.size() > 1 && value.front() == '"') value = value.substr(1, value.size() - 2);
      text += (&key == &keys().front() ? "" : ",") + value;
    }
    text += '\n';
  }
  return text;
}
}  // namespace hivemind::sim
