#include "preload/run/agent.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "preload/run/process_status.h"
#include "preload/run/say.h"
#include "preload/run/unique_fd.h"

namespace hivemind::run {
namespace {
std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> list;
  list.reserve(words.size() + 1);
  for (auto& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  return list;
}

bool has_the_terminal() {
  const UniqueFd terminal(::open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY));
  return terminal && ::tcgetpgrp(terminal.get()) == ::getpgrp();
}

bool is_about_job_control(int number) { return number == SIGCHLD || number == SIGCONT; }
}  // namespace

int become(const Command& command, ProcessEnvironment environment) {
  auto words = command.arguments;
  const auto block = environment.pointers();
  ::execve(command.path.c_str(), pointers(words).data(), block.data());
  int error = errno;
  if (error == ENOEXEC) {  // a script without `#!`: shells run it, and so do we
    words[0] = command.path;
    words.insert(words.begin(), "sh");
    ::execve("/bin/sh", pointers(words).data(), block.data());
    error = errno;
  }
  say(command.arguments[0] + " cannot be run: " + std::strerror(error));
  return error == ENOENT ? 127 : 126;
}

Agent Agent::start(const Command& command, const ProcessEnvironment& environment, const Signals& signals,
                   Capture* capture, bool fail_closed) {
  Agent agent;
  agent.pid_ = ::fork();
  if (agent.pid_ == 0) {
    signals.restore();
    const auto problem = capture ? capture->enter() : std::string();
    if (!problem.empty() && fail_closed) ::_exit(125);
    ::_exit(become(command, environment));
  }
  if (capture && agent.pid_ > 0) agent.not_captured_ = capture->follow(agent.pid_);
  return agent;
}

void Agent::look() {
  int status = 0;
  while (!ended_ && ::waitpid(pid_, &status, WNOHANG | WUNTRACED | WCONTINUED) == pid_) {
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      ended_ = true;
      status_ = status;
    } else if (WIFSTOPPED(status) && state_of(pid_) == 'T') {  // and was not continued since
      // The shell must see its job stop. SIGSTOP may be meant for the agent alone, unless it left us the terminal.
      const int number = WSTOPSIG(status);
      if (number == SIGSTOP && !has_the_terminal()) continue;
      stop_like(number);
      if (state_of(pid_) == 'T') ::kill(pid_, SIGCONT);
    }
  }
}

void Agent::receive(const Signals::Received& signal) {
  if (ended_) return;
  if (signal.number == SIGCONT && state_of(pid_) == 'T') ::kill(pid_, SIGCONT);
  // The terminal's go to the whole group; what the agent's own processes send, they send to each other.
  const bool for_agent = signal.by_process && !is_about_job_control(signal.number) && signal.number != SIGPIPE;
  if (for_agent && !(signal.sender > 0 && descends_from(signal.sender, pid_))) ::kill(pid_, signal.number);
  look();
}
}  // namespace hivemind::run
