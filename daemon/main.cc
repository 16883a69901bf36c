// hivemindd - the user's daemon: one event loop that serves every run handed over to it.
// main() reads from top to bottom: where things are, what is configured, who serves what, how it ends.
#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <fcntl.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <iostream>

#include "control/config_file.h"
#include "control/control_server.h"
#include "control/directories.h"
#include "control/examination.h"
#include "control/handover_listener.h"
#include "hivemind/version.h"
#include "net/run_server.h"
#include "store/learned_state.h"
#include "store/spending_record.h"

namespace hivemind {
namespace {

// The configuration file that load_config(directories) read; empty: there is none, and defaults hold.
std::string file_in_use(const Directories& directories) {
  std::error_code ec;
  const bool used = directories.config_named || std::filesystem::exists(directories.config_file, ec);
  return used ? directories.config_file.string() : "";
}

// Shutdown and reload, and what the control socket asks. One per process.
class Daemon final : public ControlHost {
public:
  Daemon(asio::io_context& loop, const Directories& directories, Services& services, LearnedState& learned,
         UniqueFd lock)
      : loop_(loop),
        directories_(directories),
        config_file_(file_in_use(directories)),
        services_(services),
        learned_(learned),
        runs_(services),
        handover_(loop.get_executor(), directories.handover_socket(), services.authority.roots(), runs_),
        control_(loop.get_executor(), directories.control_socket(), *this),
        lock_(std::move(lock)),
        signals_(loop, SIGTERM, SIGINT, SIGHUP),
        renewal_(loop),
        keeping_(loop),
        started_(Clock::now()) {
    handover_.tell_config(directories_.config_file);
    spawn(loop_, "signals", serve_signals());
    spawn(loop_, "certificate renewal", renew_certificates());
    spawn(loop_, "learned state", keep_learned());
  }

  Snapshot snapshot() override { return services_.admission.snapshot(); }
  std::vector<DecisionSnapshot> decisions(std::optional<std::uint64_t> about) override {
    return services_.admission.decisions(about);
  }

  DaemonInfo info() override {
    return {.pid = ::getpid(),
            .version = HM_VERSION,
            .uptime = Clock::now() - started_,
            .config_file = config_file_,
            .log_file = directories_.log_file(),
            .root_bundle = services_.authority.roots(),
            .certificates_expire = services_.authority.expires(),
            .connections = services_.connections,
            .draining = services_.draining};
  }

  // Stops admitting at once and lets another daemon take over; what runs may finish.
  void stop() override {
    if (services_.draining) return;
    services_.draining = true;
    const auto deadline = Clock::now() + services_.config->drain;
    spdlog::info("stopping active={} drain_s={}", services_.active,
                 std::chrono::duration_cast<std::chrono::seconds>(services_.config->drain).count());
    handover_.stop();
    control_.stop();
    learned_.store(services_.admission.save());  // the next daemon reads it
    services_.admission.keep_spending(nullptr);  // and what is set aside now is spent to it
    lock_.reset();
    handover_.close_all("the daemon was stopped");
    services_.admission.drain(deadline);
    spawn(loop_, "drain", drain(deadline));
  }

  std::optional<std::string> reload() override {
    try {
      // The usual file may have come, or gone, since we started.
      auto config = std::make_shared<Config>(load_config(directories_));
      config_file_ = file_in_use(directories_);
      spdlog::set_level(spdlog::level::from_str(config->log_level));
      services_.admission.configure(config->scheduler);
      services_.config = std::move(config);
      services_.pool.tls().forget();
      services_.pool.clear();
      services_.authority.renew(llm_hosts(*services_.config));
      runs_.write_policies();
      spdlog::info("configuration reloaded config={}", config_file_.empty() ? "defaults" : config_file_);
      return std::nullopt;
    } catch (const std::exception& error) {
      spdlog::error("configuration not reloaded, the old one stays error={}", error.what());
      return error.what();
    }
  }

private:
  asio::awaitable<void> serve_signals() {
    for (;;) {
      auto [ec, signal] = co_await signals_.async_wait(asio::as_tuple(asio::use_awaitable));
      if (ec) break;
      if (signal == SIGHUP)
        reload();
      else if (services_.draining)
        loop_.stop();  // asked twice: at once
      else
        stop();
    }
  }

  asio::awaitable<void> renew_certificates() {
    for (;;) {
      renewal_.expires_after(1h);
      auto [ec] = co_await renewal_.async_wait(asio::as_tuple(asio::use_awaitable));
      if (ec) break;
      services_.authority.renew(llm_hosts(*services_.config));
    }
  }

  asio::awaitable<void> keep_learned() {
    while (!services_.draining) {
      services_.admission.tell_time();
      learned_.store(services_.admission.save());
      keeping_.expires_after(30s);
      auto [ec] = co_await keeping_.async_wait(asio::as_tuple(asio::use_awaitable));
      if (ec) break;
    }
  }

  asio::awaitable<void> drain(TimePoint deadline) {
    asio::steady_timer tick(loop_);
    while (services_.active > 0 && Clock::now() < deadline + 1s) {
      tick.expires_after(50ms);
      co_await tick.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    spdlog::info("stopped unfinished={}", services_.active);
    loop_.stop();
  }

  asio::io_context& loop_;
  const Directories directories_;
  std::string config_file_;  // empty: no file, defaults
  Services& services_;
  LearnedState& learned_;
  RunServer runs_;
  HandoverListener handover_;
  ControlServer control_;
  UniqueFd lock_;
  asio::signal_set signals_;
  asio::steady_timer renewal_, keeping_;
  const TimePoint started_;
};

// The one daemon of this user holds the lock for as long as it takes runs.
UniqueFd take_lock(const Directories& directories) {
  UniqueFd lock(::open(directories.daemon_lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock)
    throw std::runtime_error("cannot open " + directories.daemon_lock().string() + ": " + std::strerror(errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    throw std::runtime_error("another hivemindd already runs for this user (it holds " +
                             directories.daemon_lock().string() + "); stop it with `hivemindctl stop`");
  const auto pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock.get(), 0) == 0) [[maybe_unused]]
    const auto written = ::pwrite(lock.get(), pid.data(), pid.size(), 0);
  return lock;
}

void open_log(const Directories& directories, bool foreground, const std::string& level) {
  spdlog::sink_ptr sink;
  if (foreground)
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  else
    sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(directories.log_file().string(), 10u << 20, 3);
  auto logger = std::make_shared<spdlog::logger>("hivemindd", std::move(sink));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  logger->set_error_handler([](const std::string&) {});  // a full disk must not stop the daemon
  spdlog::set_default_logger(std::move(logger));
}

// Keys and credentials pass through this process: no core dumps, no ptrace by others, private files, many descriptors.
void harden() {
  ::umask(0077);
#ifndef __SANITIZE_ADDRESS__  // its leak check must be able to trace us
  ::prctl(PR_SET_DUMPABLE, 0);
#endif
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a user's `ulimit -f` must not end the daemon: a log that cannot grow is an error
}

// Tells whoever started us, once.
void report(int ready_fd, const std::string& line) {
  if (ready_fd < 0) return;
  const auto text = line + "\n";
  [[maybe_unused]] const auto written = ::write(ready_fd, text.data(), text.size());
  ::close(ready_fd);
}

Directories where(const std::string& named_config) {
  auto directories = find_directories();
  if (!named_config.empty()) {
    directories.config_file = std::filesystem::absolute(named_config);
    directories.config_named = true;
  }
  return directories;
}

void serve(const std::string& named_config, bool foreground, int& ready_fd) {
  const auto directories = where(named_config);
  auto config = std::make_shared<Config>(load_config(directories));

  prepare(directories);
  auto lock = take_lock(directories);
  open_log(directories, foreground, config->log_level);

  asio::io_context loop(1);
  auto authority = CertificateAuthority::open(directories.certificates(), llm_hosts(*config));
  LearnedState learned(directories.state);
  Services services(loop, config, std::move(authority), learned.salt());
  const auto state = learned.load();
  if (!state.empty() && !services.admission.restore(state))
    spdlog::warn("what an earlier daemon learned cannot be read");
  SpendingRecord spending(directories.state);
  if (const auto spent = spending.load(); !spent.empty() && !services.admission.restore_spending(spent))
    spdlog::warn("what budgets spent under an earlier daemon cannot be read");
  services.admission.keep_spending([&spending](const std::string& bytes) { spending.store(bytes); });
  Daemon daemon(loop, directories, services, learned, std::move(lock));

  const auto file = file_in_use(directories);
  spdlog::info("serving version={} pid={} config={}", HM_VERSION, ::getpid(), file.empty() ? "defaults" : file);
  report(std::exchange(ready_fd, -1), "ready");
  loop.run();
  // Coroutines that still wait borrow from `services`, whose timers borrow from `loop`: neither can be destroyed before
  // the other. The process ends here; nothing is left to be written.
  spdlog::shutdown();
  std::_Exit(0);
}
}  // namespace
}  // namespace hivemind

int main(int argc, char** argv) {
  CLI::App app{
      "hivemindd - schedules the LLM traffic of every hivemind-run of this user. hivemind-run starts it; there is "
      "seldom a reason to do so by hand."};
  std::string config, check;
  int ready_fd = -1;
  bool foreground = false, examine = false;
  app.add_option("--config", config, "configuration file instead of ~/.config/hivemind/hivemind.toml");
  app.add_option("--check-config", check, "only say whether FILE is a valid configuration")->type_name("FILE");
  app.add_flag("--examine", examine, "say as JSON whether configuration and certificates are good, and start nothing");
  app.add_flag("--foreground", foreground, "log to stderr instead of the state directory's hivemindd.log");
  app.add_option("--ready-fd", ready_fd, "descriptor to write `ready` or `error: ...` to, once");
  app.set_version_flag("--version", "hivemindd " HM_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    if (!check.empty()) {
      hivemind::load_config(check);
      std::cout << check << ": valid\n";
      return 0;
    }
    if (examine) {
      const auto directories = hivemind::where(config);
      std::cout << hivemind::examination_json(
                       {hivemind::examine_config(directories),
                        hivemind::examine_certificates(directories.certificates(), std::time(nullptr),
                                                       hivemind::daemon_runs(directories))})
                << "\n";
      return 0;
    }
    hivemind::harden();
    hivemind::serve(config, foreground, ready_fd);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "hivemindd: " << error.what() << "\n";
    hivemind::report(ready_fd, std::string("error: ") + error.what());
    return 1;
  }
}
