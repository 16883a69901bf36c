// hivemindctl: looks at the user's daemon and steers it, over its control socket.
#include <CLI/CLI.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/serialize.hpp>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

#include "ctl/control_client.h"
#include "ctl/perfetto.h"
#include "ctl/doctor.h"
#include "ctl/status_view.h"
#include "ctl/system.h"
#include "hivemind/version.h"

namespace {
using namespace hivemind::ctl;
using namespace std::chrono_literals;
namespace json = boost::json;

constexpr auto watch_interval = 1s;

Look look_of_output() {
  Look look;
  if (!::isatty(STDOUT_FILENO)) return look;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) look.width = size.ws_col;
  const char *term = std::getenv("TERM"), *plain = std::getenv("NO_COLOR");
  look.styled = term && std::string(term) != "dumb" && !(plain && *plain);
  return look;
}

std::size_t lines_of_output() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 ? size.ws_row : 24;
}

std::string error_of(const Answer& answer) {
  boost::system::error_code ec;
  const auto body = json::parse(answer.body, ec);
  if (!ec && body.is_object()) {
    if (const auto* error = body.get_object().if_contains("error"); error && error->is_string())
      return std::string(error->get_string());
  }
  return "HTTP status " + std::to_string(answer.status);
}

// The body of a good answer.
std::string fetch(const char* method, const std::string& path) {
  const auto answer = ask(control_socket(), method, path);
  if (answer.status < 200 || answer.status > 299) throw std::runtime_error(error_of(answer));
  return answer.body;
}

json::value fetch_json(const std::string& path) {
  boost::system::error_code ec;
  auto value = json::parse(fetch("GET", path), ec);
  if (ec) throw std::runtime_error("the daemon does not answer as it should: " + ec.message());
  return value;
}

void show_status(bool as_json, bool watch) {
  const bool terminal = ::isatty(STDOUT_FILENO);
  for (;;) {
    const auto text = as_json ? fetch("GET", "/status") : status_text(fetch_json("/status"), look_of_output());
    std::cout << (watch && terminal ? frame(text, lines_of_output()) : text) << std::flush;
    if (!watch || !std::cout) return;
    std::this_thread::sleep_for(watch_interval);
    if (!terminal && !as_json) std::cout << "\n";
  }
}

void show_runs(bool as_json) {
  std::cout << (as_json ? fetch("GET", "/runs") : runs_text(fetch_json("/runs"), look_of_output()));
}

// `about`: a run by name or id, or a request by number; empty: all.
void explain(std::string about, bool as_json) {
  if (!about.empty()) {
    const auto status = fetch_json("/runs");
    for (const auto& run : status.at("runs").as_array()) {
      if (run.at("name").as_string() == about) about = run.at("id").as_string();
    }
    about = '/' + about;
  }
  const auto path = "/decisions" + about;
  std::cout << (as_json ? fetch("GET", path) : decisions_text(fetch_json(path), look_of_output()));
}

// The scheduler's latest decisions, as they are or as a picture.
void dump_trace(const std::string& format, const std::string& file) {
  const auto decisions = fetch_json("/decisions"), runs = fetch_json("/runs");
  json::object both{{"runs", runs.at("runs")}, {"decisions", decisions.at("decisions")}};
  const auto text = format == "perfetto" ? perfetto_text(decisions, runs) : json::serialize(both) + "\n";
  if (file.empty()) {
    std::cout << text;
    return;
  }
  std::ofstream out(file, std::ios::binary);
  if (!(out << text).flush()) throw std::runtime_error(file + " cannot be written");
}

pid_t daemon_pid() {
  return static_cast<pid_t>(fetch_json("/status").at("daemon").at("pid").to_number<std::int64_t>());
}

void stop(bool wait) {
  const pid_t pid = daemon_pid();
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  fetch("POST", "/stop");
  std::cout << "hivemindd (pid " << pid << ") is stopping; what runs may finish\n" << std::flush;
  if (!wait || process < 0) return;
  pollfd ended{process, POLLIN, 0};
  while (::poll(&ended, 1, -1) < 0 && errno == EINTR) {
  }
  std::cout << "it has ended\n";
}

void reload() {
  fetch("POST", "/reload");
  std::cout << "configuration read again\n";
}

// 0: all good, 1: something is broken.
int show_diagnosis(const std::vector<std::string>& command, bool as_json) {
  const auto found = examine(command);
  std::cout << (as_json ? json::serialize(found) + "\n" : doctor_text(found, look_of_output().styled));
  return found.at("good").as_bool() ? 0 : 1;
}

void show_certificates() {
  std::cout << certificates_text(fetch_json("/status"), static_cast<std::int64_t>(std::time(nullptr)));
}
}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Looks at HiveMind's daemon and steers it.", "hivemindctl");
  app.require_subcommand(1);
  app.set_version_flag("--version", "hivemindctl " HM_VERSION);
  bool as_json = false, watch = false, wait = false;
  auto* status = app.add_subcommand("status", "pools with what is known of their limits, runs, queue");
  status->add_flag("--json", as_json, "as the daemon says it, for scripts");
  status->add_flag("--watch", watch, "again every second, until interrupted");
  auto* runs = app.add_subcommand("runs", "the runs and what they used");
  runs->add_flag("--json", as_json, "as the daemon says it, for scripts");
  std::string about;
  auto* explaining = app.add_subcommand("explain", "the latest decisions and their reasons");
  explaining->add_option("about", about, "a run, by name or id, or a request's number; none: everything");
  explaining->add_flag("--json", as_json, "as the daemon says it, for scripts");
  auto* trace = app.add_subcommand("trace", "the schedule, as a file for other programs");
  trace->require_subcommand(1);
  auto* dumping = trace->add_subcommand("dump", "the latest decisions: who waited for what, ran and was sent again");
  std::string format = "json", file;
  dumping->add_option("--format", format, "json, or perfetto: lanes for ui.perfetto.dev and chrome://tracing")
      ->check(CLI::IsMember({"json", "perfetto"}))
      ->capture_default_str();
  dumping->add_option("--output,-o", file, "instead of stdout")->type_name("FILE");
  auto* stopping = app.add_subcommand("stop", "stop the daemon; requests under way may finish");
  stopping->add_flag("--wait", wait, "until it has ended");
  auto* reloading = app.add_subcommand("reload", "read the configuration file again");
  auto* certificates = app.add_subcommand("ca", "where our root certificates are and until when they hold");
  auto* doctor = app.add_subcommand("doctor", "what works on this machine, and how a command would be captured");
  doctor->add_flag("--json", as_json, "for scripts");
  doctor->prefix_command();
  SystemWish wish;
  auto* system = app.add_subcommand("system", "capture programs that nobody starts by hivemind-run");
  system->require_subcommand(1);
  auto* enabling = system->add_subcommand("enable", "from now on; twice is harmless");
  enabling->add_option("--cgroup", wish.cgroup, "what runs in this cgroup, by its directory");
  enabling->add_option("--user", wish.users, "what these users run, at most eight; with --cgroup: of them, there")
      ->expected(1, 8);
  enabling->add_option("--as", wish.as, "whom the daemon belongs to")->capture_default_str();
  enabling->add_flag("--install-ca", wish.install_ca, "also into the system's store of roots");
  auto* disabling = system->add_subcommand("disable", "everything is as it was");
  auto* showing = system->add_subcommand("status", "whether it is enabled, and runs");
  auto* refreshing =
      system->add_subcommand("refresh", "spread the daemon's present roots; a timer's business, once a day");
  for (auto* one : {enabling, disabling, showing, refreshing})
    one->add_option("--root", wish.root, "where /etc, /run, /usr and /var are")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    if (*status) show_status(as_json, watch);
    if (*runs) show_runs(as_json);
    if (*explaining) explain(about, as_json);
    if (*dumping) dump_trace(format, file);
    if (*stopping) stop(wait);
    if (*reloading) reload();
    if (*certificates) show_certificates();
    if (*enabling && wish.cgroup.empty() && wish.users.empty())
      throw std::runtime_error("whose programs? --cgroup DIRECTORY or --user NAME...");
    if (*enabling) return enable_system(wish);
    if (*disabling) return disable_system(wish);
    if (*showing) return show_system(wish);
    if (*refreshing) return refresh_system(wish);
    if (*doctor) return show_diagnosis(doctor->remaining(), as_json);
  } catch (const NoDaemon& none) {
    std::cerr << "hivemindctl: no daemon is running (" << none.what() << "); hivemind-run starts one\n";
    return 1;
  } catch (const std::exception& error) {
    std::cerr << "hivemindctl: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
