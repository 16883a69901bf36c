// destination.h - where an exchange or a tunnel goes upstream: what the agent asked for, with the config's overrides.
#pragma once
#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <string_view>

#include "core/config.h"
#include "net/token_table.h"

namespace hivemind {

struct Destination {
  std::string host;                         // lower case, no port: for SNI, verification and DNS; may be an address
  boost::asio::ip::tcp::endpoint original;  // what the agent connected to
  bool tls = false;                         // TLS towards the upstream
  std::string address;                      // override: connect to this name or address instead
  std::uint16_t port = 0;
  std::string ca_file;  // override: PEM roots instead of the system's
  // What connections may be shared by.
  std::string key() const;
};

boost::asio::ip::tcp::endpoint endpoint_of(const OriginalDestination& original);
// The override that matches `host`, or nullptr.
const UpstreamOverride* find_override(const Config& config, std::string_view host);
Destination destination_for(const Config& config, std::string host, boost::asio::ip::tcp::endpoint original, bool tls);
}  // namespace hivemind
