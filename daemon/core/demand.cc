#include "core/demand.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace hivemind {
namespace {
constexpr double usual_output = 1024;  // of a request whose cap says nothing and whose agent is new
constexpr double least_ratio = 0.5;    // no estimate is that far above what is counted

// How a provider counts tokens against its limits (providers.md §1.2, 3.2, 6, 9, 12).
struct Counting {
  std::string_view provider;
  bool cached_input = true;  // cache reads count
  enum class Output {
    produced,
    named_cap,
    cap
  } output = produced;  // charged as produced; or the cap at admission,
                        // for good: the one named, or the model's
  using enum Output;
};
constexpr Counting table[] = {
    {.provider = "anthropic", .cached_input = false},     {.provider = "openai", .output = Counting::named_cap},
    {.provider = "azure", .output = Counting::named_cap}, {.provider = "chatgpt", .output = Counting::named_cap},
    {.provider = "cerebras", .output = Counting::cap},    {.provider = "groq", .cached_input = false},
};
const Counting& counting(std::string_view provider) {
  static constexpr Counting usual{};
  const auto found =
      std::find_if(std::begin(table), std::end(table), [&](const Counting& c) { return c.provider == provider; });
  return found == std::end(table) ? usual : *found;
}

double billed_input(const RequestProfile& profile, const Usage& usage) {
  const auto cached = counting(profile.provider).cached_input ? usage.cache_read : 0;
  return static_cast<double>(usage.input + usage.cache_write + cached);
}

// What is charged for the output before any was produced; nullopt: nothing.
std::optional<double> up_front(const RequestProfile& profile) {
  const auto how = counting(profile.provider).output;
  if (how == Counting::produced) return std::nullopt;
  if (profile.max_tokens) return static_cast<double>(std::max<std::int64_t>(*profile.max_tokens, 0));
  if (how == Counting::cap && profile.output_bound > 0) return static_cast<double>(profile.output_bound);
  return std::nullopt;
}
}  // namespace

Amounts expected_demand(const RequestProfile& profile, const Experience& known) {
  const auto& history = known.agent.empty() ? known.pool : known.agent;
  const double cap = static_cast<double>(std::max<std::int64_t>(profile.max_tokens.value_or(profile.output_bound), 0));
  double output = history.output(known.quantile).value_or(usual_output);
  if (cap > 0) output = std::min(output, cap);
  const double tokens = static_cast<double>(std::max<std::int64_t>(profile.input_tokens, 1));
  const double cached = of(uncounted(profile, known.cached), Dimension::input_tokens) / tokens;
  const double share = std::min(known.agent.billed_share(known.quantile).value_or(1.0), 1 - std::min(cached, 1.0));
  const double input = tokens * known.calibration.ratio(known.quantile) * share;
  Amounts need{};
  of(need, Dimension::requests) = 1;
  of(need, Dimension::input_tokens) = input;
  of(need, Dimension::output_tokens) = output;
  of(need, Dimension::tokens) = input + up_front(profile).value_or(output);
  return need;
}

Amounts uncounted(const RequestProfile& profile, std::int64_t tokens) {
  Amounts saved{};
  if (!counting(profile.provider).cached_input)
    of(saved, Dimension::input_tokens) = of(saved, Dimension::tokens) = static_cast<double>(tokens);
  return saved;
}

Amounts least_demand(const RequestProfile& profile, const TokenCalibration& calibration) {
  Amounts least{};
  of(least, Dimension::requests) = 1;
  if (counting(profile.provider).cached_input) {
    const double ratio = calibration.known() ? 0.8 * calibration.ratio(0.1) : least_ratio;
    of(least, Dimension::input_tokens) = ratio * static_cast<double>(profile.input_tokens);
  }
  of(least, Dimension::tokens) = of(least, Dimension::input_tokens) + up_front(profile).value_or(0);
  return least;
}

Amounts charged(const RequestProfile& profile, const Amounts& expected, const Usage& usage) {
  if (!usage.known) return expected;
  Amounts actual = expected;
  of(actual, Dimension::input_tokens) = billed_input(profile, usage);
  of(actual, Dimension::output_tokens) = static_cast<double>(usage.output);
  // A cap that was charged is not given back.
  of(actual, Dimension::tokens) =
      billed_input(profile, usage) + std::max(static_cast<double>(usage.output), up_front(profile).value_or(0));
  return actual;
}

bool counts_rates(std::string_view provider) { return provider != "deepseek" && provider != "ollama"; }

Usage sane(Usage usage) {
  constexpr std::int64_t most = 1'000'000'000;
  for (auto* count : {&usage.input, &usage.output, &usage.cache_read, &usage.cache_write})
    *count = std::clamp<std::int64_t>(*count, 0, most);
  return usage;
}

void learn(UsageHistory& history, const RequestProfile& profile, const Usage& usage) {
  if (!usage.known) return;
  const double prompt = static_cast<double>(usage.input + usage.cache_read + usage.cache_write);
  history.add(static_cast<double>(usage.output), prompt > 0 ? billed_input(profile, usage) / prompt : 1);
}
}  // namespace hivemind
