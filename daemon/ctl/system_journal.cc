#include "ctl/system_journal.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace hivemind::ctl {
namespace fs = std::filesystem;
namespace {
using Words = std::vector<std::string>;
using namespace std::chrono_literals;

std::runtime_error failed_to(const std::string& what) {
  return std::runtime_error("cannot " + what + ": " + std::strerror(errno));
}

std::vector<char*> pointers(const Words& words) {
  std::vector<char*> list;
  for (const auto& word : words) list.push_back(const_cast<char*>(word.c_str()));
  list.push_back(nullptr);
  return list;
}

int run(const Words& words) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDIN_FILENO);
    ::dup2(null, STDOUT_FILENO);
    ::execvp(words[0].c_str(), pointers(words).data());
    ::_exit(127);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// When the process was started, in ticks since boot: tells it from a later one with its number. Empty: it has ended.
std::string start_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::stringstream text;
  text << file.rdbuf();
  const auto whole = text.str();
  const auto name_end = whole.rfind(')');
  if (name_end == whole.npos) return {};
  std::istringstream words(whole.substr(name_end + 1));
  std::string word, state;
  words >> state;
  for (int i = 4; i <= 22; ++i) words >> word;
  return state == "Z" || state == "X" ? std::string() : word;
}

bool end_process(pid_t pid, const std::string& start) {
  for (const int signal : {SIGTERM, SIGKILL}) {
    for (int i = 0; i < 1000; ++i) {
      if (start_of(pid) != start || start.empty()) return true;
      if (i == 0) ::kill(pid, signal);
      ::waitpid(pid, nullptr, WNOHANG);
      std::this_thread::sleep_for(10ms);
    }
  }
  return false;
}

bool end_daemon(const fs::path& pid_file) {
  pid_t pid = 0;
  std::ifstream(pid_file) >> pid;
  std::string name;
  std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), name);
  return pid <= 0 || name != "hivemindd" || end_process(pid, start_of(pid));
}

// Empty, or what is still there.
std::string undo(const Words& entry) {
  std::error_code ec;
  const auto& what = entry[0];
  if (what == "file" || what == "directory") {
    fs::remove_all(entry[1], ec);
    if (ec) return "cannot remove " + entry[1] + ": " + ec.message();
  } else if (what == "user") {
    if (::getpwnam(entry[1].c_str()) && run({"userdel", entry[1]}) != 0) return "cannot remove the user " + entry[1];
  } else if (what == "process") {
    if (!end_process(std::stoi(entry[1]), entry[2])) return "process " + entry[1] + " does not end";
  } else if (what == "daemon") {
    if (!end_daemon(entry[1])) return "the daemon of " + entry[1] + " does not end";
  } else if (what == "run") {
    if (run({entry.begin() + 1, entry.end()}) != 0) return "cannot run " + entry[1];
  }
  return {};
}
}  // namespace

bool SystemJournal::exists() const { return fs::exists(file_); }

void SystemJournal::record(const Words& words) const {
  fs::create_directories(file_.parent_path());
  const int fd = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) throw failed_to("write " + file_.string());
  std::string line;
  for (const auto& word : words) line += (line.empty() ? "" : "\t") + word;
  line += "\n";
  const bool whole = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!whole) throw failed_to("write " + file_.string());
}

std::vector<Words> SystemJournal::entries() const {
  std::vector<Words> all;
  std::ifstream file(file_);
  for (std::string line; std::getline(file, line);) {
    if (file.eof()) break;  // its writer died within it, before the change
    Words words;
    std::istringstream parts(line);
    for (std::string word; std::getline(parts, word, '\t');) words.push_back(word);
    if (words.size() > 1) all.push_back(std::move(words));
  }
  return all;
}

void SystemJournal::make_directory(const fs::path& directory, mode_t mode, uid_t owner, gid_t group) {
  if (fs::exists(directory)) return;
  if (directory.has_parent_path() && !fs::exists(directory.parent_path()))
    make_directory(directory.parent_path(), 0755);
  record({"directory", directory});
  if (::mkdir(directory.c_str(), mode) != 0 || ::chmod(directory.c_str(), mode) != 0 ||
      ::lchown(directory.c_str(), owner, group) != 0)
    throw failed_to("make " + directory.string());
}

void SystemJournal::write_file(const fs::path& file, const std::string& text) {
  if (fs::exists(fs::symlink_status(file)))
    throw std::runtime_error(file.string() + " is there already, and is not ours to replace");
  record({"file", file});
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) throw failed_to("write " + file.string());
  const bool whole =
      ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fchmod(fd, 0644) == 0;
  ::close(fd);
  if (!whole) throw failed_to("write " + file.string());
}

bool SystemJournal::rewrite_file(const fs::path& file, const std::string& text) const {
  const auto all = entries();
  if (std::find(all.begin(), all.end(), Words{"file", file}) == all.end()) return false;
  std::stringstream present;
  present << std::ifstream(file).rdbuf();
  if (present.str() == text) return false;
  const fs::path next = file.string() + ".new";
  record({"file", next});
  std::ofstream out(next, std::ios::trunc);
  out << text;
  out.close();
  if (!out || ::chmod(next.c_str(), 0644) != 0 || ::rename(next.c_str(), file.c_str()) != 0)
    throw failed_to("write " + file.string());
  return true;
}

void SystemJournal::make_user(const std::string& name) {
  if (::getpwnam(name.c_str())) return;
  record({"user", name});
  if (run({"useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name}) != 0)
    throw std::runtime_error("cannot make the user " + name);
}

void SystemJournal::start(const Words& words, const Words& environment, const fs::path& log) {
  if (!fs::exists(log)) record({"file", log});
  int ready[2], go[2];
  if (::pipe(ready) != 0 || ::pipe(go) != 0) throw failed_to("make a pipe");
  Words all = words;
  std::replace(all.begin(), all.end(), std::string("@READY@"), std::string("3"));
  const pid_t pid = ::fork();
  if (pid < 0) throw failed_to("start a process");
  if (pid == 0) {
    char word = 0;
    ::close(go[1]);
    if (::read(go[0], &word, 1) != 1) ::_exit(1);  // who would have recorded us has died
    ::setsid();
    const int null = ::open("/dev/null", O_RDWR), file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int kept = ::fcntl(ready[1], F_DUPFD, 10);
    ::dup2(null, 0);
    ::dup2(file, 1);
    ::dup2(file, 2);
    ::dup2(kept, 3);
    for (int fd = 4; fd < 256; ++fd) ::close(fd);
    if (::chdir("/") == 0) ::execve(all[0].c_str(), pointers(all).data(), pointers(environment).data());
    ::_exit(127);
  }
  ::close(ready[1]);
  ::close(go[0]);
  record({"process", std::to_string(pid), start_of(pid)});
  const bool told = ::write(go[1], "g", 1) == 1;
  ::close(go[1]);
  std::string said;
  char bytes[512];
  pollfd wait{ready[0], POLLIN, 0};
  for (ssize_t n = 0; told && said.find('\n') == said.npos && ::poll(&wait, 1, 30'000) == 1 &&
                      (n = ::read(ready[0], bytes, sizeof bytes)) > 0;)
    said.append(bytes, static_cast<std::size_t>(n));
  ::close(ready[0]);
  if (said != "ready\n")
    throw std::runtime_error(said.empty() ? all[0] + " did not come up; see " + log.string()
                                          : said.substr(0, said.find('\n')));
}

void SystemJournal::expect_daemon(const fs::path& pid_file) { record({"daemon", pid_file}); }

void SystemJournal::run_at_the_end(const Words& words) {
  Words entry{"run"};
  entry.insert(entry.end(), words.begin(), words.end());
  record(entry);
}

pid_t SystemJournal::running() const {
  for (const auto& entry : entries())
    if (entry[0] == "process" && entry.size() > 2 && start_of(std::stoi(entry[1])) == entry[2])
      return std::stoi(entry[1]);
  return 0;
}

std::vector<std::string> SystemJournal::undo_all() {
  auto all = entries();
  std::reverse(all.begin(), all.end());
  std::vector<std::string> problems;
  for (const auto& entry : all)
    if (auto problem = undo(entry); !problem.empty()) problems.push_back(std::move(problem));
  if (problems.empty()) fs::remove(file_);
  return problems;
}
}  // namespace hivemind::ctl
