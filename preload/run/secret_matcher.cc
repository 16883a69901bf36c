#include "preload/run/secret_matcher.h"

#include <algorithm>
#include <array>

namespace hivemind::run {
namespace {
constexpr std::array<std::string_view, 5> whole_names{"key", "sig", "auth", "pwd", "bearer"};
constexpr std::array<std::string_view, 12> name_ends{"_auth",  "authorization", "apikey",     "_key",
                                                     "token",  "secret",        "password",   "passwd",
                                                     "cookie", "signature",     "credential", "credentials"};
constexpr std::array<std::string_view, 15> token_starts{"sk-",  "AIza", "eyJ",         "ghp_",  "gho_",
                                                        "ghs_", "ghu_", "github_pat_", "gsk_",  "xai-",
                                                        "hf_",  "npm_", "glpat-",      "xoxb-", "xoxp-"};
constexpr std::size_t longest_start = 11, longest_word = 64;

bool is_word(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}
// What base64, JWTs, percent-encoding and keys are made of.
bool is_token(unsigned char c) {
  return is_word(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '=' || c == '%' || c == ':' || c == '*' ||
         c >= 0x80;
}
char normal(unsigned char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '-' ? '_' : static_cast<char>(c);
}
int hex_value(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
bool is_named(std::string_view word) {
  return std::find(whole_names.begin(), whole_names.end(), word) != whole_names.end() ||
         std::any_of(name_ends.begin(), name_ends.end(), [&](std::string_view end) { return word.ends_with(end); });
}
}  // namespace

// %XX is one byte of what is meant; its own three are masked as the text around them is.
bool SecretMatcher::masks(unsigned char c) {
  if (escape_ == 0 && c == '%') {
    escape_ = 1;
    return is_masking();
  }
  if (escape_ == 0) return step(c);
  const int digit = hex_value(c);
  if (digit < 0) {
    escape_ = 0;
    return step(c);
  }
  escaped_ = static_cast<unsigned char>(escape_ == 1 ? digit : escaped_ << 4 | digit);
  if (++escape_ < 3) return is_masking();
  escape_ = 0;
  const bool was_masking = is_masking();
  return step(escaped_) || was_masking;
}

void SecretMatcher::lose_track() {
  *this = {};
  mode_ = Mode::lost;
}

bool SecretMatcher::step(unsigned char c) {
  switch (mode_) {
    case Mode::text:
      return in_text(c);
    case Mode::named:
      if (c == ':' || c == '=') return begin_value(Mode::before_value), false;
      if (c == ' ' || c == '\t' || c == '"' || c == '\'' || c == '\\') return false;
      mode_ = Mode::text;
      return in_text(c);
    case Mode::before_value:
      return before_value(c);
    case Mode::token:
      return in_token(c);
    case Mode::quoted:
      return in_quotes(c);
    case Mode::password:
      if (is_word(c) || (is_token(c) && c != '/') || c == '!' || c == '$' || c == ';' || c == ',') return true;
      mode_ = Mode::text;
      return in_text(c);
    case Mode::line:
      if (c == '\n') mode_ = Mode::folded_line;
      return c != '\n' && c != '\r';
    case Mode::folded_line:
      mode_ = c == ' ' || c == '\t' ? Mode::line : Mode::text;
      at_line_start_ = true;
      return mode_ == Mode::line || in_text(c);
    case Mode::lost:
      if (c != '\n' && c != '"') return c != '\r';
      mode_ = Mode::text;
      return in_text(c);
  }
  return true;
}

bool SecretMatcher::in_text(unsigned char c) {
  if (is_word(c)) {
    if (authority_ < 3) authority_ = 0;
    if (word_.empty()) {
      word_at_line_start_ = at_line_start_;
      start_.clear();
    }
    at_line_start_ = false;
    if (word_.size() == longest_word) word_.erase(0, longest_word / 2);
    word_ += normal(c);
    if (start_.size() <= longest_start) start_ += static_cast<char>(c);
    if (std::find(token_starts.begin(), token_starts.end(), start_) != token_starts.end()) {
      begin_value(Mode::token);
    }
    return false;
  }
  end_word(c);
  return false;
}

// `c` comes after a word, or after what is none.
void SecretMatcher::end_word(unsigned char c) {
  const bool named = !word_.empty() && is_named(word_);
  const bool bearer = word_ == "bearer";
  const bool heads_line = word_at_line_start_ && !word_.empty();
  whole_line_ = word_.ends_with("authorization") || word_.ends_with("cookie");
  word_.clear();
  start_.clear();
  at_line_start_ = c == '\n';
  if (authority_ == 3 && c == ':') return begin_value(Mode::password);
  if (c == ':')
    authority_ = 1;
  else if (c == '/' && (authority_ == 1 || authority_ == 2))
    ++authority_;
  else if (c != '.' || authority_ != 3)
    authority_ = 0;
  if (!named) return;
  if (bearer && (c == ' ' || c == '+')) {
    begin_value(Mode::token);
  } else if (c == ':' && heads_line) {
    begin_value(Mode::line);
  } else if (c == ':' || c == '=') {
    begin_value(Mode::before_value);
  } else if (c == '"' || c == '\'' || c == '\\' || c == ' ') {
    mode_ = Mode::named;
  }
}

void SecretMatcher::begin_value(Mode mode) {
  mode_ = mode;
  quote_ = 0;
  backslashes_ = 0;
  word_.clear();
  start_.clear();
  at_line_start_ = false;
  authority_ = 0;
}

bool SecretMatcher::before_value(unsigned char c) {
  if (c == '\\') return backslashes_ = 1, false;
  if (c == '"' || c == '\'') {
    escaped_quote_ = backslashes_ > 0;
    begin_value(Mode::quoted);
    quote_ = c;
    return false;
  }
  if (c == ' ' || c == '\t') return false;
  mode_ = whole_line_ ? Mode::lost : is_token(c) ? Mode::token : Mode::text;
  return mode_ == Mode::text ? in_text(c) : step(c);
}

bool SecretMatcher::in_token(unsigned char c) {
  if (is_token(c)) return true;
  mode_ = Mode::text;
  return in_text(c);
}

bool SecretMatcher::in_quotes(unsigned char c) {
  if (c == '\\') return ++backslashes_, true;
  const bool ends = c == quote_ && (escaped_quote_ ? backslashes_ <= 1 : backslashes_ % 2 == 0);
  backslashes_ = 0;
  if (!ends) return true;
  mode_ = Mode::text;
  return false;
}
}  // namespace hivemind::run
