#include "net/session.h"

#include <algorithm>
#include <openssl/ssl.h>
#include <spdlog/spdlog.h>

#include "core/dialect.h"
#include "net/exchange.h"
#include "net/forward_head.h"
#include "net/passthrough.h"
#include "net/turns.h"

namespace hivemind {

namespace {
// A connection may be opened long before its first request, and stay open long after its last.
constexpr Duration idle = 1h;
// On other ports than 443 a server may be the one to speak first; then silence means a tunnel.
constexpr Duration server_may_speak = 2s;
// A local one is connected to after this silence, and heard as soon as it speaks.
constexpr Duration silence = 100ms, next_look = 50ms;
// After a refusal, what the client still sends is read for this long, so that the answer is not lost to a reset.
constexpr Duration linger_time = 2s;
constexpr std::size_t linger_bytes = 256u << 20;
constexpr std::uint16_t ollama_port = 11434;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : char(c); });
  return out;
}

std::string without_port(std::string_view host) {
  if (host.starts_with('[')) return lower(host.substr(1, host.find(']') - 1));
  return lower(host.substr(0, host.find(':')));
}

// The request line of a head that could not be parsed, as far as it can be told.
RequestHead loose_head(std::string_view bytes) {
  RequestHead head;
  const auto line = bytes.substr(0, bytes.find_first_of("\r\n"));
  const auto space = line.find(' ');
  head.method = line.substr(0, space);
  if (space != line.npos) head.target = line.substr(space + 1, line.find(' ', space + 1) - space - 1);
  return head;
}

bool speaks_http1(const ClientHello& hello) {
  return hello.alpn.empty() || std::find(hello.alpn.begin(), hello.alpn.end(), "http/1.1") != hello.alpn.end();
}

bool is_trust_alert(int reason) {
  switch (reason) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
      return true;
    default:
      return false;
  }
}
}  // namespace

Session::Session(Services& services, RunPtr run, tcp::socket socket, OriginalDestination original)
    : services_(services),
      run_(std::move(run)),
      config_(services.config),
      client_(std::move(socket), services.deadlines),
      original_(std::move(original)) {
  ++services_.connections;
}

Session::~Session() {
  run_->release(original_);
  --services_.connections;
}

asio::awaitable<void> Session::serve(std::string ahead) {
  Sniffed first;
  const bool server_may_begin = original_.port != 443;
  const bool is_local = (original_.flags & HM_LOCAL_SERVER) != 0 && (original_.flags & HM_HINT_LLM) == 0;
  const TimePoint silence_ends = Clock::now() + server_may_speak;
  TimePoint deadline = server_may_begin ? silence_ends : Clock::now() + idle;
  if (server_may_begin && is_local) deadline = Clock::now() + silence;
  while ((first = sniff(ahead)).kind == SniffKind::need_more) {
    const auto got = co_await client_.read_some(services_.scratch, deadline);
    if (!got && ahead.empty() && got.error() == asio::error::timed_out && deadline < silence_ends) {
      if (!early_) {
        auto dialled = co_await dial({});
        if (dialled) early_ = std::move(*dialled);
      }
      if (early_ && !early_->is_quiet()) {
        co_await tunnel_to({}, {});
        co_return;
      }
      deadline = early_ ? std::min(Clock::now() + next_look, silence_ends) : silence_ends;
      continue;
    }
    if (!got) {
      // A local server sees also who only looked whether it listens, or has nothing to say and wants to hear.
      const bool looked_in = got.error() == asio::error::eof && is_local;
      if (ahead.empty() && (looked_in || (got.error() == asio::error::timed_out && server_may_begin))) {
        co_await tunnel_to({}, {});
      } else if (got.error() == asio::error::eof && !ahead.empty()) {
        first.kind = SniffKind::other;
        break;
      } else if (got.error() == asio::error::timed_out && server_may_begin && !(original_.flags & HM_HINT_LLM)) {
        co_await tunnel_to({}, std::move(ahead));  // a few bytes and a pause may be how somebody else's protocol begins
      } else if (got.error() == asio::error::timed_out) {
        client_.reset();
      }
      co_return;
    }
    if (ahead.empty()) deadline = Clock::now() + config_->head_timeout;
    ahead.append(services_.scratch.data(), *got);
  }
  switch (first.kind) {
    case SniffKind::tls:
      co_return co_await serve_tls(first.hello, std::move(ahead));
    case SniffKind::http:
      co_return co_await serve_plain(std::move(ahead));
    default:
      break;
  }
  if (original_.flags & HM_HINT_LLM) {
    spdlog::info("refused: neither TLS nor HTTP towards an LLM host name={} pid={}", original_.name, original_.pid);
    client_.reset();
    co_return;
  }
  co_await tunnel_to({}, std::move(ahead));
}

asio::awaitable<void> Session::serve_tls(const ClientHello& hello, std::string ahead) {
  const auto& host = hello.server_name;
  executable_ = executable_of(original_.pid);
  SSL_CTX* context = nullptr;
  if (!host.empty() && !hello.encrypted && speaks_http1(hello) && services_.authority.covers(host) &&
      !services_.trust.refuses(executable_))
    context = services_.authority.server_context(host);
  if (!context) {
    co_return co_await tunnel_to(host, std::move(ahead));
  }

  if (original_.in_kernel) run_->kernel->table.add_llm_address(endpoint_of(original_).address());
  client_.unread(std::move(ahead));
  if (const auto ec = co_await client_.accept_tls(context, Clock::now() + config_->head_timeout)) {
    if (is_trust_alert(client_.tls_reason()) && services_.trust.rejected_handshake(executable_))
      spdlog::warn(
          "program does not trust the HiveMind CA and is tunnelled from now on, unscheduled executable={} pid={} "
          "alert={}",
          executable_, original_.pid, client_.tls_error());
    else
      spdlog::debug("client handshake failed host={} pid={} error={}", host, original_.pid,
                    client_.tls_error().empty() ? ec.message() : client_.tls_error());
    co_return;
  }
  co_await serve_http(host, {});
}

asio::awaitable<void> Session::serve_plain(std::string ahead) {
  const auto size =
      co_await read_head(client_, ahead, services_, Clock::now() + config_->head_timeout, config_->head_timeout);
  if (!size && size.error() != HttpErrc::head_too_large) {
    if (size.error() == HttpErrc::closed_early) {
      co_await tunnel_to({}, std::move(ahead));
    } else {
      client_.reset();
    }
    co_return;
  }
  const auto parsed =
      size ? parse_request_head(std::string_view(ahead).substr(0, *size)) : Result<RequestHead>(size.error());
  const auto head = parsed ? *parsed : loose_head(ahead);
  const auto host = without_port(parsed ? head.find("host").value_or("") : std::string_view());
  const auto* configured = find_override(*config_, host);
  const bool ours = configured || original_.port == ollama_port || find_dialect(host, head, {}) != nullptr;
  if (!ours) {
    co_return co_await tunnel_to(host, std::move(ahead));
  }
  co_await serve_http({}, std::move(ahead));
}

asio::awaitable<void> Session::serve_http(std::string sni, std::string buffer) {
  early_.reset();
  bool served = false;
  for (;;) {
    if (services_.draining && served && buffer.empty()) break;
    const auto size = co_await read_head(client_, buffer, services_, Clock::now() + idle, config_->head_timeout);
    if (!size) {
      if (size.error() == HttpErrc::head_too_large) {
        co_await refuse(431, "the request head is larger than 64 KiB");
      } else if (size.error() == asio::error::timed_out && !buffer.empty()) {
        co_await refuse(408, "the request head did not arrive in time");
      } else if (!served && client_.is_tls() && size.error() == asio::error::eof &&
                 services_.trust.closed_without_request(executable_)) {
        spdlog::warn(
            "program closes after every handshake, so it may not trust the HiveMind CA; it is tunnelled from now on "
            "executable={}",
            executable_);
      }
      break;
    }
    const std::string raw_head = buffer.substr(0, *size);
    buffer.erase(0, *size);
    auto head = parse_request_head(raw_head);
    if (!head) {
      co_await refuse(400, head.error().message());
      break;
    }
    // An offer of HTTP/2 that a server may pass over, as Java's client makes with every plain request: it is passed
    // over.
    if (head->upgrade && iequals(head->find("upgrade").value_or(""), "h2c")) head->upgrade = false;
    if (!served && client_.is_tls()) services_.trust.completed_request(executable_);
    served = true;
    const auto host = sni.empty() ? without_port(head->find("host").value_or("")) : sni;
    const bool more = co_await serve_request(*head, raw_head, host, buffer);
    if (!more) break;
    if (buffer.empty() && buffer.capacity() > 4096) std::string().swap(buffer);
  }
  co_await end_after_answer();
}

asio::awaitable<bool> Session::serve_request(const RequestHead& head, std::string_view raw_head,
                                             const std::string& host, std::string& buffer) {
  Active active(services_);
  const auto config = services_.config;
  const auto* configured = find_override(*config, host);
  const auto destination = destination_for(*config, host, endpoint_of(original_), client_.is_tls());
  const auto* dialect =
      find_dialect(host, head, configured ? std::string_view(configured->dialect) : std::string_view());
  if (!dialect || head.upgrade || !dialect->is_generation(head))
    co_return co_await pass_through(services_, *run_, client_, destination, head, raw_head, buffer);

  const auto too_large =
      "the request body is larger than " + std::to_string(config->max_body >> 20) + " MiB (limits.max_body)";
  const auto announced = head.body == BodyKind::sized ? head.content_length : 0;
  if (announced > config->max_body) {
    co_await refuse(413, too_large);
    co_return false;
  }
  if (head.expects_continue && buffer.empty() && head.body != BodyKind::none &&
      services_.buffered + announced <= config->max_buffered) {
    const auto ec = co_await client_.write_all("HTTP/1.1 100 Continue\r\n\r\n", Clock::now() + config->head_timeout);
    if (ec) co_return false;
  }
  auto body = co_await read_body(client_, head, buffer, services_, config->max_body, config->max_buffered,
                                 config->stall_timeout);
  if (!body) {
    if (body.error() == HttpErrc::body_too_large) {
      co_await refuse(413, too_large);
    } else if (body.error() == HttpErrc::bad_chunk) {
      co_await refuse(400, body.error().message());
    } else if (body.error() == boost::system::errc::not_enough_memory) {
      spdlog::warn("refused request: too many bodies are held pid={} held={}", original_.pid, services_.buffered);
      const auto answer = dialect->refusal(
          {RefusalKind::queue_full, "HiveMind: too many request bodies are waiting (limits.max_buffered)", 5s, true});
      const auto ec = co_await client_.write_all(answer, Clock::now() + config->stall_timeout);
      if (!ec) {
        co_await linger();
      }
    } else {
      client_.reset();
    }
    co_return false;
  }
  const bool shared = original_.in_kernel && run_->kernel->table.is_shared();
  Exchange exchange(services_, *run_, client_, destination, *dialect, head, raw_head, std::move(*body),
                    shared ? session_of(original_.pid) : std::string());
  co_return co_await exchange.serve();
}

// An answer is followed by what the client still sends (an early answer to a long body, a pipelined request): closing
// with that unread would be a reset, and could take the answer with it.
asio::awaitable<void> Session::end_after_answer() {
  if (client_.has_unread()) {
    co_await linger();
  }
  client_.close();
}

asio::awaitable<void> Session::refuse(int status, std::string reason) {
  spdlog::info("refused request status={} pid={} reason={}", status, original_.pid, reason);
  const std::string text = "HiveMind refused this request: " + reason + "\n";
  const std::string answer =
      "HTTP/1.1 " + std::to_string(status) +
      (status == 413   ? " Content Too Large"
       : status == 431 ? " Request Header Fields Too Large"
       : status == 408 ? " Request Timeout"
                       : " Bad Request") +
      "\r\nContent-Type: text/plain\r\nConnection: close\r\nX-HiveMind: refused\r\nContent-Length: " +
      std::to_string(text.size()) + "\r\n\r\n" + text;
  const auto ec = co_await client_.write_all(answer, Clock::now() + linger_time);
  if (!ec) {
    co_await linger();
  }
}

asio::awaitable<void> Session::linger() {
  client_.shutdown_send();
  const auto until = Clock::now() + linger_time;
  Turns turns;
  for (std::size_t read = 0; read < linger_bytes && Clock::now() < until;) {
    const auto got = co_await client_.read_some(services_.scratch, until);
    if (!got) break;
    read += *got;
    if (turns.over(*got)) {
      co_await next_turn();
    }
  }
  client_.close();
}
}  // namespace hivemind
