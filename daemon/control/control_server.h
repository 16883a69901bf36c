// control_server.h - control.sock: HTTP/1.1 with JSON for hivemindctl, curl --unix-socket and scrapers.
//   GET /status /runs /runs/ID /metrics /decisions /decisions/RUN-OR-REQUEST, POST /stop /reload
// Invariants: only our own uid and root are answered; a request is at most 16 KiB and has a deadline, and at most 64
// clients are connected, so no client can hurt the daemon. Event-loop thread only.
#pragma once
#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/snapshot.h"
#include "core/time.h"

namespace hivemind {

struct DaemonInfo {
  int pid = 0;
  std::string version = {};
  Duration uptime{};
  std::string config_file = {};  // empty: no file, defaults
  std::string log_file = {}, root_bundle = {};
  std::int64_t certificates_expire = 0;  // seconds since 1970; 0: no CA
  std::size_t connections = 0;           // client connections open now
  bool draining = false;
};

// What the daemon lets itself be asked. Outlives the io_context.
class ControlHost {
public:
  virtual ~ControlHost() = default;
  virtual Snapshot snapshot() = 0;
  virtual DaemonInfo info() = 0;
  // The scheduler's latest, oldest first: all, or about one run or request.
  virtual std::vector<DecisionSnapshot> decisions(std::optional<std::uint64_t> about) = 0;
  // Begins a graceful shutdown. Returns at once.
  virtual void stop() = 0;
  // Reads the configuration again. nullopt, or why the old one stays.
  virtual std::optional<std::string> reload() = 0;
};

// Is gone before the io_context.
class ControlServer {
public:
  // As HandoverListener: the caller holds daemon.lock; throws std::runtime_error when it cannot listen.
  ControlServer(boost::asio::any_io_executor executor, std::filesystem::path socket, ControlHost& host);
  ~ControlServer();  // stops
  // Accepts no more, removes the socket and ends what is connected once its answer is out.
  void stop();

private:
  struct State;
  std::shared_ptr<State> state_;
};
}  // namespace hivemind
