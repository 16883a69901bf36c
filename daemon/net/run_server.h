// run_server.h - serves the runs that were handed over: accepts what their agents connect, and lets only live tokens
// in.
#pragma once
#include <unordered_map>

#include "control/handover_listener.h"
#include "net/run.h"
#include "net/services.h"

namespace hivemind {

class RunServer final : public RunHost {
public:
  explicit RunServer(Services& services) : services_(services) {}

  std::optional<std::string> begin(HandedRun handed) override;
  hm_summary summary(std::uint64_t run_id) override;
  void end(std::uint64_t run_id) override;

  // After a reload: every run's table gets the new ports and hosts.
  void write_policies();
  // Accepts no more, on any run.
  void stop();

private:
  void write_policy(Run& run);
  asio::awaitable<void> accept(RunPtr run);
  void accept_rest(const RunPtr& run);
  void admit(const RunPtr& run, tcp::socket socket);
  static asio::awaitable<void> serve_proxied(Services& services, RunPtr run, tcp::socket socket,
                                             OriginalDestination from);
  static asio::awaitable<void> serve(Services& services, RunPtr run, tcp::socket socket, OriginalDestination original);
  // run_server_kernel.cc: the same for what was captured in the kernel.
  std::optional<std::string> begin_kernel(const RunPtr& run, HandedEntrance handed);
  asio::awaitable<void> accept_kernel(RunPtr run);
  void accept_rest_kernel(const RunPtr& run);
  void admit_kernel(const RunPtr& run, tcp::socket socket, const tcp::endpoint& source);

  Services& services_;
  std::unordered_map<RunId, RunPtr> runs_;
};

// Every host whose traffic is ours: the dialects' own and the config's.
std::vector<std::string> llm_hosts(const Config& config);
}  // namespace hivemind
