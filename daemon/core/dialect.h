// dialect.h - how one provider speaks. Stateless and shared; a ResponseReader is made per attempt.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/http_head.h"
#include "core/signals.h"

namespace hivemind {

// Follows one response body (decoded content, any chunk borders) without keeping it.
class ResponseReader {
public:
  virtual ~ResponseReader() = default;
  virtual void feed(std::string_view content) = 0;
  // The body is over. Non-streaming bodies are read here at the latest.
  virtual void finish() = 0;
  // Something the agent would act on has begun: the response can no longer be replaced. Handshake events
  // (message_start, response.created, ping, role-only chunks) are not content. A non-streaming success is content once
  // finished.
  virtual bool content_begun() const = 0;
  // The stream's own terminal event, or the complete JSON body, was seen.
  virtual bool complete() const = 0;
  // An error: a status >= 400 (after finish), or in-band inside a 200.
  virtual std::optional<Failure> failure() const = 0;
  // Latest known; cumulative events replace, not add.
  virtual Usage usage() const = 0;
  // Limits named in the body (Gemini, OpenAI messages); mostly empty.
  virtual std::vector<LimitReport> limits() const { return {}; }
};

class Dialect {
public:
  virtual ~Dialect() = default;
  virtual std::string_view name() const = 0;
  // Decided by method and path alone, before a body is read. False: passes through unscheduled.
  virtual bool is_generation(const RequestHead& head) const = 0;
  // Reads a generation. `body` is the whole decoded body, JSON as it is; a body that cannot be read still gives a
  // profile (model empty, estimate by size). `account_salt` salts the credential's hash.
  virtual RequestProfile read_request(const RequestHead& head, std::string_view host, std::string_view body,
                                      std::string_view account_salt) const = 0;
  virtual std::vector<LimitReport> read_limits(const ResponseHead& head) const = 0;
  // Account identity that the response reveals (anthropic-organization-id, openai-organization), or empty.
  virtual std::string organisation(const ResponseHead& head) const = 0;
  // `now_unix`: seconds since 1970, for absolute times in headers.
  virtual std::unique_ptr<ResponseReader> reader(const ResponseHead& head, double now_unix) const = 0;
  // A complete HTTP/1.1 response (head and body, Content-Length, Connection: keep-alive) in the provider's error shape.
  virtual std::string refusal(const Refusal& refusal) const = 0;
};

// The dialect of a host by its name, else by path and shape (generic OpenAI-, Anthropic-, Ollama-compatible servers),
// else nullptr: nothing of ours. `configured` is the dialect named for this host in the config, or empty.
const Dialect* find_dialect(std::string_view host, const RequestHead& head, std::string_view configured);
const Dialect* dialect_by_name(std::string_view name);
// Hosts that are LLM endpoints without any configuration: "api.anthropic.com", "*.openai.azure.com", ...
std::vector<std::string> known_hosts();
// `pattern` as in the token table: exact, or "*." and one or more labels before the rest. Both lower case.
bool host_matches(std::string_view pattern, std::string_view host);
}  // namespace hivemind
