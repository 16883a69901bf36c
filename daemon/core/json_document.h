// json_document.h - small JSON texts (events, error bodies) read at once: whatever is missing or of another type is
// none, and nothing throws.
#pragma once
#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace hivemind {

using JsonValue = simdjson::dom::element;

// Calls `read(JsonValue)` with the document's root; false when `text` is no JSON. Not to be nested.
template <class F>
bool with_json(std::string_view text, F&& read) {
  // One parser is kept, unless the text is so large that keeping its memory would be felt.
  thread_local simdjson::dom::parser kept;
  simdjson::dom::parser large;
  auto& parser = text.size() > 32768 ? large : kept;
  JsonValue root;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) return false;
  read(root);
  return true;
}

inline std::optional<JsonValue> json_member(JsonValue value, std::string_view key) {
  JsonValue member;
  if (value[key].get(member) != simdjson::SUCCESS) return std::nullopt;
  return member;
}
// An object's member that is itself an object.
inline std::optional<JsonValue> json_object(JsonValue value, std::string_view key) {
  const auto member = json_member(value, key);
  return member && member->is_object() ? member : std::nullopt;
}
inline std::string_view json_string(JsonValue value, std::string_view key) {
  std::string_view text;
  return value[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}
inline std::optional<double> json_number(JsonValue value, std::string_view key) {
  double number = 0;
  if (value[key].get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}
inline std::optional<std::int64_t> json_integer(JsonValue value, std::string_view key) {
  std::int64_t number = 0;
  if (value[key].get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}
}  // namespace hivemind
