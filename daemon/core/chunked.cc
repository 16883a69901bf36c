#include "core/chunked.h"

#include <algorithm>

namespace hivemind {
namespace {

constexpr std::size_t max_extension = 256, max_trailers = 8192;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

}  // namespace

BodyFollower::BodyFollower(const MessageHead& head) : state_(State::done) {
  switch (head.body) {
    case BodyKind::none:
      break;
    case BodyKind::sized:
      left_ = head.content_length;
      if (left_ != 0) state_ = State::sized;
      break;
    case BodyKind::chunked:
      state_ = State::chunk_size;
      break;
    case BodyKind::until_close:
      state_ = State::until_close;
      break;
  }
}

bool BodyFollower::done() const { return state_ == State::done; }
bool BodyFollower::ends_by_close() const { return state_ == State::until_close; }
std::uint64_t BodyFollower::content_size() const { return seen_; }

Result<std::size_t> BodyFollower::consume(std::string_view bytes,
                                          const std::function<void(std::string_view)>& content) {
  const auto give = [&](std::string_view piece) {
    seen_ += piece.size();
    if (content) content(piece);
  };
  std::size_t i = 0;
  while (i < bytes.size() && state_ != State::done) {
    if (state_ == State::sized || state_ == State::chunk_data || state_ == State::until_close) {
      const auto rest = bytes.size() - i;
      const auto take = state_ == State::until_close ? rest : std::min<std::uint64_t>(left_, rest);
      give(bytes.substr(i, take));
      i += take;
      if (state_ == State::until_close) continue;
      left_ -= take;
      if (left_ == 0) state_ = state_ == State::sized ? State::done : State::chunk_data_cr;
      continue;
    }
    const char c = bytes[i++];
    switch (state_) {
      case State::chunk_size:
        if (const int digit = hex_digit(c); digit >= 0) {
          if (left_ >> 56 != 0) return HttpErrc::bad_chunk;
          left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
          if (++line_ > max_extension) return HttpErrc::bad_chunk;  // endless zeros
          digits_ = true;
        } else if (digits_ && c == '\r') {
          state_ = State::chunk_size_lf;
        } else if (digits_ && (c == ';' || c == ' ' || c == '\t')) {
          state_ = State::chunk_extension;
          line_ = 1;
        } else {
          return HttpErrc::bad_chunk;
        }
        break;
      case State::chunk_extension:
        if (c == '\r')
          state_ = State::chunk_size_lf;
        else if (is_control(c) || ++line_ > max_extension)
          return HttpErrc::bad_chunk;
        break;
      case State::chunk_size_lf:
        if (c != '\n') return HttpErrc::bad_chunk;
        state_ = left_ == 0 ? State::trailer : State::chunk_data;
        digits_ = false;
        line_ = 0;
        previous_ = 0;
        break;
      case State::chunk_data_cr:
        if (c != '\r') return HttpErrc::bad_chunk;
        state_ = State::chunk_data_lf;
        break;
      case State::chunk_data_lf:
        if (c != '\n') return HttpErrc::bad_chunk;
        state_ = State::chunk_size;
        break;
      case State::trailer:
        if (++trailer_bytes_ > max_trailers || (previous_ == '\r') != (c == '\n')) return HttpErrc::bad_chunk;
        previous_ = c;
        if (c == '\n') {
          if (line_ == 0) state_ = State::done;
          line_ = 0;
        } else if (c != '\r') {
          if (is_control(c) || (line_ == 0 && (c == ' ' || c == '\t'))) return HttpErrc::bad_chunk;
          ++line_;
        }
        break;
      default:
        break;
    }
  }
  return i;
}

}  // namespace hivemind
