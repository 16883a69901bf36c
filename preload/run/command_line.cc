#include "preload/run/command_line.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace hivemind::run {
namespace {
// A secret begins with one of these, or follows one of the words.
constexpr std::array secret_prefixes{"sk-",         "sk_",    "pk-", "gsk_", "xai-", "ghp_", "gho_", "ghs_",
                                     "github_pat_", "glpat-", "xox", "AIza", "AKIA", "hf_",  "r8_",  "eyJ"};
constexpr std::array secret_words{"key",    "token",         "secret", "password",
                                  "passwd", "authorization", "bearer", "credential"};

bool is_token_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' || c == '+' || c == '/';
}
bool begins_secret(std::string_view text) {
  return std::any_of(secret_prefixes.begin(), secret_prefixes.end(), [&](std::string_view prefix) {
    return text.starts_with(prefix) && text.size() > prefix.size() + 7;
  });
}
// "--api-key", "x-api-key", "OPENAI_API_KEY", "Authorization"
bool names_secret(std::string_view word) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower.find("budget") != lower.npos) return false;
  return std::any_of(secret_words.begin(), secret_words.end(), [&](std::string_view s) { return lower.ends_with(s); });
}

std::string mask(std::string_view argument) {
  std::string shown;
  bool hide_rest = false;
  for (std::size_t i = 0; i < argument.size();) {
    std::size_t end = i;
    while (end < argument.size() && is_token_character(argument[end])) ++end;
    const auto word = argument.substr(i, end - i);
    const bool is_name = end < argument.size() && (argument[end] == '=' || argument[end] == ':');
    if (!word.empty() && (begins_secret(word) || (hide_rest && !is_name && !names_secret(word))))
      shown += "***";
    else
      shown += word;
    if (names_secret(word) && (is_name || word.size() == 6)) hide_rest = true;  // "bearer X" has no sign between
    if (end < argument.size()) shown += argument[end];
    i = std::max(end + 1, i + 1);
  }
  return shown;
}
}  // namespace

std::string show_command(const std::vector<std::string>& arguments) {
  std::string line;
  bool value_of_secret = false;
  for (const auto& argument : arguments) {
    if (!line.empty()) line += ' ';
    line += value_of_secret ? "***" : mask(argument);
    value_of_secret = argument.starts_with("-") && argument.find('=') == argument.npos && names_secret(argument);
  }
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return line;
}

std::string_view cut_utf8(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}
}  // namespace hivemind::run
