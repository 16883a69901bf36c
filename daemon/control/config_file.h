// config_file.h - hivemind.toml read into Config. examples/hivemind.toml documents every key with its default.
// Invariant: a Config that is returned is usable as it is: every value was checked, every key is known.
#pragma once
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"

namespace hivemind {

struct Directories;

// One sentence: file, line, what is wrong, what to write instead.
class ConfigError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

// What holds without a file: Config's own defaults and a seed for each provider we know.
Config default_config();
// Throws ConfigError; also when the file is missing.
Config load_config(const std::filesystem::path& file);
// The user's: a file that was named must exist, the usual one may be missing.
Config load_config(const Directories& directories);
// The same from text; `name` stands for the file in messages.
Config parse_config(std::string_view toml, const std::string& name);

// Every key that is understood, dotted: "scheduler.max_attempts", "upstream.host", "provider.NAME.concurrency".
std::vector<std::string> known_config_keys();
}  // namespace hivemind
