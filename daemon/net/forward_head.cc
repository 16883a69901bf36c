#include "net/forward_head.h"

namespace hivemind {

namespace {
// Appends the start line and the header lines `keep` says yes to, byte for byte.
template <class Keep>
void append_lines(std::string& out, const MessageHead& head, std::string_view raw, Keep keep) {
  const std::size_t first =
      head.headers.empty() ? raw.size() - 2 : static_cast<std::size_t>(head.headers.front().name.data() - raw.data());
  std::size_t start = raw.find_first_not_of("\r\n");  // empty lines before the start line are dropped
  out.append(raw.substr(start, first - start));
  for (std::size_t i = 0; i < head.headers.size(); ++i) {
    const auto begin = static_cast<std::size_t>(head.headers[i].name.data() - raw.data());
    const auto end = i + 1 < head.headers.size()
                         ? static_cast<std::size_t>(head.headers[i + 1].name.data() - raw.data())
                         : raw.size() - 2;
    if (keep(head.headers[i].name)) out.append(raw.substr(begin, end - begin));
  }
}
}  // namespace

std::string forward_request_head(const RequestHead& head, std::string_view raw, bool expect) {
  std::string out;
  out.reserve(raw.size() + 2);
  append_lines(out, head, raw, [&](std::string_view name) {
    if (iequals(name, "expect")) return expect;
    if (head.upgrade) return true;  // what Connection names belongs to the upgrade (HTTP2-Settings)
    return iequals(name, "transfer-encoding") || iequals(name, "te") || !is_hop_by_hop(head, name);
  });
  if (head.minor_version == 0) out += "Connection: close\r\n";
  return out += "\r\n";
}

std::string forward_response_head(const ResponseHead& head, std::string_view raw, bool close) {
  std::string out;
  out.reserve(raw.size() + 32);
  append_lines(out, head, raw, [&](std::string_view name) {
    if (head.status == 101) return true;
    return iequals(name, "transfer-encoding") || !is_hop_by_hop(head, name);
  });
  if (close && head.status >= 200) out += "Connection: close\r\n";
  return out += "\r\n";
}
}  // namespace hivemind
