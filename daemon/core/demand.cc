#include "core/demand.h"

#include <algorithm>

namespace hivemind {
namespace {
constexpr double usual_output = 1024;  // of a request whose cap says nothing and whose agent is new

struct Counting {
  bool cached_input;  // cache reads count against input limits
  bool up_front;      // the output cap counts at admission and is not given back
  double quantile;    // of past outputs, to be reserved
};
Counting counting(const std::string& provider) {
  if (provider == "anthropic") return {.cached_input = false, .up_front = false, .quantile = 0.6};
  if (provider == "openai" || provider == "azure") return {.cached_input = true, .up_front = true, .quantile = 0.9};
  return {.cached_input = true, .up_front = false, .quantile = 0.9};
}

double billed_input(const RequestProfile& profile, const Usage& usage) {
  const auto cached = counting(profile.provider).cached_input ? usage.cache_read : 0;
  return static_cast<double>(usage.input + usage.cache_write + cached);
}
}  // namespace

Amounts expected_demand(const RequestProfile& profile, const UsageHistory& agent, const UsageHistory& pool) {
  const auto how = counting(profile.provider);
  const auto& history = agent.empty() ? pool : agent;
  const double cap = profile.max_tokens ? static_cast<double>(*profile.max_tokens)
                                        : static_cast<double>(std::max<std::int64_t>(profile.output_bound, 0));
  double output = history.output(how.quantile).value_or(usual_output);
  if (cap > 0) output = std::min(output, cap);
  const double input =
      static_cast<double>(profile.input_tokens) * std::min(1.5, agent.billed_share(how.quantile).value_or(1.0));
  Amounts need{};
  of(need, Dimension::requests) = 1;
  of(need, Dimension::input_tokens) = input;
  of(need, Dimension::output_tokens) = output;
  of(need, Dimension::tokens) = input + (how.up_front && profile.max_tokens ? cap : output);
  return need;
}

Amounts charged(const RequestProfile& profile, const Amounts& expected, const Usage& usage) {
  if (!usage.known) return expected;
  Amounts actual = expected;
  of(actual, Dimension::input_tokens) = billed_input(profile, usage);
  of(actual, Dimension::output_tokens) = static_cast<double>(usage.output);
  const double both = billed_input(profile, usage) + static_cast<double>(usage.output);
  const bool kept = counting(profile.provider).up_front;
  of(actual, Dimension::tokens) = kept ? std::max(both, of(expected, Dimension::tokens)) : both;
  return actual;
}

void learn(UsageHistory& history, const RequestProfile& profile, const Usage& usage) {
  if (!usage.known) return;
  const double estimate = std::max(1.0, static_cast<double>(profile.input_tokens));
  history.add(static_cast<double>(usage.output), billed_input(profile, usage) / estimate);
}
}  // namespace hivemind
