// stream_redactor.h - masks the credentials in one direction of one connection, piece by piece as it passed.
// Invariant: as many bytes come out as went in, and where the pieces were cut changes nothing. What cannot be looked
// into and is no ciphertext either (HTTP/2, WebSocket, compressed bodies) is masked whole; so is everything after bytes
// were missed, up to where HTTP begins anew.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "preload/run/secret_matcher.h"

namespace hivemind::run {
class StreamRedactor {
public:
  void redact(std::string& bytes);
  void skip(std::uint64_t count);  // that many bytes passed and were not recorded
  void lose();                     // nobody knows how many
  void seal();                     // all that follows

  bool is_sealed() const { return state_ == State::sealed; }
  bool is_tls() const { return state_ == State::tls; }
  static constexpr char mask = '*';

private:
  enum class State {
    start_line,
    header,
    body,         // left_ bytes of it
    body_to_end,  // of the connection
    chunk_size,
    chunk,  // left_ bytes of it
    chunk_end,
    trailer,
    other,    // no HTTP
    unknown,  // masked until a start line
    sealed,
    tls,  // ciphertext: left as it is
  };
  bool masks(unsigned char c);
  bool in_line(unsigned char c);
  bool in_body(unsigned char c);
  void end_line();
  void read_start_line();
  void read_header();
  void begin_body();
  void begin_message();

  State state_ = State::start_line;
  SecretMatcher matcher_;
  std::string line_;
  std::uint64_t left_ = 0;
  bool response_ = false, chunked_ = false, encoded_ = false, upgrade_ = false, has_length_ = false;
  int status_ = 0;
};
}  // namespace hivemind::run
