#include "tests/mock/generation.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <utility>

namespace hivemind::mock {
namespace asio = boost::asio;

std::string account_of(const Request& request) {
  for (const char* name : {"x-api-key", "authorization", "api-key", "x-goog-api-key"})
    if (const auto value = request.header(name); !value.empty()) return value;
  return "anonymous";
}

std::string organization_of(Api api, const std::string& account) {
  const auto hash = static_cast<unsigned long long>(std::hash<std::string>{}(account));
  char text[40];
  if (api == Api::anthropic_messages)
    std::snprintf(text, sizeof text, "%08llx-%04llx-4000-8000-%012llx", hash >> 32, hash >> 16 & 0xffff,
                  hash & 0xffffffffffff);
  else
    std::snprintf(text, sizeof text, "org-%016llx", hash);
  return text;
}

namespace {
Fault status_fault(int status) { return {.kind = FaultKind::status, .status = status, .delay = {}}; }
}  // namespace

Generation::Generation(Simulator& simulator, Connection& connection, const Request& request, Api api, LogEntry& entry)
    : simulator_(simulator),
      connection_(connection),
      request_(request),
      api_(api),
      dialect_(dialect_of(api)),
      entry_(entry),
      number_(simulator.next_number()) {
  auto& statistics = simulator_.statistics;
  if (statistics.generations++ == 0) statistics.first = arrived_;
  const auto retries = request.header("x-stainless-retry-count");
  if (!retries.empty() && retries != "0") ++statistics.retries_seen;
  entry_.generation = true;
}

Generation::~Generation() {
  auto& statistics = simulator_.statistics;
  statistics.last = Clock::now();
  const auto prompt = verdict_.prompt.input + verdict_.prompt.read + verdict_.prompt.written;
  entry_.input_tokens = prompt;
  entry_.output_tokens = produced_;
  if (fault_met_) {
    entry_.fault = verdict_.fault.name();
    ++statistics.faults[entry_.fault];
  }
  if (!verdict_.admitted) return;
  simulator_.model.end(asked_->model_request);
  --statistics.in_flight;
  if (entry_.completed) {
    ++statistics.completed;
    statistics.input_tokens += verdict_.prompt.input;
    statistics.cache_read_tokens += verdict_.prompt.read;
    statistics.cache_write_tokens += verdict_.prompt.written;
    statistics.output_tokens += produced_;
    return;
  }
  statistics.wasted_tokens += prompt + produced_;
  if (!fault_met_) {
    ++statistics.disconnects;
    entry_.fault = "disconnect";
  }
}

Circumstances Generation::circumstances() const {
  return {.verdict = &verdict_,
          .request_id = "req_" + number_,
          .organization = organization_of(api_, account_of(request_)),
          .model = asked_ ? asked_->model_request.model : "",
          .scale = simulator_.options.scale,
          .unix_now = unix_now()};
}

std::string Generation::headers(const Fault& fault) {
  std::vector<LimitState> limits;
  if (asked_)
    limits =
        simulator_.model.limits(asked_->model_request.account, asked_->model_request.model, simulator_.provider_now());
  auto lines = dialect_.headers(fault, limits, circumstances());
  if (!request_.keep_alive) lines += "Connection: close\r\n";
  return lines;
}

Answer Generation::plan() const {
  const auto& options = simulator_.options;
  Answer answer{.number = number_,
                .model = asked_->model_request.model,
                .pieces = {},
                .prompt = verdict_.prompt,
                .output_tokens = verdict_.output_tokens,
                .cut_by_max_tokens = verdict_.cut_by_max_tokens,
                .include_usage = asked_->include_usage,
                .created = static_cast<std::int64_t>(unix_now()),
                .took = Clock::now() - arrived_};
  // A token is a word; the text begins anew when more is asked for.
  std::string_view rest = options.text;
  for (std::int64_t token = 0; token < answer.output_tokens; ++token) {
    const bool again = rest.empty();
    if (again) rest = options.text;
    const auto end = std::min(rest.size(), rest.find(' ', 1));
    if (token % options.tokens_per_event == 0) answer.pieces.emplace_back();
    if (again) answer.pieces.back() += ' ';
    answer.pieces.back() += rest.substr(0, end);
    rest.remove_prefix(end);
  }
  if (answer.pieces.empty()) answer.pieces.emplace_back();
  return answer;
}

void Generation::produce(std::int64_t tokens) {
  tokens = std::min(tokens, verdict_.output_tokens - produced_);
  produced_ += tokens;
  simulator_.model.produced(asked_->model_request, tokens, simulator_.provider_now());
}

asio::awaitable<bool> Generation::refuse(Fault fault) {
  const auto answer = dialect_.error(fault, circumstances());
  auto& statistics = simulator_.statistics;
  ++statistics.by_status[std::to_string(answer.status)];
  if (answer.status == 429) ++statistics.rate_limited;
  if (fault.status == 529) ++statistics.overloaded;
  entry_.status = answer.status;
  const auto response = sized_response(answer.status, answer.content_type, headers(fault), answer.body);
  const bool sent = co_await connection_.write(response);
  co_return sent&& request_.keep_alive;
}

asio::awaitable<bool> Generation::run() {
  asked_ = read_generation(api_, request_.body, account_of(request_));
  if (!asked_) co_return co_await refuse(status_fault(400));
  entry_.model = asked_->model_request.model;
  entry_.stream = asked_->stream;
  simulator_.refill_script();
  verdict_ = simulator_.model.begin(asked_->model_request, simulator_.provider_now(), simulator_.rng);
  if (!verdict_.admitted) {
    fault_met_ = !verdict_.rejection && !verdict_.over_capacity;
    co_return co_await refuse(verdict_.fault);
  }
  auto& statistics = simulator_.statistics;
  statistics.peak_concurrency = std::max(statistics.peak_concurrency, ++statistics.in_flight);

  const auto latency = simulator_.options.scale.to_real(verdict_.latency);
  const bool early_head = asked_->stream && simulator_.options.early_head;
  if (!early_head) {
    const bool there = co_await connection_.wait(latency);
    if (!there) co_return false;
  }
  if (verdict_.fault.kind != FaultKind::none && verdict_.fault.happens_early()) co_return co_await fail_before_head();
  answer_ = plan();
  if (asked_->stream) co_return co_await answer_stream();
  co_return co_await answer_sized();
}

asio::awaitable<bool> Generation::fail_before_head() {
  fault_met_ = true;
  switch (verdict_.fault.kind) {
    case FaultKind::reset:
      connection_.reset();
      co_return false;
    case FaultKind::close:
      co_await connection_.finish();
      co_return false;
    case FaultKind::stall_before_head:
      co_await connection_.wait(simulator_.options.scale.to_real(*verdict_.fault.delay));
      co_return false;
    default:
      co_return co_await refuse(verdict_.fault);
  }
}

asio::awaitable<bool> Generation::answer_sized() {
  const auto& options = simulator_.options;
  // As long as the stream of the same answer would take.
  const auto writing = options.scale.to_real(options.event_gap) * static_cast<Duration::rep>(answer_.pieces.size());
  const bool there = co_await connection_.wait(writing);
  if (!there) co_return false;
  auto body = dialect_.body(answer_);
  if (body.size() < options.body_size) {
    answer_.pieces.back().append(options.body_size - body.size(), 'x');
    body = dialect_.body(answer_);
  }
  simulator_.model.content_begins(asked_->model_request, simulator_.provider_now());
  auto response = sized_response(200, "application/json", headers({}), body);
  ++simulator_.statistics.by_status["200"];
  entry_.status = 200;
  const auto body_start = response.size() - body.size();
  switch (verdict_.fault.kind) {
    case FaultKind::none:
      break;
    case FaultKind::stream_overloaded:  // an answer that is no stream cannot hold an error: it is one
    case FaultKind::stream_overloaded_late:
      --simulator_.statistics.by_status["200"];
      fault_met_ = true;
      co_return co_await refuse(status_fault(529));
    case FaultKind::reset_after_head:
      response.resize(body_start);
      break;
    default:
      response.resize(body_start + body.size() / 2);
  }
  produce(answer_.output_tokens);
  const bool sent = co_await connection_.write(response);
  if (!sent) co_return false;
  if (verdict_.fault.kind == FaultKind::none) {
    entry_.completed = true;
    co_return request_.keep_alive;
  }
  co_return co_await break_stream(0);
}

std::size_t Generation::breaking_index() const {
  switch (verdict_.fault.kind) {
    case FaultKind::none:
      return answer_.pieces.size() + 1;
    case FaultKind::reset_after_head:
    case FaultKind::stream_overloaded:
      return 0;
    case FaultKind::end_early:
      return answer_.pieces.size();
    default:
      return std::max<std::size_t>(1, answer_.pieces.size() / 2);
  }
}

asio::awaitable<bool> Generation::send(std::string content) {
  const auto framed = chunk(content);
  co_return co_await connection_.write(framed);
}

asio::awaitable<bool> Generation::send_head(std::string first) {
  auto head = response_start(200, dialect_.stream_type());
  head += "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n";
  head += headers({});
  head += "\r\n";
  head += chunk(first);
  ++simulator_.statistics.by_status["200"];
  entry_.status = 200;
  co_return co_await connection_.write(head);
}

asio::awaitable<bool> Generation::wait_for_content() {
  const auto& options = simulator_.options;
  const auto content = arrived_ + options.scale.to_real(verdict_.latency);
  const auto step = options.scale.to_real(options.ping_interval);
  for (auto next = arrived_ + step; step > Duration::zero() && next < content; next += step) {
    const bool there = co_await connection_.wait_until(next);
    if (!there) co_return false;
    const bool sent = co_await send(dialect_.ping());
    if (!sent) co_return false;
  }
  co_return co_await connection_.wait_until(content);
}

asio::awaitable<bool> Generation::answer_stream() {
  const auto& options = simulator_.options;
  const bool only_head = verdict_.fault.kind == FaultKind::reset_after_head;
  auto opening = only_head ? std::string() : dialect_.opening(answer_);
  const bool begun = co_await send_head(std::move(opening));
  if (!begun) co_return false;
  if (options.early_head && !only_head) {
    const bool there = co_await wait_for_content();
    if (!there) co_return false;
  }
  const auto gap = options.scale.to_real(options.event_gap);
  const auto breaks_at = breaking_index();
  for (std::size_t index = 0; index < answer_.pieces.size(); ++index) {
    if (index == breaks_at) co_return co_await break_stream(index);
    if (index > 0) {
      const bool there = co_await connection_.wait(gap);
      if (!there) co_return false;
    }
    if (index == 0) simulator_.model.content_begins(asked_->model_request, simulator_.provider_now());
    auto piece = dialect_.piece(answer_, index);
    const bool sent = co_await send(std::move(piece));
    if (!sent) co_return false;
    produce(options.tokens_per_event);
  }
  if (breaks_at <= answer_.pieces.size()) co_return co_await break_stream(answer_.pieces.size());
  // The terminal event and the end of the chunked body travel together.
  const auto end = chunk(dialect_.closing(answer_)) + "0\r\n\r\n";
  const bool sent = co_await connection_.write(end);
  if (!sent) co_return false;
  entry_.completed = true;
  co_return request_.keep_alive;
}

// Head and `index` pieces of a stream, or the first part of a sized body, are out.
asio::awaitable<bool> Generation::break_stream(std::size_t index) {
  const bool stream = asked_->stream;
  fault_met_ = true;
  switch (verdict_.fault.kind) {
    case FaultKind::stall:
      co_await connection_.wait(simulator_.options.scale.to_real(*verdict_.fault.delay));
      co_await connection_.finish();
      co_return false;
    case FaultKind::stream_overloaded:
    case FaultKind::stream_overloaded_late: {
      ++simulator_.statistics.overloaded;
      const auto end = chunk(dialect_.overloaded_event(answer_)) + "0\r\n\r\n";
      const bool sent = co_await connection_.write(end);
      co_return sent&& request_.keep_alive;
    }
    case FaultKind::end_early:
      if (stream) {
        const bool sent = co_await connection_.write("0\r\n\r\n");
        co_return sent&& request_.keep_alive;
      }
      co_await connection_.finish();
      co_return false;
    case FaultKind::truncate: {
      if (stream) {
        auto cut = chunk(dialect_.piece(answer_, std::min(index, answer_.pieces.size() - 1)));
        cut.resize(cut.size() / 2);
        co_await connection_.write(cut);
      }
      co_await connection_.finish();
      co_return false;
    }
    default:
      connection_.reset();
      co_return false;
  }
}
}  // namespace hivemind::mock
