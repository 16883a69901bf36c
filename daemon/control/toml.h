// toml.h - toml++ with its implementation compiled once, in config_reader.cc.
#pragma once
#define TOML_HEADER_ONLY 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>
