#include "core/model_names.h"

#include <algorithm>

namespace hivemind {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// True when `text` is `shape` with a digit for each '0'.
bool has_shape(std::string_view text, std::string_view shape) {
  return std::equal(text.begin(), text.end(), shape.begin(), shape.end(),
                    [](char c, char s) { return s == '0' ? is_digit(c) : c == s; });
}

std::string_view strip_suffixes(std::string_view model) {
  if (model.ends_with("[1m]")) model.remove_suffix(4);
  if (model.ends_with("-latest")) model.remove_suffix(7);
  for (const std::string_view date : {"-00000000", "@00000000", "-0000-00-00"}) {
    if (model.size() <= date.size() || !has_shape(model.substr(model.size() - date.size()), date)) continue;
    model.remove_suffix(date.size());
    break;
  }
  return model;
}

struct OutputBound {
  std::string_view prefix;
  std::int64_t tokens;
};
// The first prefix that fits counts.
constexpr OutputBound output_bounds[] = {
    {"gpt-3.5", 4096},     {"gpt-4-turbo", 4096}, {"gpt-4o", 16384},     {"gpt-4.1", 32768},
    {"chatgpt-4o", 16384}, {"o1", 100000},        {"o3", 100000},        {"o4", 100000},
    {"gemini-2", 65536},   {"gemini-1", 8192},    {"text-embedding", 0},
};

}  // namespace

std::string model_class(std::string_view model) {
  model = strip_suffixes(model);
  constexpr std::string_view claude = "claude-";
  if (!model.starts_with(claude)) return std::string(model);
  const auto family_end = model.find('-', claude.size());
  if (family_end == model.npos || is_digit(model[claude.size()])) return std::string(model);  // "claude-3-5-sonnet"
  auto end = family_end + 1;
  while (end < model.size() && is_digit(model[end])) ++end;
  return std::string(end == family_end + 1 ? model : model.substr(0, end));
}

std::int64_t default_output_bound(std::string_view model) {
  constexpr std::int64_t unknown = 128000;  // the largest in use
  const auto known = std::find_if(std::begin(output_bounds), std::end(output_bounds),
                                  [&](const OutputBound& bound) { return model.starts_with(bound.prefix); });
  return known == std::end(output_bounds) ? unknown : known->tokens;
}

}  // namespace hivemind
