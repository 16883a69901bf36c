// npm_shim.h - many agents come from npm as a small script that starts the real program: a native one, in a package of
// its own for each platform.
#pragma once
#include <string>
#include <string_view>

namespace hivemind::run {
// The Node script that a shell shim of npm or pnpm starts (`exec node "$basedir/../x/cli.js"`), or empty.
std::string node_script_of_shim(const std::string& shim, std::string_view text);
// The native program that the Node script `script` of an installed package starts, found as Node would find its
// platform package and told by its name; or empty. `command`: what the user called it.
std::string native_program_of(const std::string& script, const std::string& command);
}  // namespace hivemind::run
