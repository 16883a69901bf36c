// target.h - where the load client goes: NAME=http://HOST@ADDRESS:PORT or NAME=https://HOST@ADDRESS:PORT.
// Invariant: address and port are what is connected to; host is what the Host header and SNI say. No name is resolved.
#pragma once
#include <netinet/in.h>

#include <string>
#include <string_view>

namespace hivemind::bench {

struct Target {
  std::string name, host;
  bool tls = false;
  sockaddr_in address{};
};

// Throws std::invalid_argument that says what a target looks like.
Target parse_target(std::string_view text);
}  // namespace hivemind::bench
