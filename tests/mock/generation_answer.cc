// How an accepted generation is answered, whole or as a stream, and how it breaks on the way.
// A condition holds no co_await and no temporary crosses one: g++ 12 compiles both wrongly inside loops.
#include "tests/mock/generation.h"

#include <algorithm>
#include <utility>

namespace hivemind::mock {
namespace asio = boost::asio;

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
      co_return co_await refuse({.kind = FaultKind::status, .status = 529, .delay = {}});
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
      if (!sent) co_return false;
      co_return request_.keep_alive;
    }
    case FaultKind::end_early:
      if (stream) {
        const bool sent = co_await connection_.write("0\r\n\r\n");
        if (!sent) co_return false;
        co_return request_.keep_alive;
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
