#include "preload/run/preload_list.h"

#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <memory>

namespace hivemind::run {
namespace {
constexpr std::string_view separators = ": ";

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }
}  // namespace

std::string append_preload(std::string_view list, std::string_view object) {
  const auto object_name = base_name(object);
  if (list.find(object_name) == list.npos)  // the usual case keeps the user's text as it is
    return list.empty() ? std::string(object) : std::string(list) + ":" + std::string(object);
  std::string merged;
  while (!list.empty()) {
    const auto end = std::min(list.find_first_of(separators), list.size());
    const auto entry = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (entry.empty() || base_name(entry) == object_name) continue;
    merged += entry;
    merged += ':';
  }
  merged += object;
  return merged;
}

Result<std::string> find_preload_object(const std::string& program_dir) {
  return find_object(program_dir, preload_object);
}

Result<std::string> find_object(const std::string& program_dir, std::string_view name) {
  for (const char* folder : {"/../lib/", "/../lib/hivemind/"}) {
    const std::string candidate = program_dir + folder + std::string(name);
    const std::unique_ptr<char, void (*)(void*)> real(::realpath(candidate.c_str(), nullptr), std::free);
    if (!real) continue;
    std::string path = real.get();
    if (::access(path.c_str(), R_OK) != 0) return failed_to("read " + path);
    if (path.find_first_of(separators) != path.npos)
      return Problem{"LD_PRELOAD takes no path with a space or a colon; install HiveMind elsewhere than " + path};
    return path;
  }
  return Problem{std::string(name) + " is neither in " + program_dir + "/../lib nor in its hivemind folder; " +
                 "build or install it"};
}

std::string with_link_order_unchecked(const std::string& options) {
  if (options.find("verify_asan_link_order") != options.npos) return options;
  return (options.empty() ? "" : options + ":") + "verify_asan_link_order=0";
}
}  // namespace hivemind::run
