#include "net/run_server.h"

#include <boost/asio/as_tuple.hpp>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "core/dialect.h"
#include "hivemind/token_table.h"
#include "net/process_sockets.h"
#include "net/session.h"

namespace hivemind {

std::vector<std::string> llm_hosts(const Config& config) {
  auto hosts = known_hosts();
  hosts.insert(hosts.end(), config.hosts.begin(), config.hosts.end());
  for (const auto& upstream : config.upstreams) hosts.push_back(upstream.host);
  std::sort(hosts.begin(), hosts.end());
  hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
  return hosts;
}

std::optional<std::string> RunServer::begin(HandedRun handed) {
  if (services_.draining) return "the daemon is shutting down";
  auto run = std::make_shared<Run>(Run{handed.hello, std::move(handed.table), tcp::acceptor(services_.loop)});
  error_code ec;
  run->listener.assign(tcp::v4(), handed.listener.get(), ec);
  if (ec) return "the listener cannot be used: " + ec.message();
  handed.listener.release();
  run->listener.non_blocking(true, ec);
  if (handed.kernel)
    if (auto problem = begin_kernel(run, std::move(*handed.kernel))) return problem;

  const auto& hello = run->hello;
  RunSpec spec;
  spec.id = hello.run_id;
  spec.parent = hello.parent_run_id;
  spec.name = hello.name;
  spec.priority = static_cast<Priority>(hello.priority);
  spec.weight = hello.weight_milli / 1000.0;
  if (hello.token_budget != HM_NONE) spec.token_budget = hello.token_budget;
  spec.tokens_spent = static_cast<std::int64_t>(hello.tokens_spent);
  if (hello.deadline_ms != HM_NONE) {
    const auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
    spec.deadline = Clock::now() + (std::chrono::milliseconds(hello.deadline_ms) - now);
  }
  run->proxy_authorization = run->table.proxy_authorization();
  services_.admission.add_run(std::move(spec));
  run->table.release_orphans();
  write_policy(*run);
  runs_[run->id()] = run;
  spdlog::info("run began run={:016x} name={} pid={} port={}", run->id(), run->hello.name, run->hello.pid,
               run->listener.local_endpoint(ec).port());
  spawn(services_.loop, "accept", accept(run));
  if (run->kernel) spawn(services_.loop, "accept", accept_kernel(run));
  return std::nullopt;
}

hm_summary RunServer::summary(std::uint64_t run_id) {
  hm_summary out{};
  if (const auto found = runs_.find(run_id); found != runs_.end()) out.passed = found->second->passed;
  if (const auto run = services_.admission.run_snapshot(run_id)) {
    const auto count = [](std::int64_t n) { return static_cast<std::uint64_t>(std::max<std::int64_t>(n, 0)); };
    out.requests = run->requests;
    out.input_tokens = count(run->input_tokens);
    out.output_tokens = count(run->output_tokens);
    out.cached_tokens = count(run->cached_tokens);
    out.waited_ms = count(std::chrono::duration_cast<std::chrono::milliseconds>(run->waited).count());
    out.retries = run->retries;
    out.errors = run->errors;
    out.refused = run->refused;
    out.tokens_spent = count(run->tokens_spent);
  }
  return out;
}

void RunServer::end(std::uint64_t run_id) {
  const auto found = runs_.find(run_id);
  if (found == runs_.end()) return;
  spdlog::info("run ended run={:016x} name={}", run_id, found->second->hello.name);
  accept_rest(found->second);
  error_code ignored;
  found->second->listener.close(ignored);
  if (const auto& kernel = found->second->kernel) {
    accept_rest_kernel(found->second);
    kernel->listener.close(ignored);
  }
  runs_.erase(found);
  if (!services_.draining) services_.admission.remove_run(run_id);  // while draining, what waits may still go out
}

// What the last process sent before it ended may still wait to be accepted.
void RunServer::accept_rest(const RunPtr& run) {
  for (;;) {
    error_code ec;
    auto socket = run->listener.accept(ec);
    if (ec) break;
    admit(run, std::move(socket));
  }
}

void RunServer::write_policy(Run& run) {
  const auto hosts = llm_hosts(*services_.config);
  if (const auto left_out = run.table.write_policy(services_.config->ports, hosts))
    spdlog::warn("{} hosts do not fit into the token table and are captured only by SNI", left_out);
  if (run.kernel) run.kernel->table.tokens().write_policy(services_.config->ports, hosts);
}

void RunServer::write_policies() {
  for (auto& [id, run] : runs_) write_policy(*run);
}

void RunServer::stop() {
  error_code ignored;
  for (auto& [id, run] : runs_) {
    run->listener.close(ignored);
    if (run->kernel) run->kernel->listener.close(ignored);
  }
}

asio::awaitable<void> RunServer::accept(RunPtr run) {
  asio::steady_timer pause(services_.loop);
  while (run->listener.is_open()) {
    auto [ec, socket] = co_await run->listener.async_accept(asio::as_tuple(asio::use_awaitable));
    if (!ec) {
      admit(run, std::move(socket));
    } else if (ec != asio::error::operation_aborted && ec != asio::error::connection_aborted) {
      // No descriptors or memory: what waits stays in the backlog until something is closed. Anything else may last,
      // too.
      spdlog::warn("accept paused run={:016x} error={}", run->id(), ec.message());
      pause.expires_after(100ms);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }
}

void RunServer::admit(const RunPtr& run, tcp::socket socket) {
  error_code ec;
  const auto local = socket.local_endpoint(ec);
  const auto remote = ec ? tcp::endpoint() : socket.remote_endpoint(ec);
  const auto refuse = [&socket](const char* why) {
    spdlog::info("refused connection reason={}", why);
    error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
  };
  if (ec || !local.address().is_v4()) return;
  const auto token = local.address().to_v4().to_uint();
  const bool as_proxy = !hm_is_token(token) && !run->proxy_authorization.empty();
  if (!hm_is_token(token) && !as_proxy) return refuse("not a token address");
  // Who has sent and closed already is known to newer kernels (6.17) only; older ones say 0. Unknown, it is served: it
  // may be a program of ours that does not wait for an answer, and it had to hit a token within the moment that one is
  // live.
  const auto peer = services_.peers.find(remote, local);
  if (peer && peer->uid != ::getuid() && (peer->open || peer->uid != 0)) return refuse("another user");
  if (as_proxy) {
    OriginalDestination from;
    from.slot = HM_SLOT_COUNT;  // none
    if (peer && peer->open) from.pid = process_with_socket(run->hello.pid, peer->inode);
    spawn(services_.loop, "session", serve_proxied(services_, run, std::move(socket), std::move(from)));
    return;
  }
  auto original = run->table.accept(token);
  if (!original) return refuse("no live token");
  spawn(services_.loop, "session", serve(services_, run, std::move(socket), std::move(*original)));
}

asio::awaitable<void> RunServer::serve_proxied(Services& services, RunPtr run, tcp::socket socket,
                                               OriginalDestination from) {
  Session session(services, std::move(run), std::move(socket), std::move(from));
  co_await session.serve_proxied();
}

asio::awaitable<void> RunServer::serve(Services& services, RunPtr run, tcp::socket socket,
                                       OriginalDestination original) {
  Session session(services, std::move(run), std::move(socket), std::move(original));
  co_await session.serve();
}
}  // namespace hivemind
