#include "core/event_stream.h"

#include <algorithm>

namespace hivemind {

bool EventStream::take(std::string_view line, bool oversized) {
  if (first_ && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);  // byte order mark
  first_ = false;
  if (line.empty()) {
    if (has_data_) return true;
    clear();
    return false;
  }
  const auto colon = line.find(':');
  const auto field = line.substr(0, colon);
  auto value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) data_ += '\n';
    const auto room = LineSplitter::max_line - std::min(data_.size(), LineSplitter::max_line);
    oversized_ = oversized_ || oversized || value.size() > room;
    data_ += value.substr(0, room);
    has_data_ = true;
  } else if (field == "event") {
    name_ = value.substr(0, 256);
  }
  return false;
}

void EventStream::clear() {
  name_.clear();
  data_.clear();
  has_data_ = oversized_ = false;
}

}  // namespace hivemind
