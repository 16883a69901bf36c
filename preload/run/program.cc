#include "preload/run/program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "preload/run/elf_image.h"
#include "preload/run/unique_fd.h"

namespace hivemind::run {
namespace {
constexpr int longest_chain = 5;  // the kernel stops there too

std::string first_bytes(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char bytes[256];
  const auto n = file ? ::read(file.get(), bytes, sizeof bytes) : -1;
  return n > 0 ? std::string(bytes, static_cast<std::size_t>(n)) : std::string();
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
    if (line.empty()) return words;
    const auto end = std::min(line.find_first_of(" \t\r"), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

// The command that `env ...` runs: past its flags and assignments.
std::string after_env(const std::vector<std::string>& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    std::string word = words[i];
    if (word.starts_with("-S") && word.size() > 2) word = word.substr(2);
    if (word.starts_with('-') || word.find('=') != word.npos) continue;
    return word;
  }
  return {};
}

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  return real ? real.get() : path;
}

// The kernel drops LD_PRELOAD for programs that run with more rights than their caller.
std::string elevation(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  if ((status.st_mode & S_ISUID) != 0 && status.st_uid != ::getuid()) return "is setuid";
  if ((status.st_mode & S_ISGID) != 0 && status.st_gid != ::getgid()) return "is setgid";
  if (::getuid() != 0 && ::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0)
    return "has file capabilities";
  return {};
}

void judge_elf(const std::string& path, Program& program) {
  const auto image = read_elf_image(path);
  if (!image) {  // executable and not readable: likely fine, and nothing more can be known
    program.steps.push_back(path + " cannot be looked into (" + image.problem() + ")");
    return;
  }
  std::string kind;
  if (!image->native) {
    kind = "a program for another architecture", program.why_not = "is a program for another architecture";
  } else if (image->go) {
    kind = image->interpreter.empty() ? "a static Go program" : "a Go program";
    program.why_not = "is a Go program, which makes its network calls past the C library";
  } else if (image->interpreter.empty()) {
    kind = image->position_independent ? "a static-pie program" : "a static program";
    program.why_not = "is " + kind;
  } else {
    const bool musl = image->interpreter.find("ld-musl") != std::string::npos;
    const bool glibc = image->interpreter.find("ld-linux") != std::string::npos;
    kind = std::string("a dynamic program (") +
           (musl    ? "musl"
            : glibc ? "glibc"
                    : image->interpreter) +
           (image->needs("libasan.so") ? ", AddressSanitizer)" : ")");
  }
  if (auto more = elevation(path); !more.empty()) {
    kind += ", which " + more;
    program.elevated = true;
    if (program.why_not.empty()) program.why_not = more + ", so the loader ignores LD_PRELOAD";
  }
  program.steps.push_back(path + " is " + kind);
  program.can_preload = program.why_not.empty();
}
}  // namespace

std::variant<std::string, CommandProblem> search_path(const std::string& command,
                                                      const ProcessEnvironment& environment) {
  const auto runnable = [](const std::string& path, int& error) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return error = errno, false;
    if (S_ISDIR(status.st_mode)) return error = EISDIR, false;
    return ::access(path.c_str(), X_OK) == 0 || (error = errno, false);
  };
  int error = ENOENT;
  if (command.find('/') != command.npos) {
    if (runnable(command, error)) return command;
  } else {
    const std::string path = environment.get("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
    int denied = 0;
    for (std::size_t begin = 0; begin <= path.size();) {
      const auto end = std::min(path.find(':', begin), path.size());
      const auto folder = path.substr(begin, end - begin);
      const std::string candidate = (folder.empty() ? "." : folder) + "/" + command;
      if (runnable(candidate, error)) return candidate;
      if (error == EACCES) denied = error;
      begin = end + 1;
    }
    error = denied != 0 ? denied : ENOENT;
  }
  if (error == ENOENT || error == ENOTDIR)
    return CommandProblem{127,
                          command + (command.find('/') == command.npos ? ": command not found" : ": no such file")};
  return CommandProblem{126, command + " cannot be run: " + std::strerror(error)};
}

std::variant<Program, CommandProblem> find_program(const std::string& command, const ProcessEnvironment& environment) {
  auto found = search_path(command, environment);
  if (auto* problem = std::get_if<CommandProblem>(&found)) return *problem;
  Program program;
  program.path = std::get<std::string>(found);
  std::string path = program.path;
  const auto note = [&](const char* what, const std::string& other) {
    program.steps.push_back(std::string(path).append(what).append(other));
    path = other;
  };
  for (int i = 0; i < longest_chain; ++i) {
    if (const auto real = real_path(path); real != path && real.find("/node_modules/") != real.npos)
      note(" is npm's link to ", real);
    const auto bytes = first_bytes(path);
    if (!bytes.starts_with("#!")) {
      if (is_elf(bytes))
        judge_elf(path, program);
      else
        program.steps.push_back(path + (bytes.empty() ? " cannot be looked into" : " is a script of /bin/sh"));
      return program;
    }
    const auto words = words_of(std::string_view(bytes).substr(2, std::min(bytes.find('\n'), bytes.size()) - 2));
    if (words.empty()) return program;
    std::string interpreter = words[0];
    const bool by_env = interpreter.ends_with("/env");
    if (by_env) {
      auto named = search_path(after_env(words), environment);
      if (auto* problem = std::get_if<CommandProblem>(&named))
        return CommandProblem{127, command + " cannot be run, its interpreter is missing: " + problem->sentence};
      interpreter = std::get<std::string>(named);
    } else if (::access(interpreter.c_str(), F_OK) != 0) {
      return CommandProblem{126, command + " cannot be run, its interpreter is missing: " + interpreter};
    }
    note(" is a script of ", interpreter);
  }
  return program;
}
}  // namespace hivemind::run
