// config_values.h - the notations of hivemind.toml: durations, sizes, host names; and the nearest word to a wrong one.
// Pure. Each reader returns nullopt for what is not in its notation.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/time.h"

namespace hivemind {

// "500ms", "6s", "10m", "1.5h", "2d", "1m30s". Never negative; at most ten years.
std::optional<Duration> config_duration(std::string_view text);
// "64MiB", "512KiB", "1GiB", "4096B"; units of 1024 only. At most 1024 GiB.
std::optional<std::uint64_t> config_size(std::string_view text);
// "10M", "500K", "2G": thousands, millions and billions of something. Above zero.
std::optional<std::int64_t> config_count(std::string_view text);
// A DNS name, an address, or with `pattern` "*." and a name; lower-cased.
std::optional<std::string> config_host(std::string_view text, bool pattern);
// The word that `wrong` was probably meant to be; empty when none is near.
std::string nearest(std::string_view wrong, std::span<const std::string> words);
}  // namespace hivemind
