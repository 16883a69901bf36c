#include "sim/provider/model_text.h"

#include <charconv>
#include <cmath>
#include <stdexcept>

namespace hivemind::provider {
namespace {
[[noreturn]] void wrong(const std::string& what) { throw std::invalid_argument(what); }

template <class Number>
Number to_number(std::string_view text, std::string_view of) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= Number{}))
    wrong("'" + std::string(text) + "' is no number for " + std::string(of));
  return value;
}

// What is before the first `separator`, which is taken off with it.
std::string_view take_until(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const auto part = text.substr(0, end);
  text = end == text.npos ? std::string_view() : text.substr(end + 1);
  return part;
}

std::optional<Dimension> dimension_of(std::string_view name) {
  for (const auto candidate :
       {Dimension::requests, Dimension::input_tokens, Dimension::output_tokens, Dimension::tokens})
    if (name == to_string(candidate)) return candidate;
  return std::nullopt;
}
}  // namespace

std::int64_t parse_count(std::string_view text, std::string_view of) { return to_number<std::int64_t>(text, of); }

double parse_real(std::string_view text, std::string_view of) {
  const auto value = to_number<double>(text, of);
  if (!std::isfinite(value)) wrong("'" + std::string(text) + "' is no number for " + std::string(of));
  return value;
}

LimitSpec parse_limit(std::string_view text) {
  const std::string whole(text);
  LimitSpec limit;
  auto amount = take_until(text, ',');
  const auto name = take_until(amount, '=');
  const auto dimension = dimension_of(name);
  if (!dimension) wrong("'" + whole + "': a limit begins with requests=, input-tokens=, output-tokens= or tokens=");
  limit.dimension = *dimension;
  limit.amount = parse_count(amount, name);
  while (!text.empty()) {
    auto value = take_until(text, ',');
    const auto key = take_until(value, '=');
    if (key == "bucket")
      limit.kind = LimitKind::bucket;
    else if (key == "window")
      limit.kind = LimitKind::window;
    else if (key == "per")
      limit.period = parse_duration(value);
    else if (key == "quantum")
      limit.quantum = parse_duration(value);
    else if (key == "count-rejected")
      limit.count_rejected = true;
    else if (key == "charge-max")
      limit.charge_max = true;
    else if (key == "model")
      limit.model = value;
    else
      wrong("'" + std::string(key) + "' in the limit " + whole + " is not known");
  }
  if (limit.amount < 1 || limit.period <= Duration::zero())
    wrong("'" + whole + "': a limit and its period are positive");
  return limit;
}

std::string limit_text(const LimitSpec& limit) {
  const auto ms = [](Duration d) {
    return std::to_string(std::chrono::round<std::chrono::milliseconds>(d).count()) + "ms";
  };
  std::string text = to_string(limit.dimension) + ("=" + std::to_string(limit.amount));
  text += limit.kind == LimitKind::window ? ",window" : ",bucket";
  if (limit.period != Duration(60s)) text += ",per=" + ms(limit.period);
  if (limit.quantum > Duration::zero()) text += ",quantum=" + ms(limit.quantum);
  if (limit.count_rejected) text += ",count-rejected";
  if (limit.charge_max) text += ",charge-max";
  if (!limit.model.empty()) text += ",model=" + limit.model;
  return text;
}

FaultRate parse_fault_rate(std::string_view text) {
  const auto name = take_until(text, '=');
  return {parse_fault(name), parse_real(text, "the rate of the fault " + std::string(name))};
}

void parse_latency(std::string_view text, ModelConfig& into) {
  const auto sign = text.find("+-");
  into.latency = parse_duration(text.substr(0, sign));
  into.jitter = sign == text.npos ? Duration{} : parse_duration(text.substr(sign + 2));
}

void parse_spikes(std::string_view text, ModelConfig& into) {
  const auto x = text.find('x');
  if (x == text.npos) wrong("'" + std::string(text) + "': spikes are PROBABILITYxFACTOR, as 0.2x5");
  into.spike_rate = parse_real(text.substr(0, x), "the probability of spikes");
  into.spike_factor = parse_real(text.substr(x + 1), "the factor of spikes");
}

void parse_output_tokens(std::string_view text, ModelConfig& into) {
  into.output_mean = parse_real(take_until(text, ':'), "the mean output tokens");
  into.output_deviation = text.empty() ? 0 : parse_real(text, "the deviation of output tokens");
}
}  // namespace hivemind::provider
