#include "core/client_headers.h"

#include <algorithm>
#include <iterator>

#include "core/duration_text.h"

namespace hivemind {
namespace {

std::string plain(std::string_view text) {
  std::string out(text.substr(0, 64));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c <= ' ' || c > '~'; }, '_');
  return out;
}

// The most particular name a client gives its flow: Claude Code's sub-agent, Codex' thread, else a session.
std::string agent_of(const RequestHead& head) {
  for (const char* name : {"x-claude-code-agent-id", "thread-id", "x-claude-code-session-id", "session-id",
                           "session_id", "x-session-id", "x-session-affinity"})
    if (const auto value = head.find(name); value && !value->empty()) return plain(*value);
  return {};
}

std::string request_class_of(const RequestHead& head) {
  static constexpr struct {
    std::string_view said, meant;
  } classes[] = {
      {"main", "main"},           {"subagent", "subagent"},
      {"workflow", "subagent"},   {"compaction", "compaction"},
      {"auxiliary", "auxiliary"}, {"side_reply", "auxiliary"},
      {"review", "subagent"},     {"collab_spawn", "subagent"},
      {"compact", "compaction"},  {"memory_consolidation", "auxiliary"},
  };
  for (const char* name : {"x-claude-code-request-class", "x-openai-subagent"}) {
    const auto value = head.find(name);
    if (!value) continue;
    const auto known =
        std::find_if(std::begin(classes), std::end(classes), [&](const auto& c) { return c.said == *value; });
    if (known != std::end(classes)) return std::string(known->meant);
  }
  return {};
}

}  // namespace

void read_client_headers(const RequestHead& head, RequestProfile& profile) {
  profile.agent = agent_of(head);
  profile.request_class = request_class_of(head);
  if (const auto agent = head.find("user-agent")) profile.client = plain(agent->substr(0, agent->find(' ')));
  if (const auto retry = parse_number(head.find("x-stainless-retry-count").value_or("")))
    profile.client_retry = static_cast<int>(std::min(*retry, 1000.0));
  if (const auto seconds = parse_number(head.find("x-stainless-timeout").value_or("")); seconds && *seconds > 0)
    profile.client_timeout = from_seconds(*seconds);
}

}  // namespace hivemind
