// dialect.h - how a provider writes answers, errors and limit headers on the wire. Stateless; it decides nothing.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sim/provider/provider_model.h"
#include "sim/provider/time_text.h"

namespace hivemind::provider {

enum class Api { anthropic_messages, openai_chat, openai_responses, ollama_chat, ollama_generate };

// A finished plan of one answer; `pieces` is its text as it will be streamed.
struct Answer {
  std::string number;  // unique per exchange: goes into every id
  std::string model;
  std::vector<std::string> pieces;
  CacheUse prompt;
  std::int64_t output_tokens = 0;
  bool cut_by_max_tokens = false;
  bool include_usage = false;
  std::int64_t created = 0;  // unix seconds
  Duration took{};           // since the request came
  std::string text() const;
};

struct ErrorAnswer {
  int status = 0;
  std::string content_type, body;
};

// What an error or a limit header may tell besides its status.
struct Circumstances {
  const Verdict* verdict = nullptr;
  std::string request_id, organization, model;
  TimeScale scale;
  double unix_now = 0;
};

class Dialect {
public:
  virtual ~Dialect() = default;
  virtual std::string_view stream_type() const { return "text/event-stream; charset=utf-8"; }
  virtual std::string body(const Answer& answer) const = 0;

  // A stream is opening + each piece + closing. What opening() writes is handshake: no content yet.
  virtual std::string opening(const Answer& answer) const = 0;
  virtual std::string piece(const Answer& answer, std::size_t index) const = 0;
  virtual std::string closing(const Answer& answer) const = 0;
  virtual std::string ping() const { return ": keep-alive\n\n"; }
  virtual std::string overloaded_event(const Answer& answer) const = 0;

  // The error of `fault` (a status or spend-cap); a 502 or 503 of a gateway is HTML whatever the dialect.
  virtual ErrorAnswer error(const Fault& fault, const Circumstances& circumstances) const = 0;
  // Header lines, each ended by CRLF: ids, limits and, after a 429 or 529, delays.
  virtual std::string headers(const Fault& fault, const std::vector<LimitState>& limits,
                              const Circumstances& circumstances) const = 0;
};

const Dialect& dialect_of(Api api);
const Dialect& anthropic_dialect();
const Dialect& openai_chat_dialect();
const Dialect& openai_responses_dialect();
const Dialect& ollama_dialect(bool chat);

// Parts the dialects share.
ErrorAnswer gateway_page(int status);
std::string_view reason_phrase(int status);
std::string header_line(std::string_view name, std::string_view value);
// What OpenAI's two APIs say alike.
ErrorAnswer openai_error(const Fault& fault, const Circumstances& circumstances);
std::string openai_headers(const Fault& fault, const std::vector<LimitState>& limits,
                           const Circumstances& circumstances);
}  // namespace hivemind::provider
