// One pass over the bytes: each is classified once, and no memory is taken but the header vector's.
// Why not Beast's parser: DECISIONS.md.
#include "core/http_head.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace hivemind {
namespace {

constexpr unsigned char token_char = 1, value_char = 2, target_char = 4, host_char = 8;

constexpr std::array<unsigned char, 256> char_classes() {
  std::array<unsigned char, 256> classes{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool control = c < 0x20 || c == 0x7f;
    if (!control || c == '\t') classes[c] |= value_char;
    if (!control && c != ' ') classes[c] |= target_char;
  }
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    classes[static_cast<unsigned char>(c)] |= token_char;
  for (const char c :
       std::string_view("-._~!$&'()*+;=:[]%0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    classes[static_cast<unsigned char>(c)] |= host_char;
  return classes;
}
constexpr auto classes = char_classes();

bool is(char c, unsigned char char_class) { return (classes[static_cast<unsigned char>(c)] & char_class) != 0; }
bool all(std::string_view text, unsigned char char_class) {
  return std::all_of(text.begin(), text.end(), [=](char c) { return is(c, char_class); });
}
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_space(char c) { return c == ' ' || c == '\t'; }
std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Calls `seen` with every element of a comma-separated list until it returns true; true when one did.
template <class F>
bool any_element(std::string_view list, F seen) {
  while (true) {
    const auto comma = list.find(',');
    if (const auto element = trim(list.substr(0, comma)); !element.empty() && seen(element)) return true;
    if (comma == list.npos) return false;
    list.remove_prefix(comma + 1);
  }
}

// Empty lines before a head, at most a few: more are no courtesy.
std::size_t leading_empty_lines(std::string_view bytes) {
  std::size_t i = 0;
  while (i < 8 && bytes.substr(i, 2) == "\r\n") i += 2;
  return i;
}

// Takes one line and its CRLF off the front; nullopt when a bare CR or LF, or nothing, ends it.
std::optional<std::string_view> take_line(std::string_view& bytes) {
  const void* found = std::memchr(bytes.data(), '\r', bytes.size());
  if (found == nullptr) return std::nullopt;
  const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
  if (end + 1 >= bytes.size() || bytes[end + 1] != '\n') return std::nullopt;
  const auto line = bytes.substr(0, end);
  bytes.remove_prefix(end + 2);
  return line;
}

Result<int> parse_version(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != 8 || !text.starts_with("HTTP/") || !digit(text[5]) || text[6] != '.' || !digit(text[7]))
    return HttpErrc::bad_start_line;
  if (text[5] != '1' || text[7] > '1') return HttpErrc::bad_version;
  return text[7] - '0';
}

// What decides where the message ends, collected while its fields are read.
struct Framing {
  std::optional<std::string_view> length, coding, host;
  bool repeated_length = false, repeated_coding = false, repeated_host = false;
  bool close = false, keep_alive = false, upgrade = false, expects_continue = false;

  static void note(std::optional<std::string_view>& slot, bool& repeated, std::string_view value) {
    repeated = repeated || slot.has_value();
    slot = value;
  }
  void see(const Header& header) {
    switch (header.name.size()) {
      case 4:
        if (iequals(header.name, "host")) note(host, repeated_host, header.value);
        break;
      case 6:
        if (iequals(header.name, "expect") && iequals(header.value, "100-continue")) expects_continue = true;
        break;
      case 10:
        if (iequals(header.name, "connection")) see_connection(header.value);
        break;
      case 14:
        if (iequals(header.name, "content-length")) note(length, repeated_length, header.value);
        break;
      case 17:
        if (iequals(header.name, "transfer-encoding")) note(coding, repeated_coding, header.value);
        break;
      default:
        break;
    }
  }
  void see_connection(std::string_view options) {
    any_element(options, [this](std::string_view option) {
      if (iequals(option, "close")) close = true;
      if (iequals(option, "keep-alive")) keep_alive = true;
      if (iequals(option, "upgrade")) upgrade = true;
      return false;
    });
  }
};

Result<std::uint64_t> parse_length(std::string_view text) {
  if (text.empty() || text.size() > 18) return HttpErrc::bad_length;  // 18 digits cannot overflow
  std::uint64_t length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return HttpErrc::bad_length;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return length;
}

Result<Framing> parse_fields(std::string_view bytes, MessageHead& head) {
  Framing framing;
  head.headers.reserve(24);
  while (true) {
    const auto line = take_line(bytes);
    if (!line) return HttpErrc::bad_header;
    if (line->empty()) break;
    if (is_space(line->front())) return HttpErrc::folded_header;
    std::size_t colon = 0;
    while (colon < line->size() && is((*line)[colon], token_char)) ++colon;
    if (colon == 0 || colon == line->size() || (*line)[colon] != ':') return HttpErrc::bad_header;
    const Header header{line->substr(0, colon), trim(line->substr(colon + 1))};
    if (!all(header.value, value_char)) return HttpErrc::bad_header;
    if (head.headers.size() == max_header_count) return HttpErrc::too_many_headers;
    head.headers.push_back(header);
    framing.see(header);
  }
  if (!bytes.empty()) return HttpErrc::bad_header;
  return framing;
}

// The body as its fields delimit it; `otherwise` when none does.
error_code apply_framing(const Framing& framing, MessageHead& head, BodyKind otherwise) {
  if (framing.length && framing.coding) return HttpErrc::length_and_coding;
  if (framing.repeated_length) return HttpErrc::bad_length;
  if (framing.repeated_coding) return HttpErrc::bad_coding;
  head.body = otherwise;
  if (framing.length) {
    const auto length = parse_length(*framing.length);
    if (!length) return length.error();
    head.body = BodyKind::sized;
    head.content_length = *length;
  }
  if (framing.coding) {
    if (head.minor_version == 0 || !iequals(*framing.coding, "chunked")) return HttpErrc::bad_coding;
    head.body = BodyKind::chunked;
  }
  head.keep_alive = !framing.close && (head.minor_version == 1 || framing.keep_alive);
  head.upgrade = framing.upgrade;
  return {};
}

error_code check_host(const Framing& framing, int minor_version) {
  if (framing.repeated_host || (!framing.host && minor_version == 1)) return HttpErrc::bad_host;
  if (framing.host && !all(*framing.host, host_char)) return HttpErrc::bad_host;
  return {};
}

}  // namespace

bool iequals(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return x == y || lower(x) == lower(y); });
}

std::optional<std::string_view> MessageHead::find(std::string_view name) const {
  for (const auto& header : headers)
    if (iequals(header.name, name)) return header.value;
  return std::nullopt;
}

std::string_view RequestHead::path() const { return target.substr(0, target.find('?')); }

std::size_t find_head_end(std::string_view bytes, std::size_t from) {
  // Also a head whose lines end in a bare LF is delimited, so that it is refused and not waited for.
  std::size_t i = std::max(leading_empty_lines(bytes), from > 3 ? from - 3 : 0);
  while (i < bytes.size()) {
    const void* found = std::memchr(bytes.data() + i, '\n', bytes.size() - i);
    if (found == nullptr) return 0;
    i = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
    if (bytes.substr(i, 1) == "\n") return i + 1;
    if (bytes.substr(i, 2) == "\r\n") return i + 2;
  }
  return 0;
}

Result<RequestHead> parse_request_head(std::string_view bytes) {
  if (bytes.size() > max_head_size) return HttpErrc::head_too_large;
  RequestHead head;
  head.size = bytes.size();
  bytes.remove_prefix(leading_empty_lines(bytes));
  const auto line = take_line(bytes);
  if (!line) return HttpErrc::bad_start_line;
  const auto first = line->find(' ');
  const auto last = line->rfind(' ');
  if (first == line->npos || first == last) return HttpErrc::bad_start_line;
  head.method = line->substr(0, first);
  head.target = line->substr(first + 1, last - first - 1);
  if (head.method.empty() || !all(head.method, token_char)) return HttpErrc::bad_start_line;
  if (head.target.empty() || !all(head.target, target_char)) return HttpErrc::bad_start_line;
  const auto version = parse_version(line->substr(last + 1));
  if (!version) return version.error();
  head.minor_version = *version;

  const auto framing = parse_fields(bytes, head);
  if (!framing) return framing.error();
  if (const auto error = check_host(*framing, head.minor_version)) return error;
  if (const auto error = apply_framing(*framing, head, BodyKind::none)) return error;
  head.expects_continue = framing->expects_continue && head.minor_version == 1;
  return head;
}

Result<ResponseHead> parse_response_head(std::string_view bytes, std::string_view request_method) {
  if (bytes.size() > max_head_size) return HttpErrc::head_too_large;
  ResponseHead head;
  head.size = bytes.size();
  bytes.remove_prefix(leading_empty_lines(bytes));
  const auto line = take_line(bytes);
  // "HTTP/1.1 200 OK"; the reason may be empty, and its space missing.
  if (!line || line->size() < 12 || (*line)[8] != ' ') return HttpErrc::bad_start_line;
  const auto version = parse_version(line->substr(0, 8));
  if (!version) return version.error();
  head.minor_version = *version;
  for (const char c : line->substr(9, 3)) {
    if (c < '0' || c > '9') return HttpErrc::bad_start_line;
    head.status = head.status * 10 + (c - '0');
  }
  if (head.status < 100 || (line->size() > 12 && (*line)[12] != ' ')) return HttpErrc::bad_start_line;
  if (line->size() > 12) head.reason = line->substr(13);
  if (!all(head.reason, value_char)) return HttpErrc::bad_start_line;

  const auto framing = parse_fields(bytes, head);
  if (!framing) return framing.error();
  if (const auto error = apply_framing(*framing, head, BodyKind::until_close)) return error;
  const bool tunnel = request_method == "CONNECT" && head.status / 100 == 2;
  if (head.status / 100 == 1 || head.status == 204 || head.status == 304 || request_method == "HEAD" || tunnel)
    head.body = BodyKind::none;
  if (head.body == BodyKind::until_close) head.keep_alive = false;
  return head;
}

bool is_hop_by_hop(const MessageHead& head, std::string_view name) {
  static constexpr std::string_view always[] = {"connection", "keep-alive",        "proxy-connection",   "te",
                                                "upgrade",    "transfer-encoding", "proxy-authorization"};
  static constexpr std::string_view never[] = {"content-length", "host"};  // naming them would undo the framing
  const auto same = [name](std::string_view other) { return iequals(name, other); };
  if (std::any_of(std::begin(always), std::end(always), same)) return true;
  if (std::any_of(std::begin(never), std::end(never), same)) return false;
  for (const auto& header : head.headers)
    if (iequals(header.name, "connection") && any_element(header.value, same)) return true;
  return false;
}

}  // namespace hivemind
