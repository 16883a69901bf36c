#include "sim/provider/fault.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace hivemind::provider {
namespace {
constexpr std::array<std::pair<std::string_view, FaultKind>, 12> names{{
    {"ok", FaultKind::none},
    {"spend-cap", FaultKind::spend_cap},
    {"reset", FaultKind::reset},
    {"close", FaultKind::close},
    {"stall-before-head", FaultKind::stall_before_head},
    {"reset-after-head", FaultKind::reset_after_head},
    {"reset-mid-stream", FaultKind::reset_mid_stream},
    {"truncate", FaultKind::truncate},
    {"end-early", FaultKind::end_early},
    {"stall", FaultKind::stall},
    {"stream-overloaded", FaultKind::stream_overloaded},
    {"stream-overloaded-late", FaultKind::stream_overloaded_late},
}};

bool is_stall(FaultKind kind) { return kind == FaultKind::stall || kind == FaultKind::stall_before_head; }

[[noreturn]] void refuse(std::string_view text) {
  std::string known;
  for (const auto& [name, kind] : names) known += ", " + std::string(name);
  throw std::invalid_argument("no fault is called '" + std::string(text) +
                              "'; known are a status (429, 529, 502, ...)" + known);
}
}  // namespace

std::string Fault::name() const {
  if (kind == FaultKind::status) return std::to_string(status);
  for (const auto& [name, named] : names)
    if (named == kind) return std::string(name);
  return "";
}

Fault parse_fault(std::string_view text) {
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  Fault fault;
  if (name == "reset-before-head") {
    fault.kind = FaultKind::reset;
  } else if (name.size() == 3 && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    std::from_chars(name.data(), name.data() + name.size(), fault.status);
    if (fault.status < 400) refuse(text);
    fault.kind = FaultKind::status;
    if (fault.status == 429) fault.delay = 1s;
  } else {
    const auto* found = std::find_if(names.begin(), names.end(), [name](const auto& n) { return n.first == name; });
    if (found == names.end()) refuse(text);
    fault.kind = found->second;
    if (is_stall(fault.kind)) fault.delay = 1h;
  }
  if (colon != text.npos) {
    if (fault.kind != FaultKind::status && !is_stall(fault.kind)) refuse(text);
    const auto argument = text.substr(colon + 1);
    fault.delay = argument == "none" ? std::nullopt : std::optional(parse_duration(argument));
  }
  return fault;
}

std::vector<Fault> parse_script(std::string_view text) {
  std::vector<Fault> script;
  while (!text.empty()) {
    if (text.front() == '#') {
      text.remove_prefix(std::min(text.size(), text.find('\n')));
      continue;
    }
    const auto end = std::min(text.size(), text.find_first_of(", \t\r\n#"));
    auto item = text.substr(0, end);
    text.remove_prefix(end == 0 ? 1 : end);
    if (item.empty()) continue;
    int count = 1;
    if (const auto star = item.find('*'); star != item.npos) {
      const auto digits = item.substr(star + 1);
      const auto [last, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
      if (error != std::errc() || last != digits.data() + digits.size() || count < 1)
        throw std::invalid_argument("'" + std::string(item) + "': a count follows the *");
      item = item.substr(0, star);
    }
    script.insert(script.end(), static_cast<std::size_t>(count), parse_fault(item));
  }
  return script;
}

Duration parse_duration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 6> units{
      {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {"", 1}}};
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  for (const auto& [name, seconds] : units)
    if (error == std::errc() && unit == name && value >= 0 && std::isfinite(value) && value * seconds < 1e9)
      return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(value * seconds));
  throw std::invalid_argument("'" + std::string(text) + "' is no duration; write 150ms, 2s, 1m or 1h");
}
}  // namespace hivemind::provider
