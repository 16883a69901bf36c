#include "core/openai_body.h"

#include <cstring>

#include "core/usage_json.h"

namespace hivemind {
namespace {

void read_usage(JsonValue object, Reading& reading) {
  if (const auto usage = json_object(object, "usage")) read_openai_usage(*usage, reading.usage);
}

// True when a member is there and says something: not null, "", [] or false.
bool says_something(JsonValue value) {
  std::string_view text;
  simdjson::dom::array list;
  bool flag = true;
  if (value.get(text) == simdjson::SUCCESS) return !text.empty();
  if (value.get(list) == simdjson::SUCCESS) return list.size() != 0;
  if (value.get(flag) == simdjson::SUCCESS) return flag;
  return !value.is_null();
}

// A choice that only opens the message: its role, and nothing said yet.
bool is_opening(JsonValue choice) {
  simdjson::dom::object delta;
  if (choice["delta"].get(delta) != simdjson::SUCCESS) return false;  // plain completions: "text"
  if (const auto reason = json_member(choice, "finish_reason"); reason && says_something(*reason)) return false;
  for (const auto member : delta)
    if (member.key != "role" && says_something(member.value)) return false;
  return true;
}

void read_chunk(JsonValue root, Reading& reading) {
  if (const auto error = json_member(root, "error"); error && says_something(*error)) return reading.fail_in_band(root);
  read_usage(root, reading);
  simdjson::dom::array choices;
  if (root["choices"].get(choices) != simdjson::SUCCESS) {
    reading.content = true;  // of no kind we know
    return;
  }
  for (const JsonValue choice : choices) {
    if (const auto reason = json_member(choice, "finish_reason"); reason && says_something(*reason))
      reading.ending = true;
    if (!is_opening(choice)) reading.content = true;
  }
}

// Responses: every event's data has the event's name as type.
void read_response_event(std::string_view type, JsonValue root, Reading& reading) {
  if (type == "error" || type == "response.failed") return reading.fail_in_band(root);
  const bool handshake = type == "response.created" || type == "response.queued" || type == "response.in_progress" ||
                         type == "ping" || type == "keepalive" || type.starts_with("codex.");
  if (type == "response.completed" || type == "response.incomplete") {
    if (const auto response = json_object(root, "response")) read_usage(*response, reading);
    reading.complete = true;
  }
  reading.content = reading.content || !handshake;
}

// After the first content a chunk is looked into only when it may say how the stream ends.
bool is_mere_content(const ServerEvent& event) {
  if (event.name.ends_with(".delta")) return true;
  if (!event.name.empty()) return false;
  const auto has = [&](std::string_view text) {  // memmem: quotes are all over, and string_view stops at each
    return memmem(event.data.data(), event.data.size(), text.data(), text.size()) != nullptr;
  };
  return event.data.starts_with('{') && !has("\"finish_reason\":\"") && !has("\"usage\":{") && !has("\"usage\": {") &&
         !has("\"finish_reason\": \"") && !has("\"error\"") && !has("\"type\"");
}

void read_event(const ServerEvent& event, Reading& reading) {
  if (event.data == "[DONE]") {
    reading.content = reading.complete = true;
    return;
  }
  if (reading.content && is_mere_content(event)) return;
  const bool is_json = !event.oversized && with_json(event.data, [&](JsonValue root) {
    auto type = json_string(root, "type");
    if (type.empty()) type = event.name;
    if (type.empty() || type == "message")
      read_chunk(root, reading);
    else
      read_response_event(type, root, reading);
  });
  if (is_json || event.name == "ping") return;
  reading.content = true;
  // Too large to be kept, but its name is known.
  if (event.name == "response.completed" || event.name == "response.incomplete") reading.complete = true;
}

void read_body(JsonValue root, Reading& reading) {
  if (const auto error = json_member(root, "error"); error && says_something(*error)) return reading.fail_in_band(root);
  read_usage(root, reading);
  reading.content = true;
}

}  // namespace

const BodyShape openai_body{read_event, nullptr, read_body, "\"usage\":", read_openai_usage};

}  // namespace hivemind
