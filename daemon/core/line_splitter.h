// line_splitter.h - cuts a byte stream that comes in any pieces into lines ended by LF, CRLF or CR.
// Invariant: keeps at most the current unfinished line, and of that at most max_line bytes.
#pragma once
#include <cstring>
#include <string>
#include <string_view>

namespace hivemind {

class LineSplitter {
public:
  static constexpr std::size_t max_line = 1 << 20;

  // Calls `line(std::string_view text, bool oversized)` for each finished line, without its end. An oversized one is
  // only its beginning.
  template <class F>
  void feed(std::string_view bytes, F&& line) {
    while (!bytes.empty()) {
      if (skip_line_feed_) {
        skip_line_feed_ = false;
        if (bytes.front() == '\n') bytes.remove_prefix(1);
        continue;
      }
      const auto end = find_end(bytes);
      if (end == bytes.npos) return keep(bytes);
      skip_line_feed_ = bytes[end] == '\r';
      if (kept_.empty() && end <= max_line) {
        line(bytes.substr(0, end), false);
      } else {
        keep(bytes.substr(0, end));
        line(std::string_view(kept_), oversized_);
        kept_.clear();
        oversized_ = false;
      }
      bytes.remove_prefix(end + 1);
    }
  }
  // The unfinished line at the end of the stream; empty when there is none.
  std::string_view rest() const { return kept_; }
  bool rest_oversized() const { return oversized_; }

private:
  static std::size_t find_end(std::string_view bytes) {
    const auto at = [&](int c, std::size_t size) {
      const void* found = std::memchr(bytes.data(), c, size);
      return found == nullptr ? bytes.npos : static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    };
    const auto line_feed = at('\n', bytes.size());
    const auto carriage_return = at('\r', line_feed == bytes.npos ? bytes.size() : line_feed);
    return carriage_return != bytes.npos ? carriage_return : line_feed;
  }
  void keep(std::string_view bytes) {
    const auto room = max_line - kept_.size();
    oversized_ = oversized_ || bytes.size() > room;
    kept_ += bytes.substr(0, room);
  }

  std::string kept_;
  bool oversized_ = false, skip_line_feed_ = false;
};
}  // namespace hivemind
