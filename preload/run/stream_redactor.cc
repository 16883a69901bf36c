#include "preload/run/stream_redactor.h"

#include <algorithm>
#include <charconv>

namespace hivemind::run {
namespace {
constexpr std::size_t longest_line = 65536;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}
std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}
template <typename Number>
bool parse(std::string_view text, Number& number, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end != text.data();
}
bool looks_like_tls(std::string_view bytes) {
  return bytes.size() >= 3 && bytes[0] == 0x16 && bytes[1] == 0x03 && static_cast<unsigned char>(bytes[2]) <= 4;
}
}  // namespace

void StreamRedactor::redact(std::string& bytes) {
  const bool between = state_ == State::start_line || state_ == State::other || state_ == State::body_to_end;
  if (between && line_.empty() && looks_like_tls(bytes)) state_ = State::tls;
  if (state_ == State::tls) return;
  for (auto& c : bytes)
    if (masks(static_cast<unsigned char>(c))) c = mask;
}

void StreamRedactor::skip(std::uint64_t count) {
  if (count == 0) return;
  switch (state_) {
    case State::tls:
    case State::sealed:
    case State::unknown:
      break;
    case State::other:
    case State::body_to_end:
      matcher_.lose_track();
      break;
    case State::body:
    case State::chunk:
      if (count > left_) return lose();
      left_ -= count;
      matcher_.lose_track();
      if (left_ == 0) {
        if (state_ == State::chunk)
          state_ = State::chunk_end;
        else
          begin_message();
      }
      return;
    default:
      lose();
  }
}

void StreamRedactor::lose() {
  if (state_ == State::sealed || state_ == State::tls) return;
  state_ = State::unknown;
  matcher_ = {};
  line_.clear();
}
void StreamRedactor::seal() {
  if (state_ != State::tls) state_ = State::sealed;
}

bool StreamRedactor::masks(unsigned char c) {
  switch (state_) {
    case State::sealed:
      return true;
    case State::tls:
      return false;
    case State::other:
    case State::body_to_end:
      return matcher_.masks(c) || encoded_;
    case State::body:
    case State::chunk:
      return in_body(c);
    case State::chunk_size:
    case State::chunk_end:
      if (c == '\n')
        end_line();
      else if (line_.size() < longest_line)
        line_ += static_cast<char>(c);
      return false;
    case State::unknown:
      if (c == '\n') {
        read_start_line();
        line_.clear();
      } else if (line_.size() < longest_line) {
        line_ += static_cast<char>(c);
      }
      return c != '\n' && c != '\r';
    case State::start_line:
    case State::header:
    case State::trailer:
      return in_line(c);
  }
  return true;
}

bool StreamRedactor::in_line(unsigned char c) {
  const bool masked = matcher_.masks(c);
  if (c == '\n')
    end_line();
  else if (line_.size() < longest_line)
    line_ += static_cast<char>(c);
  else
    lose();
  return masked;
}

bool StreamRedactor::in_body(unsigned char c) {
  const bool masked = matcher_.masks(c) || encoded_;
  if (--left_ > 0) return masked;
  if (state_ == State::chunk)
    state_ = State::chunk_end;
  else
    begin_message();
  return masked;
}

void StreamRedactor::end_line() {
  const bool blank = trimmed(line_).empty();
  switch (state_) {
    case State::start_line:
      if (!blank) read_start_line();
      break;
    case State::header:
      if (blank)
        begin_body();
      else
        read_header();
      break;
    case State::trailer:
      if (blank) begin_message();
      break;
    case State::chunk_size:
      if (!parse(trimmed(line_), left_, 16))
        lose();
      else
        state_ = left_ == 0 ? State::trailer : State::chunk;
      break;
    default:
      state_ = State::chunk_size;
  }
  line_.clear();
}

// A line that is none: another protocol, or (state unknown) still the middle of something.
void StreamRedactor::read_start_line() {
  const std::string line = lower(trimmed(line_));
  if (line.starts_with("pri * http/2")) return seal();
  response_ = line.starts_with("http/1.") && line.size() >= 12;
  const auto space = line.find(' ');
  const bool request = line.size() >= 14 && space != line.npos && space < 12 &&
                       std::string_view(line).substr(line.size() - 9).starts_with(" http/1.");
  if (!response_ && !request) {
    if (state_ == State::start_line) state_ = State::other;
    return;
  }
  state_ = State::header;
  status_ = 0;
  left_ = 0;
  chunked_ = encoded_ = upgrade_ = has_length_ = false;
  if (response_) parse(std::string_view(line).substr(9), status_, 10);
}

void StreamRedactor::read_header() {
  const auto colon = line_.find(':');
  if (colon == line_.npos) return;
  const std::string name = lower(trimmed(std::string_view(line_).substr(0, colon)));
  const std::string value = lower(trimmed(std::string_view(line_).substr(colon + 1)));
  if (name == "transfer-encoding" && value.find("chunked") != value.npos) chunked_ = true;
  if (name == "content-length") has_length_ = parse(value, left_, 10);
  if (name == "content-encoding" && value != "identity") encoded_ = true;
  if (name == "upgrade") upgrade_ = true;
}

void StreamRedactor::begin_body() {
  const bool none = status_ == 204 || status_ == 304 || (response_ && status_ < 200 && status_ != 101);
  if (status_ == 101 || (upgrade_ && !response_)) return seal();
  if (none || (has_length_ && left_ == 0 && !chunked_) || (!response_ && !chunked_ && !has_length_))
    return begin_message();
  matcher_ = {};
  state_ = chunked_ ? State::chunk_size : has_length_ ? State::body : State::body_to_end;
}

void StreamRedactor::begin_message() {
  state_ = State::start_line;
  matcher_ = {};
  encoded_ = false;
}
}  // namespace hivemind::run
