// The small pages that agents ask for on a provider's hosts before and between generations.
#include <array>
#include <string_view>

#include "sim/provider/dialect.h"
#include "sim/provider/json_text.h"
#include "tests/mock/routes.h"

namespace hivemind::mock {
using namespace provider;
namespace {

struct Page {
  std::string_view prefix;  // ends in '/': everything below it too
  std::string_view body;
};
constexpr std::array<Page, 19> pages{{
    {"/", "{}"},
    {"/health", R"({"status":"ok"})"},
    {"/api/hello", R"({"message":"hello"})"},
    {"/api/event_logging/", R"({"accepted_count":0,"rejected_count":0})"},
    {"/api/claude_cli/bootstrap", R"({"client_data":null,"additional_model_options":null})"},
    {"/api/claude_code/policy_limits", R"({"restrictions":{}})"},
    {"/api/claude_code/", "{}"},
    {"/api/claude_code_", "{}"},
    {"/api/claude_cli/", "{}"},
    {"/api/eval/", R"({"features":{}})"},
    {"/api/oauth/", "{}"},
    {"/api/version", R"({"version":"0.12.0"})"},
    {"/api/ps", R"({"models":[]})"},
    {"/api/tags", R"({"models":[{"name":"mock:latest","model":"mock:latest","size":1}]})"},
    {"/api/show", R"({"details":{"family":"mock"},"model_info":{},"capabilities":["completion"]})"},
    {"/backend-api/codex/models", R"({"models":[]})"},
    {"/backend-api/wham/", "{}"},
    {"/backend-api/plugins/", "{}"},
    {"/backend-api/ps/", "{}"},
}};

const Page* find_page(std::string_view path) {
  for (const auto& page : pages)
    if (path == page.prefix || (page.prefix.size() > 1 && (page.prefix.back() == '/' || page.prefix.back() == '_') &&
                                path.starts_with(page.prefix)))
      return &page;
  return nullptr;
}

std::string model_object(bool anthropic, std::string_view id) {
  if (anthropic)
    return "{\"type\":\"model\",\"id\":" + quoted(id) + ",\"display_name\":" + quoted(id) +
           ",\"created_at\":\"2025-01-01T00:00:00Z\"}";
  return "{\"id\":" + quoted(id) + ",\"object\":\"model\",\"created\":1735689600,\"owned_by\":\"mock\"}";
}

std::string model_list(bool anthropic) {
  std::string items;
  for (const auto* id : {"claude-sonnet-4-5", "claude-haiku-4-5", "gpt-5", "gpt-5-mini"})
    items += (items.empty() ? "" : ",") + model_object(anthropic, id);
  if (anthropic)
    return "{\"data\":[" + items +
           "],\"has_more\":false,\"first_id\":\"claude-sonnet-4-5\",\"last_id\":\"gpt-5-mini\"}";
  return "{\"object\":\"list\",\"data\":[" + items + "]}";
}

// Status and JSON of a page; 404 where there is none.
std::pair<int, std::string> page_for(const Request& request) {
  const auto path = request.path();
  const bool anthropic = !request.header("anthropic-version").empty();
  if (path.ends_with("/v1/messages/count_tokens")) {
    const auto asked = read_generation(Api::anthropic_messages, request.body, "");
    std::int64_t tokens = 0;
    if (!asked)
      return {400, anthropic_dialect().error({.kind = FaultKind::status, .status = 400, .delay = {}}, {}).body};
    for (const auto& segment : asked->model_request.prompt) tokens += segment.tokens;
    return {200, "{\"input_tokens\":" + std::to_string(tokens) + "}"};
  }
  if (path.ends_with("/v1/models")) return {200, model_list(anthropic)};
  if (const auto at = path.find("/v1/models/"); at != path.npos)
    return {200, model_object(anthropic, path.substr(at + 11))};
  if (const auto* page = find_page(path)) return {200, std::string(page->body)};
  const auto& dialect = anthropic ? anthropic_dialect() : openai_chat_dialect();
  return {404, dialect.error({.kind = FaultKind::status, .status = 404, .delay = {}}, {}).body};
}
}  // namespace

std::optional<Api> generation_api(const Request& request) {
  if (request.method != "POST") return std::nullopt;
  const auto path = request.path();
  constexpr std::array<std::pair<std::string_view, Api>, 6> ends{{
      {"/v1/messages", Api::anthropic_messages},
      {"/chat/completions", Api::openai_chat},
      {"/v1/responses", Api::openai_responses},
      {"/codex/responses", Api::openai_responses},
      {"/api/chat", Api::ollama_chat},
      {"/api/generate", Api::ollama_generate},
  }};
  for (const auto& [end, api] : ends)
    if (path.ends_with(end)) return api;
  return std::nullopt;
}

std::string answer_other(const Request& request, LogEntry& entry) {
  std::string extra = request.keep_alive ? "" : "Connection: close\r\n";
  // Codex falls back to HTTPS at once when its WebSocket is answered so.
  if (equal_ignoring_case(request.header("upgrade"), "websocket")) {
    entry.status = 426;
    return sized_response(426, "application/json", extra, R"({"error":{"message":"use HTTP"}})");
  }
  const auto [status, body] = page_for(request);
  entry.status = status;
  return sized_response(status, "application/json", extra, body, request.method != "HEAD");
}
}  // namespace hivemind::mock
