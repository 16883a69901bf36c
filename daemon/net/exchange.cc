#include "net/exchange.h"

#include <spdlog/spdlog.h>

#include "net/forward_head.h"

namespace hivemind {

namespace {
// Response bytes kept back until content begins, at most; a response that is larger passes unseen to its end.
constexpr std::size_t max_held = 1u << 20;
// A stream whose handshake is followed by silence is let through after this long, so that its client sees it alive.
constexpr Duration max_withheld = 15s;

double unix_now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }
}  // namespace

Exchange::Exchange(Services& services, Run& run, Stream& client, const Destination& destination, const Dialect& dialect,
                   const RequestHead& head, std::string_view raw_head, Body body, std::string agent)
    : services_(services),
      run_(run),
      client_(client),
      destination_(destination),
      dialect_(dialect),
      head_(head),
      raw_head_(raw_head),
      config_(services.config),
      body_(std::move(body)),
      agent_(std::move(agent)) {}

// Also what an exception ends is settled: a slot that nobody gives back is lost for good.
Exchange::~Exchange() {
  client_.unwatch();
  if (request_ != 0 && !settled_) services_.admission.cancelled(request_, {});
}

asio::awaitable<bool> Exchange::serve() {
  auto profile = dialect_.read_request(head_, destination_.host, body_.content(), services_.account_salt);
  if (!agent_.empty()) profile.agent = profile.agent.empty() ? agent_ : agent_ + " " + profile.agent;
  std::string().swap(body_.decoded);
  body_.held.set(body_.wire.capacity());
  spdlog::debug("request run={:016x} provider={} model={} streaming={} bytes={}", run_.id(), profile.provider,
                profile.model, profile.streaming, body_.wire.size());
  request_ = services_.admission.submit(run_.id(), std::move(profile));
  client_.watch([this](bool orderly) {
    if (services_.has_left(client_, orderly)) cancel_.request();
  });
  for (;;) {
    const auto refusal = co_await services_.admission.admitted(request_, cancel_);
    if (refusal) {
      settled_ = true;
      spdlog::info("refused run={:016x} request={} reason={}", run_.id(), request_, refusal->message);
      const auto answer = dialect_.refusal(*refusal);
      const auto ec = co_await client_.write_all(answer, Clock::now() + config_->stall_timeout);
      co_return !ec && head_.keep_alive && head_.minor_version > 0;
    }
    if (cancel_.requested()) {
      left({});
      co_return false;
    }
    const auto end = co_await attempt();
    if (end != Attempt::again) break;
  }
  co_return keep_alive_;
}

asio::awaitable<Exchange::Attempt> Exchange::attempt() {
  // A pooled connection may have been closed by the upstream just now; that is no failure of the request.
  for (bool fresh = false;; fresh = true) {
    ConnectFailure why;
    auto lease = co_await services_.pool.acquire(destination_, fresh, config_->connect_timeout, cancel_, why);
    if (cancel_.requested()) co_return left({});
    if (!lease.stream) {
      const Failure failure{.failure_class = why.untrusted ? FailureClass::client_error : FailureClass::fault,
                            .status = 0,
                            .retry_after = {},
                            .detail = why.detail};
      co_return co_await failed(failure, {}, nullptr, nullptr, {});
    }
    bool stale = false, reusable = false;
    const auto end = co_await attempt_on(*lease.stream, lease.reused, stale, reusable);
    if (stale) continue;
    if (reusable)
      services_.pool.give_back(destination_, std::move(lease.stream), config_->upstream_idle);
    else
      lease.stream->close();
    co_return end;
  }
}

asio::awaitable<Exchange::Attempt> Exchange::attempt_on(Stream& upstream, bool reused, bool& stale, bool& reusable) {
  CancelPoint::Scope scope(cancel_, [&upstream] { upstream.cancel(); });
  ResponseRelay relay(services_, upstream);
  // An upstream may answer and close before it has read everything, so its answer is read even after a failed write.
  co_await send(upstream);
  const auto ec =
      co_await relay.read_head(head_.method, client_, Clock::now() + config_->response_timeout, config_->head_timeout);
  if (cancel_.requested() || relay.client_gone()) {
    upstream.reset();
    co_return left({});
  }
  if (!ec && relay.head().status == 101) {
    upstream.reset();
    const Failure failure{.failure_class = FailureClass::fault,
                          .status = 101,
                          .retry_after = {},
                          .detail = "an upgrade nobody asked for"};
    co_return co_await failed(failure, {}, nullptr, nullptr, {});
  }
  if (ec) {
    if (reused && !relay.begun() && ec != asio::error::timed_out) {
      stale = true;
      co_return Attempt::again;
    }
    const Failure failure{
        .failure_class = FailureClass::fault, .status = 0, .retry_after = {}, .detail = "no response: " + ec.message()};
    co_return co_await failed(failure, {}, nullptr, nullptr, {});
  }
  const auto limits = dialect_.read_limits(relay.head());
  services_.admission.limits_seen(request_, limits, dialect_.organisation(relay.head()));
  const auto reader = dialect_.reader(relay.head(), unix_now());
  const auto content = [&reader](std::string_view bytes) { reader->feed(bytes); };

  std::string held = forward_response_head(relay.head(), relay.raw_head(), !keeps_alive(relay));
  const bool success = relay.head().status < 400;
  const auto let_through = Clock::now() + (success ? max_withheld : config_->stall_timeout);
  error_code broken;
  while (!relay.done() && held.size() < max_held && !(success && (reader->content_begun() || reader->failure()))) {
    broken = co_await relay.hold_more(held, content, let_through);
    if (broken) break;
  }
  if (cancel_.requested()) {
    upstream.reset();
    co_return left(reader->usage());
  }
  if (broken && !success) {
    reader->finish();  // an error whose body broke is still that error
  } else if (broken && broken != asio::error::timed_out) {
    const Failure failure{.failure_class = FailureClass::fault,
                          .status = relay.head().status,
                          .retry_after = {},
                          .detail = "response broke before content: " + broken.message()};
    co_return co_await failed(failure, reader->usage(), nullptr, nullptr, {});
  }
  if (relay.done() || !success) reader->finish();
  if (const auto body_limits = reader->limits(); !body_limits.empty())
    services_.admission.limits_seen(request_, body_limits, {});
  auto end = Attempt::answered;
  if (const auto failure = reader->failure(); failure && !reader->content_begun())
    end = co_await failed(*failure, reader->usage(), &relay, reader.get(), std::move(held));
  else
    end = co_await deliver(relay, *reader, std::move(held), true);
  reusable = relay.reusable() && upstream.is_open() && !cancel_.requested();
  co_return end;
}

asio::awaitable<error_code> Exchange::send(Stream& upstream) {
  std::string head = forward_request_head(head_, raw_head_, false);
  std::string_view rest = body_.wire;
  // A small request goes out in one segment, and its TLS record too.
  if (rest.size() <= 16 * 1024) {
    head += rest;
    rest = {};
  }
  auto ec = co_await upstream.write_all(head, Clock::now() + config_->stall_timeout);
  // Piece by piece: the deadline is for an upstream that stalls, not for a long way up.
  while (!ec && !rest.empty()) {
    const auto piece = rest.substr(0, 256 * 1024);
    rest.remove_prefix(piece.size());
    ec = co_await upstream.write_all(piece, Clock::now() + config_->stall_timeout);
  }
  co_return ec;
}

asio::awaitable<Exchange::Attempt> Exchange::deliver(ResponseRelay& relay, ResponseReader& reader, std::string held,
                                                     bool scheduled) {
  if (scheduled) {
    services_.admission.first_content(request_);
    std::string().swap(body_.wire);  // nothing is sent twice from here on
    body_.held.set(0);
  }
  keep_alive_ = keeps_alive(relay);
  auto end = ResponseRelay::End::complete;
  const auto ec = co_await client_.write_all(held, Clock::now() + config_->stall_timeout);
  if (ec) end = ResponseRelay::End::client_gone;
  std::string().swap(held);
  if (end == ResponseRelay::End::complete && !relay.done())
    end = co_await relay.forward(
        client_, [&reader](std::string_view bytes) { reader.feed(bytes); }, config_->stall_timeout);
  if (end == ResponseRelay::End::complete) {
    reader.finish();
    if (scheduled) {
      settled_ = true;
      services_.admission.finished(request_, reader.usage(), reader.failure().has_value());
    }
    if (relay.ended_ragged()) client_.close_ragged();
    co_return Attempt::answered;
  }
  keep_alive_ = false;
  if (end == ResponseRelay::End::client_gone || cancel_.requested()) {
    if (scheduled) {
      settled_ = true;
      services_.admission.cancelled(request_, reader.usage());
    }
    client_.reset();
    co_return Attempt::client_gone;
  }
  spdlog::info("stream broke after content run={:016x} request={} error={}", run_.id(), request_,
               relay.error().message());
  if (scheduled) {
    settled_ = true;
    services_.admission.finished(request_, reader.usage(), true);
  }
  // Neither a truncated body nor an orderly end may look complete.
  client_.reset();
  co_return Attempt::answered;
}

asio::awaitable<Exchange::Attempt> Exchange::failed(const Failure& failure, const Usage& usage, ResponseRelay* relay,
                                                    ResponseReader* reader, std::string held) {
  const auto verdict = services_.admission.failed(request_, failure, usage);
  spdlog::info("attempt failed run={:016x} request={} class={} status={} verdict={} detail={}", run_.id(), request_,
               to_string(failure.failure_class), failure.status, verdict == FailureVerdict::retry ? "retry" : "pass on",
               failure.detail);
  if (verdict == FailureVerdict::retry) co_return Attempt::again;
  settled_ = true;
  if (relay) {
    co_return co_await deliver(*relay, *reader, std::move(held), false);
  }
  keep_alive_ = false;
  if (failure.failure_class == FailureClass::client_error) {
    const auto answer = untrusted_response(destination_.host, failure.detail);
    co_await client_.write_all(answer, Clock::now() + config_->stall_timeout);
    co_return Attempt::answered;
  }
  client_.reset();  // as the upstream did
  co_return Attempt::answered;
}

Exchange::Attempt Exchange::left(const Usage& usage) {
  spdlog::debug("client left run={:016x} request={}", run_.id(), request_);
  settled_ = true;
  services_.admission.cancelled(request_, usage);
  client_.reset();
  return Attempt::client_gone;
}

bool Exchange::keeps_alive(const ResponseRelay& relay) const {
  return head_.keep_alive && head_.minor_version > 0 && !relay.ends_by_close() && !services_.draining;
}
}  // namespace hivemind
