#include "control/directories.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "hivemind/environment.h"
#include "net/unique_fd.h"

namespace hivemind {
namespace {
namespace fs = std::filesystem;

// The variable's value when it is an absolute path; XDG tells to ignore others.
fs::path absolute_from(const char* variable) {
  const char* value = std::getenv(variable);
  return value && value[0] == '/' ? fs::path(value).lexically_normal() : fs::path();
}

fs::path home() {
  if (auto directory = absolute_from("HOME"); !directory.empty()) return directory;
  if (const passwd* user = ::getpwuid(::getuid()); user && user->pw_dir && user->pw_dir[0] == '/') return user->pw_dir;
  throw std::runtime_error("no home directory is known; set HOME, or " HM_ENV_STATE_DIR " and " HM_ENV_CONFIG);
}

// `variable`, else `xdg`/hivemind, else ~/`fallback`/hivemind.
fs::path choose(const char* variable, const char* xdg, const char* fallback) {
  if (auto directory = absolute_from(variable); !directory.empty()) return directory;
  if (auto directory = absolute_from(xdg); !directory.empty()) return directory / "hivemind";
  return home() / fallback / "hivemind";
}

[[noreturn]] void refuse(const fs::path& directory, const std::string& why) {
  throw std::runtime_error(directory.string() + " cannot be used: " + why);
}
}  // namespace

fs::path Directories::control_socket() const { return runtime / HM_CONTROL_SOCKET; }
fs::path Directories::handover_socket() const { return runtime / HM_HANDOVER_SOCKET; }
fs::path Directories::daemon_lock() const { return runtime / HM_DAEMON_LOCK; }
fs::path Directories::runs() const { return runtime / HM_RUNS_DIR; }
fs::path Directories::certificates() const { return root_bundle().parent_path(); }
fs::path Directories::root_bundle() const { return state / HM_ROOT_BUNDLE; }
fs::path Directories::log_file() const { return state / HM_LOG_FILE; }

Directories find_directories() {
  Directories found;
  found.runtime = absolute_from(HM_ENV_RUNTIME_DIR);
  if (found.runtime.empty()) {
    const auto xdg = absolute_from("XDG_RUNTIME_DIR");
    struct stat status {};
    const bool of_another_user = ::stat(xdg.c_str(), &status) == 0 && status.st_uid != ::geteuid();  // after su
    found.runtime =
        xdg.empty() || of_another_user ? fs::path("/tmp/hivemind-" + std::to_string(::getuid())) : xdg / "hivemind";
  }
  found.state = choose(HM_ENV_STATE_DIR, "XDG_STATE_HOME", ".local/state");
  if (const char* named = std::getenv(HM_ENV_CONFIG); named && *named) {
    found.config_file = fs::absolute(named);
    found.config_named = true;
  } else {
    found.config_file = choose("", "XDG_CONFIG_HOME", ".config") / "hivemind.toml";
  }
  return found;
}

void make_private_directory(const fs::path& directory) {
  if (directory.has_parent_path() && directory.parent_path() != directory) {
    struct stat parent {};
    if (::stat(directory.parent_path().c_str(), &parent) != 0) make_private_directory(directory.parent_path());
  }
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) refuse(directory, std::strerror(errno));
  // Looked at through a descriptor, so that what is checked is what is changed.
  const UniqueFd opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened) {
    refuse(directory, errno == ENOTDIR || errno == ELOOP ? "it is a symbolic link or no directory; remove it"
                                                         : std::strerror(errno));
  }
  struct stat found {};
  if (::fstat(opened.get(), &found) != 0) refuse(directory, std::strerror(errno));
  if (found.st_uid != ::geteuid())
    refuse(directory, "it belongs to another user (uid " + std::to_string(found.st_uid) +
                          "); remove it or choose another directory");
  // Not corrected for the user: a directory that was named by mistake (/tmp, a home) must stay as it is.
  if ((found.st_mode & 0077) != 0)
    refuse(directory, "others may enter it; run chmod 700 on it, or choose another directory");
}

void prepare(const Directories& directories) {
  make_private_directory(directories.runtime);
  make_private_directory(directories.runs());
  make_private_directory(directories.state);
}
}  // namespace hivemind
