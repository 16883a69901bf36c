#include "tests/bench/target.h"

#include <arpa/inet.h>

#include <charconv>
#include <stdexcept>

namespace hivemind::bench {

Target parse_target(std::string_view text) {
  const std::invalid_argument wrong("target '" + std::string(text) + "' is not NAME=http[s]://HOST@ADDRESS:PORT");
  const auto equals = text.find('='), scheme = text.find("://"), at = text.find('@'), colon = text.rfind(':');
  if (equals == text.npos || scheme == text.npos || at == text.npos || colon < at) throw wrong;
  Target target;
  target.name = text.substr(0, equals);
  const auto way = text.substr(equals + 1, scheme - equals - 1);
  if (way != "http" && way != "https") throw wrong;
  target.tls = way == "https";
  target.host = text.substr(scheme + 3, at - scheme - 3);
  const std::string address(text.substr(at + 1, colon - at - 1));
  target.address.sin_family = AF_INET;
  if (inet_pton(AF_INET, address.c_str(), &target.address.sin_addr) != 1) throw wrong;
  std::uint16_t port = 0;
  const auto end = text.data() + text.size();
  if (std::from_chars(text.data() + colon + 1, end, port).ptr != end) throw wrong;
  target.address.sin_port = htons(port);
  return target;
}
}  // namespace hivemind::bench
