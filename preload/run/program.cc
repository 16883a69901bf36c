#include "preload/run/program.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "preload/run/elf_image.h"
#include "preload/run/launcher.h"
#include "preload/run/npm_shim.h"
#include "preload/run/unique_fd.h"

namespace hivemind::run {
namespace {
constexpr int longest_chain = 5;  // the kernel stops there too
constexpr std::size_t longest_line = 255;

std::string first_bytes(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char bytes[4096];
  const auto n = file ? ::read(file.get(), bytes, sizeof bytes) : -1;
  return n > 0 ? std::string(bytes, static_cast<std::size_t>(n)) : std::string();
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  return real ? real.get() : path;
}

// The words of a `#!` line. The kernel hands all behind the interpreter on as one word, which only `env -S` takes
// apart.
std::vector<std::string> interpreter_line(std::string_view bytes) {
  constexpr std::string_view blanks = " \t\r";
  auto line = bytes.substr(2, std::min({bytes.find('\n'), bytes.size(), longest_line}) - 2);
  std::vector<std::string> words;
  const auto take = [&](std::string_view until) {
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    const auto end = std::min(line.find_first_of(until), line.size());
    if (end > 0) words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  };
  take(blanks);
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  const bool split_by_env = line.starts_with('-') && line.substr(0, line.find_first_of(blanks)).find('S') != line.npos;
  if (split_by_env) words.emplace_back(line);
  while (!split_by_env && !line.empty()) take(blanks);
  return words;
}

bool runs_scripts_of_npm(const std::string& interpreter) {
  const auto name = base_name(interpreter);
  return name.starts_with("node") || name == "bun" || name == "deno";
}

// The kernel drops LD_PRELOAD for programs that run with more rights than their caller.
std::string elevation(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) return {};
  struct statvfs mount {};
  if (::statvfs(path.c_str(), &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0) return {};
  if ((status.st_mode & S_ISUID) != 0 && status.st_uid != ::getuid()) return "is setuid";
  if ((status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0 && status.st_gid != ::getgid())
    return "is setgid";
  if (::getuid() != 0 && ::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0)
    return "has file capabilities";
  return {};
}

std::string kind_of(const ElfImage& image) {
  if (!image.native) return "a program for another architecture (" + image.machine + ")";
  if (image.go) return image.interpreter.empty() ? "a static Go program" : "a Go program";
  if (image.interpreter.empty()) return image.position_independent ? "a static-pie program" : "a static program";
  const bool musl = image.interpreter.find("ld-musl") != std::string::npos;
  const bool glibc = image.interpreter.find("ld-linux") != std::string::npos;
  return std::string("a dynamic program (") +
         (musl    ? "musl"
          : glibc ? "glibc"
                  : image.interpreter) +
         (image.needs("libasan.so") ? ", AddressSanitizer)" : ")");
}

void judge_elf(const std::string& path, Program& program) {
  const auto image = read_elf_image(path);
  const auto more = elevation(path);
  std::string kind, why_not;
  if (!image) {  // executable and not readable: likely dynamic; whether it loaded our object shows later
    program.steps.push_back(path + " cannot be looked into (" + image.problem() + ")");
  } else {
    kind = kind_of(*image);
    const bool loads_ours = image->native && !image->go && !image->interpreter.empty();
    if (!loads_ours) why_not = "is " + kind;
    if (image->go) why_not += ", which makes its network calls past the C library";
    program.steps.push_back(path + " is " + kind + (more.empty() ? "" : ", which " + more));
  }
  if (!more.empty() && !image) program.steps.back() += ", and " + more;
  if (!more.empty() && why_not.empty()) why_not = more + ", so the loader ignores LD_PRELOAD";
  program.elevated = !more.empty();
  program.can_preload = why_not.empty();
  program.why_not = why_not;
}

// What the script `script` of an npm package starts decides, when it is a native program.
void judge_native(const std::string& script, const std::string& command, Program& program) {
  const auto native = native_program_of(real_path(script), command);
  if (native.empty()) return;
  program.steps.push_back(script + " starts " + native);
  Program started;
  judge_elf(native, started);
  program.steps.insert(program.steps.end(), started.steps.begin(), started.steps.end());
  if (!program.can_preload || started.can_preload) return;
  program.can_preload = false;
  program.elevated = started.elevated;
  program.why_not = "starts " + base_name(native) + ", which " + started.why_not;
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

std::variant<Program, CommandProblem> find_program(const std::vector<std::string>& words,
                                                   const ProcessEnvironment& environment) {
  const std::string& command = words[0];
  auto found = search_path(command, environment);
  if (auto* problem = std::get_if<CommandProblem>(&found)) return *problem;
  Program program;
  program.path = std::get<std::string>(found);
  std::string path = program.path, script;
  const auto note = [&](const char* what, const std::string& other) {
    program.steps.push_back(std::string(path).append(what).append(other));
    path = other;
  };
  const auto started = without_launchers(words);
  if (!started.empty() && started.size() < words.size()) {  // what is not found the launcher itself will say
    const auto inner = search_path(started[0], environment);
    if (const auto* there = std::get_if<std::string>(&inner)) note(" starts ", *there);
  }
  if (started.size() > 1 && runs_scripts_of_npm(path) && ::access(started[1].c_str(), R_OK) == 0) script = started[1];
  for (int i = 0; i < longest_chain; ++i) {
    if (const auto real = real_path(path); real != path && real.find("/node_modules/") != real.npos)
      note(" is npm's link to ", real);
    const auto bytes = first_bytes(path);
    if (!bytes.starts_with("#!")) {
      if (is_elf(bytes) || bytes.empty())
        judge_elf(path, program);
      else
        program.steps.push_back(path + " is a script of /bin/sh");
      break;
    }
    if (const auto shims = node_script_of_shim(path, bytes); !shims.empty()) {
      note(" is a shim of ", shims);
      continue;
    }
    const auto line = interpreter_line(bytes);
    if (line.empty()) break;
    std::string interpreter = line[0];
    if (base_name(interpreter) == "env") {
      const auto inner = without_launchers(line);
      auto named = search_path(inner.empty() ? "" : inner[0], environment);
      if (auto* problem = std::get_if<CommandProblem>(&named))
        return CommandProblem{127, command + " cannot be run, its interpreter is missing: " + problem->sentence};
      interpreter = std::get<std::string>(named);
    } else if (::access(interpreter.c_str(), F_OK) != 0) {
      return CommandProblem{126, command + " cannot be run, its interpreter is missing: " + interpreter};
    }
    if (runs_scripts_of_npm(interpreter)) script = path;
    note(" is a script of ", interpreter);
  }
  if (!script.empty()) judge_native(script, started.empty() ? command : started[0], program);
  return program;
}

std::string why_not_preloaded(const std::string& command, const ProcessEnvironment& environment) {
  const auto found = find_program({command}, environment);
  const auto* program = std::get_if<Program>(&found);
  return program ? program->why_not : std::string();
}
}  // namespace hivemind::run
