#include "control/control_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/serialize.hpp>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "control/local_socket.h"
#include "control/metrics_text.h"
#include "control/snapshot_json.h"
#include "net/spawn.h"

namespace hivemind {
namespace {
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
using asio::local::stream_protocol;
using ClientStream = beast::basic_stream<stream_protocol>;
using Response = http::response<http::string_body>;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr Duration client_timeout = 10s;  // for a request to come, and for its answer to be taken
constexpr Duration accept_pause = 100ms;
constexpr std::size_t most_clients = 64;
constexpr std::uint32_t largest_request = 16 * 1024;

struct Client {
  explicit Client(stream_protocol::socket socket) : stream(std::move(socket)) {}
  ClientStream stream;
  beast::flat_buffer buffer{largest_request + 1024};  // what was read ahead of a request's end
  bool idle = false;                                  // between requests
};
using ClientPtr = std::shared_ptr<Client>;
using Clients = std::unordered_set<ClientPtr>;

// In the list for as long as it is served, also when serving it throws.
class Listed {
public:
  Listed(Clients& clients, ClientPtr client) : clients_(clients), client_(std::move(client)) {
    clients_.insert(client_);
  }
  ~Listed() { clients_.erase(client_); }
  Listed(const Listed&) = delete;

private:
  Clients& clients_;
  const ClientPtr client_;
};

void answer(Response& response, http::status status, const json::value& body) {
  response.result(status);
  response.set(http::field::content_type, "application/json");
  response.body() = json::serialize(body) + '\n';
}

json::object error_body(std::string message) { return {{"error", std::move(message)}}; }

void answer_run(Response& response, ControlHost& host, std::string_view id) {
  const auto snapshot = host.snapshot();
  const auto run =
      std::find_if(snapshot.runs.begin(), snapshot.runs.end(), [&](const auto& r) { return run_id_text(r.id) == id; });
  if (run == snapshot.runs.end())
    return answer(response, http::status::not_found, error_body("no such run; GET /runs lists them"));
  answer(response, http::status::ok, run_json(*run));
}

// A run is named as everywhere, by 16 hexadecimal digits; a request by its number.
void answer_decisions(Response& response, ControlHost& host, std::string_view about) {
  std::optional<std::uint64_t> id;
  if (!about.empty()) {
    std::uint64_t number = 0;
    const auto [end, ec] =
        std::from_chars(about.data(), about.data() + about.size(), number, about.size() == 16 ? 16 : 10);
    if (ec != std::errc() || end != about.data() + about.size())
      return answer(response, http::status::not_found, error_body("neither the id of a run nor a request's number"));
    id = number;
  }
  answer(response, http::status::ok, json::object{{"decisions", decisions_json(host.decisions(id))}});
}

void answer_reload(Response& response, ControlHost& host) {
  if (auto reason = host.reload()) return answer(response, http::status::conflict, error_body(valid_utf8(*reason)));
  answer(response, http::status::ok, json::object{{"reloaded", true}});
}

// One path and what it does. `stop` is done by the caller once the answer is out.
void respond(const http::request<http::string_body>& request, Response& response, ControlHost& host) {
  const std::string_view target(request.target().data(), request.target().size());
  const auto path = target.substr(0, target.find('?'));
  constexpr std::string_view runs_prefix = "/runs/";
  constexpr std::string_view decisions_prefix = "/decisions/";
  const bool get = path == "/decisions" || path.starts_with(decisions_prefix) || path == "/status" || path == "/runs" ||
                   path == "/metrics" || path.starts_with(runs_prefix);
  const bool post = path == "/stop" || path == "/reload";
  if (!get && !post) {
    return answer(
        response, http::status::not_found,
        error_body("no such path; there are /status, /runs, /runs/ID, /decisions, /metrics, /stop and /reload"));
  }
  if (request.method() != (get ? http::verb::get : http::verb::post)) {
    response.set(http::field::allow, get ? "GET" : "POST");
    return answer(response, http::status::method_not_allowed,
                  error_body(std::string("this path takes ") + (get ? "GET" : "POST")));
  }
  if (path == "/status") return answer(response, http::status::ok, status_json(host.info(), host.snapshot()));
  if (path == "/runs")
    return answer(response, http::status::ok, json::object{{"runs", runs_json(host.snapshot().runs)}});
  if (path == "/stop") return answer(response, http::status::accepted, json::object{{"stopping", true}});
  if (path == "/reload") return answer_reload(response, host);
  if (path == "/decisions") return answer_decisions(response, host, {});
  if (path.starts_with(decisions_prefix)) return answer_decisions(response, host, path.substr(decisions_prefix.size()));
  if (path == "/metrics") {
    response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
    response.body() = metrics_text(host.info(), host.snapshot());
    return;
  }
  answer_run(response, host, path.substr(runs_prefix.size()));
}
}  // namespace

struct ControlServer::State {
  State(asio::any_io_executor executor, std::filesystem::path where, ControlHost& asked)
      : acceptor(executor, stream_protocol(), listen_local(where, SOCK_STREAM).release()),
        path(std::move(where)),
        host(asked) {}

  stream_protocol::acceptor acceptor;
  std::filesystem::path path;
  ControlHost& host;
  Clients clients;

  static asio::awaitable<void> accept(std::shared_ptr<State> self);
  static asio::awaitable<void> serve(std::shared_ptr<State> self, ClientPtr client);
  static asio::awaitable<bool> exchange(std::shared_ptr<State> self, ClientPtr client);
};

asio::awaitable<void> ControlServer::State::accept(std::shared_ptr<State> self) {
  while (self->acceptor.is_open()) {
    auto [ec, socket] = co_await self->acceptor.async_accept(as_result);
    if (ec == asio::error::operation_aborted) break;
    if (ec) {
      spdlog::error("control client not accepted error={}", ec.message());
      asio::steady_timer pause(self->acceptor.get_executor(), accept_pause);
      co_await pause.async_wait(as_result);
      continue;
    }
    const auto user = peer_user(socket.native_handle());
    if (!user || (*user != ::geteuid() && *user != 0)) {
      spdlog::warn("control client refused uid={}", user ? static_cast<long>(*user) : -1);
      continue;
    }
    if (self->clients.size() >= most_clients) {
      spdlog::warn("control client refused clients={}", self->clients.size());
      continue;
    }
    spawn(self->acceptor.get_executor(), "control", serve(self, std::make_shared<Client>(std::move(socket))));
  }
}

asio::awaitable<void> ControlServer::State::serve(std::shared_ptr<State> self, ClientPtr client) {
  const Listed listed(self->clients, client);
  bool more = true;
  while (more) {
    more = co_await exchange(self, client);
  }
}

// One request. False: the connection is over.
asio::awaitable<bool> ControlServer::State::exchange(std::shared_ptr<State> self, ClientPtr client) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(largest_request);
  parser.body_limit(largest_request);
  client->stream.expires_after(client_timeout);
  client->idle = true;
  auto [ec, size] = co_await http::async_read(client->stream, client->buffer, parser, as_result);
  client->idle = false;
  Response response{http::status::ok, 11};
  bool stop = false;
  if (ec == http::error::body_limit || ec == http::error::header_limit || ec == http::error::buffer_overflow) {
    answer(response, http::status::payload_too_large, error_body("a request may have 16 KiB"));
    response.keep_alive(false);
  } else if (ec && ec.category() == http::make_error_code(http::error::bad_method).category() &&
             ec != http::error::end_of_stream && ec != http::error::partial_message) {
    answer(response, http::status::bad_request, error_body("not HTTP: " + ec.message()));
    response.keep_alive(false);
  } else if (ec) {
    co_return false;  // left, or took too long
  } else {
    respond(parser.get(), response, self->host);
    stop = response.result() == http::status::accepted;
    response.keep_alive(parser.get().keep_alive() && !stop && self->acceptor.is_open());
  }
  response.prepare_payload();
  client->stream.expires_after(client_timeout);
  auto [write_ec, written] = co_await http::async_write(client->stream, response, as_result);
  if (stop) self->host.stop();
  co_return !write_ec && response.keep_alive();
}

ControlServer::ControlServer(asio::any_io_executor executor, std::filesystem::path socket, ControlHost& host)
    : state_(std::make_shared<State>(executor, std::move(socket), host)) {
  spawn(executor, "control accept", State::accept(state_));
}

ControlServer::~ControlServer() { stop(); }

void ControlServer::stop() {
  if (!state_->acceptor.is_open()) return;
  state_->acceptor.close();
  std::error_code ec;
  std::filesystem::remove(state_->path, ec);
  for (const auto& client : state_->clients) {
    if (client->idle) client->stream.cancel();
  }
}
}  // namespace hivemind
