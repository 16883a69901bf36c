#include "tests/mock/generation.h"
#include "tests/mock/wall_clock.h"

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
  auto lines = dialect_.headers(fault, limits_, circumstances());
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
  if (!sent) co_return false;
  co_return request_.keep_alive;
}

asio::awaitable<bool> Generation::run() {
  asked_ = read_generation(api_, request_.body, account_of(request_));
  if (!asked_) co_return co_await refuse(status_fault(400));
  entry_.model = asked_->model_request.model;
  entry_.stream = asked_->stream;
  simulator_.refill_script();
  const auto now = simulator_.provider_now();
  verdict_ = simulator_.model.begin(asked_->model_request, now, simulator_.rng);
  limits_ = simulator_.model.limits(asked_->model_request.account, asked_->model_request.model, now);
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
}  // namespace hivemind::mock
