// secret_matcher.h - which bytes of a text belong to a credential, told byte by byte as they come.
// Invariant: what it tells of a byte depends on the bytes before it alone, so a text may come in any pieces. In doubt
// it is a credential: a masked harmless word costs nothing.
//
// Known by name (`authorization: ...`, `x-api-key: ...`, `?key=...`, `"client_secret": "..."`, cookies) or by how they
// begin (`sk-...`, `Bearer ...`, `eyJ...`), or as the password in a URL. Percent-encoding is looked through.
#pragma once
#include <string>

namespace hivemind::run {
class SecretMatcher {
public:
  bool masks(unsigned char c);
  // Bytes were missed: up to the next quote or line's end this may be the rest of a credential.
  void lose_track();

private:
  enum class Mode {
    text,
    named,  // a credential's name was read; what parts it from its value comes
    before_value,
    token,        // up to what no token has
    quoted,       // up to the quote
    password,     // of a URL, or its port: up to '@' or '/'
    line,         // up to the line's end
    folded_line,  // at the line's end: a space carries on with it
    lost,         // up to a quote or the line's end
  };
  bool step(unsigned char c);
  bool in_text(unsigned char c);
  bool before_value(unsigned char c);
  bool in_token(unsigned char c);
  bool in_quotes(unsigned char c);
  void end_word(unsigned char c);
  void begin_value(Mode mode);
  bool is_masking() const { return mode_ >= Mode::token && mode_ != Mode::folded_line; }

  Mode mode_ = Mode::text;
  std::string word_;   // lower case, '-' as '_': its end, when it is long
  std::string start_;  // the word's first bytes as they came
  bool at_line_start_ = true;
  bool word_at_line_start_ = false;
  int authority_ = 0;        // how much of "://" has come: 3 is all
  bool whole_line_ = false;  // the value has spaces: a scheme and a secret, or several cookies
  unsigned char quote_ = 0;
  bool escaped_quote_ = false;  // opened as \" : a string within a string
  int backslashes_ = 0;
  int escape_ = 0;  // of %XX: how many bytes have come
  unsigned char escaped_ = 0;
};
}  // namespace hivemind::run
