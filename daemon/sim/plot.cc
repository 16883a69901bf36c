#include "sim/plot.h"

#include <algorithm>
#include <cmath>

#include "core/seconds.h"
#include "sim/report.h"
#include "sim/svg.h"

namespace hivemind::sim {
namespace {
constexpr const char *alive_colour = "#3b7dd8", *direct_colour = "#c9a227", *grid_colour = "#ddd",
                     *dead_colour = "#c0392b", *wait_colour = "#cfd6df", *fail_colour = "#e67e22", *ink = "#222";

std::string label(const Row& row) {
  std::string text = row.scenario + "   " + row.policy;
  if (!row.without.empty()) text += " without " + row.without;
  if (row.policy == "direct") text += ", client " + row.client;
  return text;
}

// 1, 2 or 5 times a power of ten, about `count` of them in `length`.
double step_for(double length, int count) {
  const double raw = length / count, power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= raw) return factor * power;
  return 10 * power;
}

void legend(Svg& svg, double x, double y, const std::vector<std::pair<const char*, const char*>>& entries) {
  for (const auto& [colour, words] : entries) {
    svg.rectangle(x, y - 9, 14, 10, colour);
    svg.text(x + 19, y, words, Svg::Anchor::start, 11);
    x += 36 + 6.5 * static_cast<double>(std::string_view(words).size());
  }
}
}  // namespace

std::string survival_plot(const std::vector<Row>& rows) {
  constexpr double left = 330, width = 420, bar = 15, pitch = 21, top = 56;
  const double bottom = top + pitch * static_cast<double>(rows.size());
  Svg svg(left + width + 150, bottom + 30);
  svg.text(12, 22, "Agents alive", Svg::Anchor::start, 15);
  legend(svg, left, 22, {{alive_colour, "under HiveMind"}, {direct_colour, "direct"}, {ink, "95 % interval"}});
  for (int tick = 0; tick <= 100; tick += 25) {
    const double x = left + width * tick / 100;
    svg.line(x, top - 6, x, bottom, grid_colour);
    svg.text(x, top - 10, std::to_string(tick) + " %", Svg::Anchor::middle, 10);
  }
  double y = top;
  for (const auto& row : rows) {
    const double dead = row.agents ? static_cast<double>(row.dead) / static_cast<double>(row.agents) : 0;
    svg.text(left - 8, y + 12, label(row), Svg::Anchor::end, 11);
    svg.rectangle(left, y, width * (1 - dead), bar, row.policy == "direct" ? direct_colour : alive_colour);
    const double low = left + width * (1 - row.dead_high), high = left + width * (1 - row.dead_low),
                 middle = y + bar / 2;
    svg.line(low, middle, high, middle, ink, 1.5);
    for (const double x : {low, high}) svg.line(x, middle - 4, x, middle + 4, ink, 1.5);
    svg.text(left + width + 10, y + 12, std::to_string(row.agents - row.dead) + " of " + std::to_string(row.agents),
             Svg::Anchor::start, 11);
    y += pitch;
  }
  return svg.str();
}

std::string lanes_plot(const Scenario& scenario, const Outcome& outcome, const std::string& title) {
  constexpr double left = 110, width = 900, top = 62;
  const double lane =
      std::clamp(700.0 / static_cast<double>(std::max<std::size_t>(1, outcome.agents.size())), 2.0, 22.0);
  const double bottom = top + lane * static_cast<double>(outcome.agents.size());
  const double length = std::max(1e-3, in_seconds(outcome.makespan));
  const auto x_of = [&](Duration at) { return left + width * in_seconds(at) / length; };
  Svg svg(left + width + 40, bottom + 40);
  svg.text(12, 22, title, Svg::Anchor::start, 15);
  legend(svg, left, 42,
         {{wait_colour, "waits"}, {alive_colour, "runs"}, {fail_colour, "attempt failed"}, {dead_colour, "died"}});
  const double step = step_for(length, 10);
  for (double t = 0; t <= length; t += step) {
    const double x = left + width * t / length;
    svg.line(x, top, x, bottom, grid_colour);
    svg.text(x, bottom + 16, decimal(t, step < 1 ? 1 : 0) + " s", Svg::Anchor::middle, 10);
  }
  // What is short is drawn last and at least a pixel wide, or waiting would hide it.
  for (const auto kind : {Span::Kind::waits, Span::Kind::runs, Span::Kind::fails})
    for (const auto& span : outcome.spans)
      if (span.kind == kind)
        svg.rectangle(x_of(span.from), top + lane * span.agent + lane * 0.1,
                      std::max(1.0, x_of(span.to) - x_of(span.from)), lane * 0.8,
                      kind == Span::Kind::waits  ? wait_colour
                      : kind == Span::Kind::runs ? alive_colour
                                                 : fail_colour);
  for (std::size_t i = 0; i < outcome.agents.size(); ++i) {
    const auto& agent = outcome.agents[i];
    const double y = top + lane * static_cast<double>(i);
    if (lane >= 9 || i % static_cast<std::size_t>(std::ceil(10 / lane)) == 0)
      svg.text(left - 6, y + std::min(lane, 12.0) * 0.85,
               scenario.agents[agent.group].name + '-' + std::to_string(agent.number + 1), Svg::Anchor::end,
               std::min(11.0, std::max(8.0, lane)));
    if (agent.dead) svg.rectangle(x_of(agent.ended) - 1.5, y, 3, lane, dead_colour);
  }
  return svg.str();
}
}  // namespace hivemind::sim
