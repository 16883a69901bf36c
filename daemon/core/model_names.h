// model_names.h - what a model's name tells: which models share limits, and how much one writes at most.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace hivemind {

// Without the date or "-latest" at its end and without "[1m]"; Claude models by family and major version:
// "claude-sonnet-4-5-20250929" is "claude-sonnet-4".
std::string model_class(std::string_view model);
// Output tokens a model writes at most when a request names no limit: never too small, for budgets rest on it.
std::int64_t default_output_bound(std::string_view model);
}  // namespace hivemind
