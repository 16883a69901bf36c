#include "control/handover_listener.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "control/handover_packet.h"
#include "control/local_socket.h"
#include "core/time.h"
#include "net/spawn.h"

namespace hivemind {
namespace {

using Descriptor = asio::posix::stream_descriptor;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr Duration hello_timeout = 10s;
constexpr Duration accept_pause = 100ms;  // when there are no descriptors left

// One hivemind-run.
struct Connection {
  explicit Connection(Descriptor connected) : socket(std::move(connected)), hello_timer(socket.get_executor()) {}
  Descriptor socket;
  asio::steady_timer hello_timer;
};
using ConnectionPtr = std::shared_ptr<Connection>;

asio::awaitable<Result<HandoverPacket>> receive(ConnectionPtr connection) {
  for (;;) {
    auto [ec] = co_await connection->socket.async_wait(Descriptor::wait_read, as_result);
    if (ec) co_return ec;
    auto packet = receive_packet(connection->socket.native_handle());
    if (packet || (packet.error() != asio::error::would_block && packet.error() != asio::error::interrupted))
      co_return packet;
  }
}

template <class Message>
error_code send(Connection& connection, Message message, hm_message_type type) {
  message.message = {static_cast<std::uint32_t>(type), HM_HANDOVER_VERSION};
  return send_packet(connection.socket.native_handle(), &message, sizeof message);
}

std::uint16_t local_port(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return 0;
  return ntohs(name.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(name).sin6_port
                                          : reinterpret_cast<sockaddr_in&>(name).sin_port);
}
}  // namespace

struct HandoverListener::State : std::enable_shared_from_this<State> {
  State(asio::any_io_executor executor, std::filesystem::path where, std::string bundle, RunHost& runs_host)
      : socket(executor, listen_local(where, SOCK_SEQPACKET).release()),
        path(std::move(where)),
        root_bundle(std::move(bundle)),
        host(runs_host) {}

  Descriptor socket;
  std::filesystem::path path;
  std::string root_bundle;
  std::uint32_t config = 0;
  RunHost& host;
  std::unordered_set<ConnectionPtr> connections;
  std::unordered_map<std::uint64_t, ConnectionPtr> runs;  // begun, by the connection that holds them

  static asio::awaitable<void> accept(std::shared_ptr<State> self);
  static asio::awaitable<void> serve(std::shared_ptr<State> self, ConnectionPtr connection);
  static asio::awaitable<void> converse(std::shared_ptr<State> self, ConnectionPtr connection);
  std::optional<std::string> begin(ConnectionPtr connection, HandoverPacket& packet);
  void end(std::uint64_t run_id);
};

asio::awaitable<void> HandoverListener::State::accept(std::shared_ptr<State> self) {
  while (self->socket.is_open()) {
    auto [ec] = co_await self->socket.async_wait(Descriptor::wait_read, as_result);
    if (ec) break;
    UniqueFd connected(::accept4(self->socket.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!connected) {
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) continue;
      spdlog::error("hand-over not accepted error={}", std::strerror(errno));
      asio::steady_timer pause(self->socket.get_executor(), accept_pause);
      co_await pause.async_wait(as_result);
      continue;
    }
    if (const auto user = peer_user(connected.get()); user != ::geteuid()) {
      spdlog::warn("hand-over refused uid={}", user ? static_cast<long>(*user) : -1);
      continue;
    }
    auto connection = std::make_shared<Connection>(Descriptor(self->socket.get_executor(), connected.release()));
    spawn(self->socket.get_executor(), "handover", serve(self, std::move(connection)));
  }
}

asio::awaitable<void> HandoverListener::State::serve(std::shared_ptr<State> self, ConnectionPtr connection) {
  self->connections.insert(connection);
  co_await converse(self, connection);
  const auto mine =
      std::find_if(self->runs.begin(), self->runs.end(), [&](const auto& run) { return run.second == connection; });
  if (mine != self->runs.end()) self->end(mine->first);
  self->connections.erase(connection);
}

// Returns when the connection is over, for whatever reason.
asio::awaitable<void> HandoverListener::State::converse(std::shared_ptr<State> self, ConnectionPtr connection) {
  connection->hello_timer.expires_after(hello_timeout);
  connection->hello_timer.async_wait([weak = std::weak_ptr(connection)](error_code ec) {
    if (const auto late = weak.lock(); late && !ec) late->socket.close();
  });
  auto packet = co_await receive(connection);
  connection->hello_timer.cancel();
  if (!packet || packet->size == 0) co_return;
  if (const auto reason = self->begin(connection, *packet)) {
    spdlog::warn("hand-over refused reason=\"{}\"", *reason);
    hm_refused refused{};
    reason->copy(refused.reason, sizeof refused.reason - 1);
    (void)send(*connection, refused, HM_REFUSED);
    co_return;
  }
  const auto run_id = packet->as<hm_hello>(HM_HELLO)->run_id;
  hm_ack ack{};
  ack.daemon_pid = ::getpid();
  ack.config = self->config;
  self->root_bundle.copy(ack.root_bundle, sizeof ack.root_bundle - 1);
  if (send(*connection, ack, HM_ACK)) co_return;
  for (;;) {
    packet = co_await receive(connection);
    if (!packet || packet->size == 0) co_return;
    if (!packet->as<hm_summary_request>(HM_SUMMARY_REQUEST)) {
      spdlog::warn("hand-over closed run={:016x} reason=\"unexpected message\"", run_id);
      co_return;
    }
    if (send(*connection, self->host.summary(run_id), HM_SUMMARY)) co_return;
  }
}

std::optional<std::string> HandoverListener::State::begin(ConnectionPtr connection, HandoverPacket& packet) {
  if (auto fault = fault_of(packet)) return fault;
  if (root_bundle.size() >= sizeof hm_ack::root_bundle)
    return "the path of the root bundle is too long; set HIVEMIND_STATE_DIR to a shorter directory";
  HandedRun run{.hello = *packet.as<hm_hello>(HM_HELLO), .listener = std::move(packet.descriptors[0]), .table = {}};
  if (auto fault = fault_of_listener(run.listener.get())) return fault;
  auto table = TokenTable::map(packet.descriptors[1], ::geteuid(), run.hello.run_id);
  if (!table) return "the token table cannot be used: " + table.error().message();
  if (table->listener_port() != 0 && table->listener_port() != local_port(run.listener.get()))
    return "the token table is of another listener";
  run.table = std::move(*table);
  run.table.release_orphans();
  if (packet.descriptors.size() > 2) {
    if (auto fault = fault_of_listener(packet.descriptors[2].get())) return fault;
    auto kernel = KernelTable::map(packet.descriptors[3], ::geteuid(), run.hello.run_id);
    if (!kernel) return "the token table in the kernel cannot be used: " + kernel.error().message();
    run.kernel = HandedEntrance{std::move(packet.descriptors[2]), std::move(*kernel)};
  }
  const auto run_id = run.hello.run_id;
  if (const auto older = runs.find(run_id); older != runs.end()) {
    older->second->socket.close();  // its coroutine ends without the run, which is this one's now
    end(run_id);
  }
  try {
    if (auto reason = host.begin(std::move(run))) return reason;
  } catch (const std::exception& error) {
    return std::string("the daemon failed: ") + error.what();
  }
  runs.emplace(run_id, std::move(connection));
  return std::nullopt;
}

void HandoverListener::State::end(std::uint64_t run_id) {
  runs.erase(run_id);
  host.end(run_id);
}

HandoverListener::HandoverListener(asio::any_io_executor executor, std::filesystem::path socket,
                                   std::string root_bundle, RunHost& host)
    : state_(std::make_shared<State>(executor, std::move(socket), std::move(root_bundle), host)) {
  spawn(executor, "handover accept", State::accept(state_));
}

HandoverListener::~HandoverListener() { stop(); }

void HandoverListener::tell_config(const std::filesystem::path& file) {
  std::error_code ec;
  const auto real = std::filesystem::weakly_canonical(file, ec);
  state_->config = hm_path_hash((ec ? file : real).c_str());
}

void HandoverListener::stop() {
  if (!state_->socket.is_open()) return;
  state_->socket.close();
  std::error_code ec;
  std::filesystem::remove(state_->path, ec);
}

void HandoverListener::close_all(const std::string& reason) {
  hm_refused refused{};
  reason.copy(refused.reason, sizeof refused.reason - 1);
  for (const auto& connection : state_->connections) {
    (void)send(*connection, refused, HM_REFUSED);
    connection->socket.close();
  }
}
}  // namespace hivemind
