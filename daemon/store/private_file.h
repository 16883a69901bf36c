// private_file.h - files of the state directory: the user's alone, never reached through a symbolic link.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace hivemind {

// nullopt: there is none, it is not ours, or it is larger than `most`.
std::optional<std::string> read_private(const std::filesystem::path& file, std::size_t most);
// Written beside it and moved into its place: a reader sees one whole version. False: errno says why.
bool replace_private(const std::filesystem::path& file, std::string_view bytes);
}  // namespace hivemind
