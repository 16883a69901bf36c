// event_stream.h - the server-sent events in a byte stream that comes in any pieces.
// Invariant: keeps at most the current event, to LineSplitter::max_line bytes of data.
#pragma once
#include <string>
#include <string_view>

#include "core/line_splitter.h"

namespace hivemind {

struct ServerEvent {
  std::string_view name, data;  // data lines joined by LF
  bool oversized = false;       // more data than is kept: `data` is only its beginning
};

class EventStream {
public:
  // Calls `seen(const ServerEvent&)` for each complete event that has data. One cut off by the stream's end is none.
  template <class F>
  void feed(std::string_view bytes, F&& seen) {
    lines_.feed(bytes, [&](std::string_view line, bool oversized) {
      if (!take(line, oversized)) return;
      seen(ServerEvent{name_, data_, oversized_});
      clear();
    });
  }

private:
  // True when `line` ends an event with data.
  bool take(std::string_view line, bool oversized);
  void clear();

  LineSplitter lines_;
  std::string name_, data_;
  bool first_ = true, has_data_ = false, oversized_ = false;
};
}  // namespace hivemind
