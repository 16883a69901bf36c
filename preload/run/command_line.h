// command_line.h - a command line as people may see it in status and logs: what looks like a credential is masked.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace hivemind::run {
std::string show_command(const std::vector<std::string>& arguments);
std::string_view cut_utf8(std::string_view text, std::size_t most);  // at most that many bytes, no half characters
}  // namespace hivemind::run
