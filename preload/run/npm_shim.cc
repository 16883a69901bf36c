#include "preload/run/npm_shim.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "preload/run/elf_image.h"

namespace hivemind::run {
namespace {
namespace fs = std::filesystem;
constexpr int most_levels = 12;     // of folders above a script
constexpr int deepest = 5;          // of a program below its package
constexpr int most_entries = 1000;  // looked at in one package
constexpr std::size_t largest_manifest = 1 << 20;

#if defined(__x86_64__)
constexpr std::string_view own_names[] = {"x64", "x86_64", "amd64"};
#else
constexpr std::string_view own_names[] = {"arm64", "aarch64"};
#endif

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(largest_manifest, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

bool is_there(const fs::path& path) {
  std::error_code ec;
  return fs::exists(path, ec);
}

// The package that `script` belongs to: the nearest folder above it with a manifest.
fs::path package_of(const fs::path& script) {
  auto folder = script.parent_path();
  for (int i = 0; i < most_levels && folder.has_relative_path(); ++i, folder = folder.parent_path())
    if (is_there(folder / "package.json")) return folder;
  return {};
}

// Names in a manifest that say "linux" and this machine: platform packages among its optional dependencies.
std::vector<std::string> platform_packages(std::string_view manifest) {
  std::vector<std::string> names;
  while (true) {
    const auto begin = manifest.find('"');
    const auto end = begin == manifest.npos ? manifest.npos : manifest.find('"', begin + 1);
    if (end == manifest.npos) return names;
    const auto word = manifest.substr(begin + 1, end - begin - 1);
    manifest.remove_prefix(end + 1);
    const bool ours = std::any_of(std::begin(own_names), std::end(own_names),
                                  [&](std::string_view name) { return word.find(name) != word.npos; });
    if (ours && word.find("linux") != word.npos && word.find(':') == word.npos && word.find("..") == word.npos)
      names.emplace_back(word);
  }
}

// As Node resolves a package from inside `package`.
fs::path resolve(const fs::path& package, const std::string& name) {
  auto folder = package;
  for (int i = 0; i < most_levels && folder.has_relative_path(); ++i, folder = folder.parent_path())
    if (auto found = folder / "node_modules" / name; is_there(found)) return found;
  return {};
}

std::string program_named(const fs::path& below, const std::vector<std::string>& names) {
  std::error_code ec;
  fs::recursive_directory_iterator entry(below, fs::directory_options::skip_permission_denied, ec);
  for (int seen = 0; !ec && entry != fs::recursive_directory_iterator() && seen < most_entries; ++seen) {
    if (entry.depth() >= deepest || entry->path().filename() == "node_modules") entry.disable_recursion_pending();
    const auto& path = entry->path();
    std::error_code type_error;
    if (std::find(names.begin(), names.end(), path.filename().string()) != names.end() &&
        entry->is_regular_file(type_error) && ::access(path.c_str(), X_OK) == 0 && read_elf_image(path.string()))
      return path.string();
    entry.increment(ec);
  }
  return {};
}
}  // namespace

std::string node_script_of_shim(const std::string& shim, std::string_view text) {
  constexpr std::string_view mark = "\"$basedir/";
  for (std::size_t at = 0; (at = text.find(mark, at)) != text.npos;) {
    at += mark.size();
    const auto end = text.find('"', at);
    if (end == text.npos) return {};
    const auto named = (fs::path(shim).parent_path() / text.substr(at, end - at)).lexically_normal();
    std::error_code ec;
    if (named.filename() != "node" && named.string().find("node_modules/") != std::string::npos &&
        fs::is_regular_file(named, ec))
      return fs::canonical(named, ec).string();
  }
  return {};
}

std::string native_program_of(const std::string& script, const std::string& command) {
  const auto package = package_of(script);
  if (package.empty() || package.string().find("node_modules/") == std::string::npos) return {};
  const std::vector<std::string> names{fs::path(command).filename().string(), fs::path(script).stem().string(),
                                       package.filename().string()};
  for (const auto& name : platform_packages(text_of(package / "package.json")))
    if (const auto folder = resolve(package, name); !folder.empty())
      if (auto program = program_named(folder, names); !program.empty()) return program;
  return program_named(package, names);
}
}  // namespace hivemind::run
