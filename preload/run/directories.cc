#include "preload/run/directories.h"

#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <climits>

#include "hivemind/environment.h"

namespace hivemind::run {
namespace {
// After su and sudo -E the variable is still that of who was before: their folder is not ours to put anything into.
bool is_of_another_user(const std::string& directory) {
  struct stat status {};
  return ::stat(directory.c_str(), &status) == 0 && status.st_uid != ::geteuid();
}

std::string runtime_path(const ProcessEnvironment& environment) {
  if (const auto own = environment.get_or(HM_ENV_RUNTIME_DIR, ""); !own.empty()) return absolute_path(own);
  if (const auto xdg = environment.get_or("XDG_RUNTIME_DIR", ""); xdg.starts_with('/') && !is_of_another_user(xdg))
    return xdg + "/hivemind";
  return "/tmp/hivemind-" + std::to_string(::geteuid());
}

std::string state_path(const ProcessEnvironment& environment) {
  if (const auto own = environment.get_or(HM_ENV_STATE_DIR, ""); !own.empty()) return absolute_path(own);
  if (const auto xdg = environment.get_or("XDG_STATE_HOME", ""); xdg.starts_with('/')) return xdg + "/hivemind";
  return home_directory(environment) + "/.local/state/hivemind";
}

bool make_with_parents(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return true;
  const auto slash = path.rfind('/');
  if (errno != ENOENT || slash == path.npos || slash == 0) return false;
  return make_with_parents(path.substr(0, slash)) && (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST);
}
}  // namespace

std::string absolute_path(const std::string& path) {
  char cwd[PATH_MAX];
  if (path.starts_with('/') || !::getcwd(cwd, sizeof cwd)) return path;
  return std::string(cwd) + "/" + path;
}

std::string home_directory(const ProcessEnvironment& environment) {
  if (auto home = environment.get_or("HOME", ""); home.starts_with('/')) return home;
  const passwd* entry = ::getpwuid(::geteuid());
  return entry && entry->pw_dir ? entry->pw_dir : "/";
}

Result<std::string> own_directory(const std::string& path) {
  if (!make_with_parents(path)) return failed_to("make the directory " + path);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return failed_to("look at " + path);
  if (!S_ISDIR(status.st_mode)) return Problem{path + " is not a directory"};
  if (status.st_uid != ::geteuid()) return Problem{path + " belongs to another user"};
  if ((status.st_mode & 077) != 0) return Problem{path + " is open to other users; chmod 700 it"};
  return path;
}

Result<std::string> bundle_directory(const Directories& directories, const ProcessEnvironment& environment) {
  const std::string everybodys = HM_PUBLIC_BUNDLES_DIR;
  struct stat status {};
  if (::geteuid() == 0 && environment.get_or(HM_ENV_STATE_DIR, "").empty()) {
    const bool made = ::mkdir(everybodys.c_str(), 0755) == 0;
    if (made) ::chmod(everybodys.c_str(), 0755);  // whatever the umask
    if (::lstat(everybodys.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == 0 &&
        (status.st_mode & 022) == 0)
      return everybodys;
  }
  return own_directory(directories.state + "/" HM_BUNDLES_DIR);
}

Result<Directories> open_directories(const ProcessEnvironment& environment) {
  const auto runtime = own_directory(runtime_path(environment));
  if (!runtime) return Problem{"no runtime directory (" HM_ENV_RUNTIME_DIR " names another): " + runtime.problem()};
  if (runtime->size() + sizeof "/" HM_HANDOVER_SOCKET > sizeof(sockaddr_un::sun_path))
    return Problem{*runtime + " is too long for a socket's path; set " HM_ENV_RUNTIME_DIR " to a shorter one"};
  const auto state = own_directory(state_path(environment));
  if (!state) return Problem{"no state directory (" HM_ENV_STATE_DIR " names another): " + state.problem()};
  return Directories{*runtime, *state};
}
}  // namespace hivemind::run
