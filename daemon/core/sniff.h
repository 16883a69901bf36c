// sniff.h - what the first bytes of a connection are. Pure; fed the same growing buffer again until it knows.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hivemind {

struct ClientHello {
  std::string server_name;        // lower case; empty: none sent
  std::vector<std::string> alpn;  // as offered, in order
  bool encrypted = false;         // carries encrypted_client_hello: the name is only the outer one
};
enum class SniffKind { need_more, tls, http, other };
struct Sniffed {
  SniffKind kind = SniffKind::need_more;
  ClientHello hello;  // with SniffKind::tls
};
// A ClientHello may span TLS records and TCP segments; more than 16 KiB of it is `other`. `http` when the bytes start
// with a known or plausible method token, a space and a target (enough to read a head from); `other` as early as sure.
Sniffed sniff(std::string_view bytes);
}  // namespace hivemind
