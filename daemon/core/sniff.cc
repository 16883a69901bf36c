#include "core/sniff.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace hivemind {
namespace {

constexpr std::size_t max_hello = 16384;

// Reads big-endian fields off the front; once it fails it stays failed and gives zeros.
class Reader {
public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  bool empty() const { return bytes_.empty(); }
  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const auto taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::size_t number(std::size_t width) {
    std::size_t value = 0;
    for (const char c : take(width)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view vector(std::size_t width) { return take(number(width)); }

private:
  std::string_view bytes_;
  bool ok_ = true;
};

bool read_server_name(std::string_view extension, std::string& name) {
  Reader outer(extension);
  Reader list(outer.vector(2));
  while (list.ok() && !list.empty()) {
    const auto type = list.number(1);
    const auto value = list.vector(2);
    if (type != 0 || !list.ok()) continue;
    if (value.empty() || value.size() > 255 || !name.empty()) return false;
    for (const char c : value) {
      if (c <= ' ' || c > '~') return false;
      name.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    }
  }
  return outer.ok() && outer.empty() && list.ok();
}

bool read_alpn(std::string_view extension, std::vector<std::string>& protocols) {
  Reader outer(extension);
  Reader list(outer.vector(2));
  while (list.ok() && !list.empty()) protocols.emplace_back(list.vector(1));
  return outer.ok() && outer.empty() && list.ok();
}

bool read_hello(std::string_view body, ClientHello& hello) {
  Reader in(body);
  in.take(2 + 32);  // legacy version, random
  if (in.vector(1).size() > 32) return false;
  if (const auto suites = in.vector(2); suites.empty() || suites.size() % 2 != 0) return false;
  if (in.vector(1).empty()) return false;  // compression methods
  if (!in.ok()) return false;
  if (in.empty()) return true;  // no extensions
  Reader extensions(in.vector(2));
  if (!in.ok() || !in.empty()) return false;
  bool named = false, negotiated = false;
  while (!extensions.empty()) {
    const auto type = extensions.number(2);
    const auto data = extensions.vector(2);
    if (!extensions.ok()) return false;
    if (type == 0x0000) {
      if (named || !read_server_name(data, hello.server_name)) return false;
      named = true;
    } else if (type == 0x0010) {
      if (negotiated || !read_alpn(data, hello.alpn)) return false;
      negotiated = true;
    } else if (type == 0xfe0d) {
      hello.encrypted = true;
    }
  }
  return extensions.ok();
}

// Collects the handshake message out of its records, then reads it.
Sniffed sniff_tls(std::string_view bytes) {
  std::string message;
  std::size_t needed = 4;
  while (true) {
    // A record: type, version 3.x, length. Each byte is judged as soon as it is there.
    if (bytes.size() > 1 && bytes[1] != 3) return {SniffKind::other, {}};
    if (bytes.size() > 2 && static_cast<unsigned char>(bytes[2]) > 4) return {SniffKind::other, {}};
    if (!bytes.empty() && bytes[0] != 0x16) return {SniffKind::other, {}};
    if (bytes.size() < 5) return {SniffKind::need_more, {}};
    const auto length = Reader(bytes.substr(3)).number(2);
    if (length == 0 || length > max_hello) return {SniffKind::other, {}};
    message += bytes.substr(5, length);
    bytes.remove_prefix(std::min(bytes.size(), 5 + length));
    if (!message.empty() && message[0] != 1) return {SniffKind::other, {}};
    if (message.size() >= 4) {
      needed = 4 + Reader(std::string_view(message).substr(1)).number(3);
      if (needed > max_hello) return {SniffKind::other, {}};
    }
    if (message.size() >= needed && needed > 4) break;
    if (message.size() >= 4 && needed == 4) return {SniffKind::other, {}};
    if (bytes.empty()) return {SniffKind::need_more, {}};
  }
  Sniffed sniffed{SniffKind::tls, {}};
  if (!read_hello(std::string_view(message).substr(4, needed - 4), sniffed.hello)) return {SniffKind::other, {}};
  return sniffed;
}

bool is_alnum(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

Sniffed sniff_http(std::string_view bytes) {
  static constexpr std::string_view known[] = {"GET",   "POST",    "PUT",     "HEAD", "DELETE",
                                               "PATCH", "OPTIONS", "CONNECT", "TRACE"};
  // HTTP/2 with prior knowledge looks like a request and is none that can be read as HTTP/1.1.
  static constexpr std::string_view preface = "PRI * HTTP/2.0\r\n";
  if (bytes.starts_with(preface)) return {SniffKind::other, {}};
  if (preface.starts_with(bytes)) return {SniffKind::need_more, {}};

  constexpr std::size_t longest = 20;
  std::size_t i = 0;
  while (i < bytes.size() && ((bytes[i] >= 'A' && bytes[i] <= 'Z') || (i > 0 && bytes[i] == '-'))) ++i;
  if (i == 0 || i > longest || (i < bytes.size() && bytes[i] != ' ')) return {SniffKind::other, {}};
  if (i + 1 >= bytes.size()) return {SniffKind::need_more, {}};
  const char target = bytes[i + 1];
  const bool is_known = std::find(std::begin(known), std::end(known), bytes.substr(0, i)) != std::end(known);
  const bool plausible = target == '/' || target == '*' || (is_known && (is_alnum(target) || target == '['));
  return {plausible ? SniffKind::http : SniffKind::other, {}};
}

}  // namespace

Sniffed sniff(std::string_view bytes) {
  if (bytes.empty()) return {SniffKind::need_more, {}};
  return bytes[0] == 0x16 ? sniff_tls(bytes) : sniff_http(bytes);
}

}  // namespace hivemind
