#include "sim/wire.h"

#include <cassert>

namespace hivemind::sim {

Speaker::Speaker(const Provider& provider)
    : dialect_(provider::dialect_of(provider.dialect == "openai" ? provider::Api::openai_chat
                                                                 : provider::Api::anthropic_messages)),
      announces_(provider.announces),
      retry_after_(provider.retry_after) {}

provider::Fault Speaker::spoken(provider::Fault fault) const {
  if (!retry_after_) fault.delay.reset();
  return fault;
}

provider::Circumstances Speaker::circumstances(const Told& told) const {
  return {.verdict = &told.verdict,
          .request_id = "req_" + std::to_string(told.number),
          .organization = "org-simulated",
          .model = std::string(told.model),
          .scale = {},
          .unix_now = told.unix_now};
}

std::string Speaker::head(int status, std::string_view type, std::optional<std::size_t> length,
                          const provider::Fault& fault, const Told& told) const {
  const auto said = spoken(fault);
  std::string text = "HTTP/1.1 " + std::to_string(status) + ' ';
  text += provider::reason_phrase(status);
  text += "\r\nDate: " + provider::http_date(told.unix_now) + "\r\nContent-Type: ";
  text += type;
  text += length ? "\r\nContent-Length: " + std::to_string(*length) + "\r\n" : "\r\nTransfer-Encoding: chunked\r\n";
  text += dialect_.headers(said, announces_ ? told.limits : std::vector<provider::LimitState>(), circumstances(told));
  return text += "\r\n";
}

std::string Speaker::error(const provider::Fault& fault, const Told& told) const {
  const auto answer = dialect_.error(spoken(fault), circumstances(told));
  return head(answer.status, answer.content_type, answer.body.size(), fault, told) + answer.body;
}

std::string Speaker::success_head(const Told& told) const {
  return head(200, dialect_.stream_type(), std::nullopt, {}, told);
}

provider::Answer Speaker::answer(const Told& told) const {
  return {.number = std::to_string(told.number),
          .model = std::string(told.model),
          .pieces = {"ok"},
          .prompt = told.verdict.prompt,
          .output_tokens = told.verdict.output_tokens,
          .cut_by_max_tokens = told.verdict.cut_by_max_tokens,
          .include_usage = true,
          .created = static_cast<std::int64_t>(told.unix_now),
          .took = {}};
}

std::string Speaker::opening(const Told& told) const { return dialect_.opening(answer(told)); }
std::string Speaker::overloaded(const Told& told) const { return dialect_.overloaded_event(answer(told)); }
std::string Speaker::content(const Told& told) const { return dialect_.piece(answer(told), 0); }
std::string Speaker::closing(const Told& told) const { return dialect_.closing(answer(told)); }

Listener::Listener(const Dialect& dialect, std::string_view head, double unix_now) {
  const auto parsed = parse_response_head(head, "POST");
  assert(parsed);  // our own provider wrote it
  status_ = parsed->status;
  limits_ = dialect.read_limits(*parsed);
  organisation_ = dialect.organisation(*parsed);
  reader_ = dialect.reader(*parsed, unix_now);
}
}  // namespace hivemind::sim
