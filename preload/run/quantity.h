// quantity.h - the numbers people write on a command line. Nothing is guessed: what does not parse whole is nullopt.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace hivemind::run {
std::optional<std::int64_t> parse_tokens(std::string_view text);         // "200000", "200k", "1.5M", "1g": at least 1
std::optional<std::int64_t> parse_duration_ms(std::string_view text);    // "90s", "10m", "1h30m", "2d": at least 1 s
std::optional<std::uint32_t> parse_weight_milli(std::string_view text);  // "0.001" to "1000", in thousandths
}  // namespace hivemind::run
